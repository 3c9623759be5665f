"""Outcomes: what is told of a day on which something was done, or nothing."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
import pytest

from feedbackminer.insight.outcomes import Change, Said, Windows, compare
from tests.support.builders import day

SHIPPED = day(16 * 7)
BEFORE, AFTER = (day(0), SHIPPED), (SHIPPED, day(32 * 7))
ONCE = Windows((BEFORE,), AFTER)
SIZES = (30, 34, 40, 45, 50, 60, 70, 80)


def voices(before: int, after: int, *, name: str = "") -> pl.DataFrame:
    """Write a post each of so many members before and after, none of whom is there twice."""
    rows = [(f"{name}b{n}", day(1 + n % 100)) for n in range(before)]
    rows += [(f"{name}a{n}", day(16 * 7 + 1 + n % 100)) for n in range(after)]
    return pl.DataFrame(rows, schema={"voice": pl.String, "created_at": None}, orient="row")


def asked(
    before: int, after: int, others: list[tuple[int, int]], windows: Windows = ONCE
) -> Change:
    rows = [voices(before, after, name="target")]
    rows += [voices(*pair, name=f"o{n}") for n, pair in enumerate(others)]
    change = compare(Said.of(rows), 0, range(1, len(rows)), windows)
    assert change is not None
    return change


def steady() -> list[tuple[int, int]]:
    return [(n, n) for n in SIZES]


def test_a_fall_that_others_do_not_share_is_shown_with_an_interval() -> None:
    change = asked(60, 15, steady())
    assert change.is_fall
    assert change.ratio.low < 0.25 < change.ratio.high < 1
    assert change.expected == pytest.approx(60, rel=0.01)


def test_a_fall_that_others_share_is_none() -> None:
    change = asked(60, 30, [(n, n // 2) for n in SIZES])
    assert not change.is_fall
    assert change.ratio.value == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize("pair", [(60, 15), (15, 60), (40, 40), (80, 71), (20, 0)])
def test_what_fell_rises_by_as_much_where_before_and_after_are_exchanged(
    pair: tuple[int, int],
) -> None:
    others = [(n, n + n % 7) for n in SIZES]
    there, back = asked(*pair, others), asked(*pair, others, Windows((AFTER,), BEFORE))
    assert back.ratio.value == pytest.approx(1 / there.ratio.value)
    assert back.ratio.low == pytest.approx(1 / there.ratio.high)
    assert (back.is_rise, back.is_fall) == (there.is_fall, there.is_rise)


@pytest.mark.parametrize("times", [2, 3])
def test_where_all_topics_are_said_by_more_alike_nothing_changes(times: int) -> None:
    plain = asked(60, 20, steady())
    grown = asked(60, 20 * times, [(n, n * times) for n in SIZES])
    assert grown.ratio.value == pytest.approx(plain.ratio.value, rel=0.03)
    assert grown.others == pytest.approx(times, rel=0.03)


def test_the_more_other_topics_change_by_themselves_the_wider_is_the_interval() -> None:
    calm, wild = asked(60, 30, steady()), asked(60, 30, [(30, 60), (60, 30), (34, 70)] * 3)
    assert calm.is_fall
    assert not wild.is_fall
    assert wild.enough is None  # however many say it


def test_a_member_who_writes_a_hundred_times_is_one_voice() -> None:
    loud = voices(40, 40).vstack(pl.concat([voices(1, 0)] * 100))
    rows = [loud, *(voices(n, n, name=f"o{n}") for n in SIZES)]
    change = compare(Said.of(rows), 0, range(1, len(rows)), ONCE)
    assert change is not None
    assert change.n_before == 40


def test_members_who_are_there_before_and_after_make_it_surer() -> None:
    same = voices(40, 40).with_columns(pl.col("voice").str.slice(1))
    others = [voices(n, n, name=f"o{n}") for n in SIZES]
    sure = compare(Said.of([same, *others]), 0, range(1, 9), ONCE)
    assert sure is not None
    plain = asked(40, 40, steady())
    assert sure.ratio.high < plain.ratio.high


def test_with_too_few_other_topics_nothing_is_told() -> None:
    rows = [voices(40, 10), *(voices(30, 30, name=f"o{n}") for n in range(4))]
    assert compare(Said.of(rows), 0, range(1, 5), ONCE) is None


def test_from_as_many_members_as_are_told_a_halving_is_seen() -> None:
    enough = asked(60, 60, steady()).enough
    assert enough is not None
    assert asked(enough + 2, enough, steady()).sees_half
    assert not asked(enough // 2, enough // 2, steady()).sees_half


@pytest.mark.parametrize(
    ("shipped", "until", "weeks", "n_before"),
    [
        (day(60 * 7), day(100 * 7), 26, 2),
        (day(60 * 7), day(70 * 7), 10, 2),
        (day(20 * 7), day(100 * 7), 10, 2),
        (day(12 * 7), day(100 * 7), 12, 1),  # too little before for two times
    ],
)
def test_times_are_as_long_as_the_history_lets_them_be(
    shipped: datetime, until: datetime, weeks: int, n_before: int
) -> None:
    windows = Windows.within(shipped, day(0), until)
    assert windows is not None
    assert (windows.weeks, len(windows.before)) == (weeks, n_before)
    assert windows.since >= day(0)
    assert windows.until <= until


@pytest.mark.parametrize(("shipped", "until"), [(day(7 * 7), day(99 * 7)), (day(70), day(120))])
def test_less_than_eight_weeks_on_a_side_are_too_few(shipped: datetime, until: datetime) -> None:
    assert Windows.within(shipped, day(0), until) is None


def test_of_days_on_which_nothing_was_done_few_are_told_as_a_change() -> None:
    """Topics drift by a third either way by themselves, as they do in forums."""
    rng = np.random.default_rng(4)
    told = 0
    for _ in range(200):
        drift = np.exp(rng.normal(0, 0.3, size=12))
        pairs = [(int(rng.poisson(40)), int(rng.poisson(40 * factor))) for factor in drift.tolist()]
        change = asked(*pairs[0], pairs[1:])
        told += change.is_fall or change.is_rise
    assert told <= 16  # 10 are meant
