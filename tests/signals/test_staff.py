"""Accounts that look like staff: who speaks for the product and answers, not who merely helps."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from feedbackminer.signals.staff import LISTED, find_like_staff, official_names, speaks_for_makers
from feedbackminer.signals.stage import read_conversation
from tests.support.builders import day, members, posts, tags, texts


def speaks(body: str) -> bool:
    return bool(pl.DataFrame({"body": [body]}).select(speaks_for_makers()).item())


@pytest.mark.parametrize(
    "body",
    [
        "We'll fix this in the coming days.",
        "We’ve just released 3.1, please update.",
        "Our engineers can look at it.",
        "I work at Wren Street, so ask me anything.",
        "I have filed it, thanks for the trace.",
        "A fix for paths with spaces is in 4.1.1.",
        "Sorry for the long delay!",
        "I'm the author of this tool.",
        "We are investigating, more tonight.",
        "Please contact us with the number of your order.",
    ],
)
def test_makers_are_known_by_what_they_say(body: str) -> None:
    assert speaks(body)


@pytest.mark.parametrize(
    "body",
    [
        "Did you press reset? That worked for me.",
        "It works well to add a second key.",
        "We use it at home every day.",
        "When will it be ready?",
        "> We'll fix this next week.\nThat was in March.",
        '[quote="anna, post:2"]We have released 3.1[/quote]\nNot for me.',
        "Thanks, you saved my day!",
        "I have tried that, and I am in the same place.",
    ],
)
def test_helpers_and_askers_do_not_speak_so(body: str) -> None:
    assert not speaks(body)


def test_what_follows_a_quotation_is_read() -> None:
    assert speaks("> Is it fixed?\nWe have released the fix.")


def answers(who: str, count: int, body: str = "Press reset.", n_team: int = 0) -> list[Any]:
    """Let an account answer in threads of others, in some of them for the makers."""
    rows = []
    for n in range(count):
        said = "We've fixed it." if n < n_team else f"{body} {n}"
        thread = {"thread_id": f"{who}-t{n}"}
        asked = {"post_id": f"{who}-q{n}", "author_id": f"asker{n}", "created_at": day(n)}
        reply = {"post_id": f"{who}-a{n}", "author_id": who, "created_at": day(n + 0.5)}
        rows += [asked | thread | {"body": f"How {n}?"}, reply | thread | {"body": said}]
    return rows


def asks(who: str, count: int) -> list[Any]:
    return [
        {"post_id": f"{who}-own{n}", "author_id": who, "created_at": day(n), "body": f"Why {n}?"}
        for n in range(count)
    ]


def found(*written: Any, official: tuple[str, ...] = ()) -> list[str]:
    rows = read_conversation(posts(*written), tags(), texts()).members
    return find_like_staff(rows, official)["author_id"].to_list()


def test_who_answers_much_asks_little_and_speaks_for_the_makers_is_listed() -> None:
    assert found(*answers("anna", 30, n_team=3), *asks("anna", 3)) == ["anna"]


@pytest.mark.parametrize(
    ("written", "because"),
    [
        (answers("anna", 60), "members help without speaking for anybody"),
        (answers("anna", 30, n_team=2), "twice is chance"),
        (answers("anna", 19, n_team=9), "few answers"),
        ([*answers("anna", 30, n_team=9), *asks("anna", 4)], "members ask"),
        ([p | {"author_role": "staff"} for p in answers("anna", 30, n_team=9)], "known as staff"),
    ],
)
def test_who_is_not_listed(written: list[Any], because: str) -> None:
    assert "anna" not in found(*written), because


def test_an_account_that_is_named_like_the_product_is_listed_unless_it_mostly_asks() -> None:
    assert found(*answers("inkwren", 2), official=("inkwren",)) == ["inkwren"]
    assert found(*answers("inkwren", 2), *asks("inkwren", 3), official=("inkwren",)) == []
    assert found(*asks("inkwren", 1), official=("inkwren",)) == []


def test_official_names_are_the_product_a_desk_or_both() -> None:
    names = official_names("Wren Street")
    assert {"Wren Street", "Wren_Street", "WrenStreet-support", "team WrenStreet"} <= names
    assert "support" in official_names("")


def test_the_list_is_short_and_begins_with_the_most_evidence() -> None:
    many = [answers(f"m{n:02}", 30, n_team=3 + n) for n in range(LISTED + 3)]
    listed = found(*(post for rows in many for post in rows))
    assert listed == [f"m{n:02}" for n in range(LISTED + 2, 2, -1)]


def test_the_example_is_a_post_in_which_they_speak_for_the_makers() -> None:
    written = [*asks("anna", 1), *answers("anna", 30, n_team=3)]
    row = read_conversation(posts(*written), tags(), texts()).members.filter(author_id="anna")
    assert row.select("n_threads_answered", "n_team_posts", "example_id").row(0) == (
        30,
        3,
        "anna-a0",
    )


def test_of_nobody_nobody_looks_like_staff() -> None:
    assert find_like_staff(members()).is_empty()
