"""Whether anybody still writes there: told first, and only where it is so."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from feedbackminer.digest.standing import LAST, Standing, standing_of
from tests.support.builders import day, posts, threads

CLOSED = "Thanks all. This forum will be read-only from Monday on."


def standing(
    *bodies: str,
    opened: tuple[float, ...] = (),
    until: datetime | None = None,
    made_at: datetime | None = None,
    is_chosen: bool = False,
) -> Standing:
    """Look at posts of one day after the other, and at threads that were opened on some days."""
    written = posts(*({"body": body, "created_at": day(n)} for n, body in enumerate(bodies)))
    begun = threads(*({"thread_id": f"th{n}", "opened_at": day(d)} for n, d in enumerate(opened)))
    when = made_at or day(len(bodies))
    return standing_of(written, begun, until=until, made_at=when, is_chosen=is_chosen)


def test_of_a_community_as_it_was_nothing_is_said() -> None:
    usual = standing("It stops.", "Not here.", opened=(0, 1), until=day(2))
    assert list(usual.lines()) == []
    assert not usual.is_quiet


@pytest.mark.parametrize(
    ("opened", "until", "is_silent"),
    [
        ((0, 1, 2), 2 + 28.5, True),
        ((0, 1, 2), 2 + 28, False),  # four weeks may be a holiday
        ((0, 7, 14), 14 + 70, False),  # ten times what is usual between two threads
        ((0, 7, 14), 14 + 71, True),
        ((2,), 100, False),  # one thread tells nothing of what is usual
        ((), 100, False),
    ],
)
def test_a_forum_is_silent_where_no_new_thread_is_unusual(
    opened: tuple[float, ...], until: float, is_silent: bool
) -> None:
    now = standing(opened=opened, until=day(until))
    assert now.is_quiet is is_silent
    assert now.silent_since == (day(opened[-1]) if is_silent else None)


def test_it_is_told_for_how_many_weeks_a_forum_has_been_silent() -> None:
    (line,) = standing(opened=(0, 1), until=day(40)).lines()
    assert line == "No new thread for 5 weeks: the last began on 6 January 2026."


def test_without_dates_nobody_knows_whether_a_forum_is_silent() -> None:
    assert list(standing(opened=(0, 1)).lines()) == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (CLOSED, "This forum will be read-only"),
        ("The community is moving to Discord.", "The community is moving to"),
        ("The mailing LIST is being  closed.", "The mailing LIST is being closed"),
        ("Our board is archived.", ""),  # a part of the product, for all that is known
        ("The site is moving slower since 4.2.", ""),
        ("The forum is not closed.", ""),
        ("This forum has moved to Discord.", "This forum has moved to"),
        ("This forum was shut down in May.", "This forum was shut down"),
        ("The forum is a nice place.", ""),
        ("I closed the tab of the forum.", ""),
        ("The forum is great. The shop is closed.", ""),
    ],
)
def test_a_farewell_is_told_in_its_own_words(body: str, words: str) -> None:
    told = standing("Hello.", body, "Goodbye.")
    assert told.words == words
    said = f"One of the last posts, of 6 January 2026, says: “{words}”."
    assert list(told.lines()) == ([said] if words else [])
    assert told.is_quiet is bool(words)


def test_of_two_farewells_the_latest_is_told() -> None:
    assert (
        standing(CLOSED, "The forum was moved to Discord.", "Bye.").words
        == "The forum was moved to"
    )


def test_what_was_said_before_the_last_posts_is_no_farewell() -> None:
    later = ["Still here."] * LAST
    assert standing(CLOSED, *later[1:]).farewell
    assert not standing(CLOSED, *later).farewell


@pytest.mark.parametrize(
    ("after", "more", "is_old"),
    [
        (60, {}, False),
        (75, {}, True),
        (75, {"is_chosen": True}, False),  # who chose the end knows how old it is
    ],
)
def test_an_old_export_is_told_unless_its_end_was_chosen(
    after: float, more: dict[str, Any], is_old: bool
) -> None:
    told = standing("It stops.", made_at=day(after), **more)
    line = "The newest post that was read is of 5 January 2026, 10 weeks before this digest was "
    assert list(told.lines()) == ([f"{line}made."] if is_old else [])
    assert told.is_quiet is (after > 60)  # nothing of then is to be answered today
