"""Weeks are counted back from where the data ends, and each post brings what is known of it."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
import pytest

from feedbackminer.accounts import DroppedRow, dropped_frame
from feedbackminer.health.weeks import MICROSECOND, READS, Matrix, Recent, end_of, read_weeks
from feedbackminer.tables import Cursors, check, column_types
from tests.support import builders
from tests.support.builders import day


def cursors(*read_at: datetime) -> pl.DataFrame:
    rows = [
        {"source": f"s{number}", "channel": "", "position": "{}", "complete": True, "withheld": ""}
        | {"read_at": moment}
        for number, moment in enumerate(read_at)
    ]
    return check(pl.DataFrame(rows, schema=column_types(Cursors)), Cursors, where="test")


def one_each(hashes: pl.Series) -> Matrix:
    return np.ones((len(hashes), 2), np.float32)


def tables_of(**tables: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return the tables that weeks are read from; those not given have no rows."""
    empty = {
        "tags": builders.tags(),
        "assignments": builders.assignments(),
        "dropped": dropped_frame("clean", []),
        "cursors": cursors(),
    }
    assert set(READS) == {*empty, *tables}
    return empty | tables


def read(days: dict[str, float], *, history: int = 26, until: datetime | None = None) -> Recent:
    """Read posts written so many days after the first; each has a text."""
    posts = builders.posts(*({"post_id": i, "created_at": day(n)} for i, n in days.items()))
    texts = builders.texts(*({"post_id": i, "text": i} for i in days))
    tables = tables_of(posts=posts, texts=texts)
    return read_weeks(tables, vectors_of=one_each, history=history, until=until)


def weeks_of(recent: Recent) -> dict[str, int]:
    return dict(recent.posts.select("post_id", "week").iter_rows())


class TestEnd:
    moments = pl.Series([day(3), day(30)])

    def test_is_right_after_the_last_post(self) -> None:
        assert end_of(self.moments, cursors()["read_at"]) == day(30) + MICROSECOND

    def test_is_when_sources_were_read_last_so_that_silence_shows(self) -> None:
        assert end_of(self.moments, cursors(day(35), day(40))["read_at"]) == day(40)

    def test_is_not_before_a_post_that_came_by_another_way(self) -> None:
        assert end_of(self.moments, cursors(day(20))["read_at"]) == day(30) + MICROSECOND

    @pytest.mark.parametrize("until", [day(10), day(10).replace(tzinfo=None)])
    def test_is_where_the_window_of_a_replay_ends(self, until: datetime) -> None:
        assert end_of(self.moments, cursors(day(40))["read_at"], until) == day(10)

    def test_there_is_none_without_dates(self) -> None:
        assert (
            end_of(pl.Series([], dtype=pl.Datetime("us", "UTC")), cursors(day(1))["read_at"])
            is None
        )


def test_the_last_post_ends_the_latest_week_and_seven_days_before_it_another_begins() -> None:
    recent = read({"old": 0, "edge": 14, "first": 14.01, "last": 21})
    assert weeks_of(recent) == {"edge": 1, "first": 0, "last": 0}
    assert recent.n_weeks == 2


def test_a_week_holds_the_moment_it_begins_with_and_not_that_it_ends_with() -> None:
    days = {"first": 0, "before": 13.99, "begin": 14, "end": 21}
    assert weeks_of(read(days, until=day(21))) == {"first": 2, "before": 1, "begin": 0}


def test_a_week_that_the_data_covers_in_part_is_left_out() -> None:
    recent = read({"old": 0, "last": 13})
    assert (weeks_of(recent), recent.n_weeks) == ({"last": 0}, 0)


def test_weeks_beyond_the_history_are_left_out() -> None:
    recent = read({f"d{n}": n for n in range(100)}, history=8)
    assert recent.n_weeks == 8
    assert recent.count(recent.posts).tolist() == [7.0] * 9


def test_posts_after_the_end_of_a_replay_are_left_out() -> None:
    days = {f"d{n}": n + 0.5 for n in range(100)}
    then = read({i: n for i, n in days.items() if n < 50}, until=day(50))
    replayed = read(days, until=day(50))
    assert replayed.posts.equals(then.posts)
    assert weeks_of(replayed)["d49"] == 0


def test_each_post_brings_what_is_known_of_it() -> None:
    ids = ("sorted", "unsorted", "short", "foreign", "bot", "untold")
    moments = [{"post_id": i, "created_at": day(n)} for n, i in enumerate(ids)]
    undated = {"post_id": "undated", "created_at": None}
    posts = builders.posts({"post_id": "first", "created_at": day(-30)}, *moments, undated)
    texts = builders.texts(
        {"post_id": "sorted", "text": "a"},
        {"post_id": "unsorted", "text": "b"},
        {"post_id": "short", "text": "c", "language": "und"},
        {"post_id": "untold", "text": "d"},
    )
    dropped = dropped_frame(
        "clean",
        [
            DroppedRow("foreign", "other_language", value="fr"),
            DroppedRow("bot", "by_a_bot", "9 words"),
        ],
    )
    tags = builders.tags(
        {"post_id": "sorted", "unsure": ["bug"]}, {"post_id": "unsorted"}, {"post_id": "short"}
    )
    assignments = builders.assignments(sorted="t1", short="t1", untold="t2")
    tables = tables_of(
        posts=posts, texts=texts, tags=tags, assignments=assignments, dropped=dropped
    )
    recent = read_weeks(tables, vectors_of=one_each, history=26)
    columns = ("language", "is_dropped", "is_unsorted", "is_unsure")
    rows = {row["post_id"]: tuple(row[name] for name in columns) for row in recent.posts.to_dicts()}
    assert {i: rows[i] for i in ids} == {
        "sorted": ("en", False, False, True),
        "unsorted": ("en", False, True, False),
        "short": (None, False, False, False),
        "foreign": ("fr", True, None, None),
        "bot": (None, True, None, None),
        "untold": ("en", False, False, None),
    }
    assert "undated" not in rows
    assert len(recent.vectors) == len(recent.vector_weeks) == 4
