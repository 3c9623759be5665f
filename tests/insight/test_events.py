"""Events: where to look first, not what caused it."""

import polars as pl
import pytest

from feedbackminer.insight.events import Event, began, look_first
from tests.support.builders import day

EVENTS = [Event(day(10), "4.3", "release"), Event(day(40), "New prices", "")]


@pytest.mark.parametrize(
    ("when", "says"),
    [
        (10.5, "Began on the day of 4.3 (15 January 2026, release): look there first."),
        (11, "Began a day after 4.3 (15 January 2026, release): look there first."),
        (24, "Began 14 days after 4.3 (15 January 2026, release): look there first."),
        (41, "Began a day after New prices (14 February 2026): look there first."),
        (25, ""),
        (9, ""),
    ],
)
def test_the_latest_event_of_the_two_weeks_before_is_named(when: float, says: str) -> None:
    assert look_first(day(when), EVENTS) == says


def test_what_has_no_beginning_points_nowhere() -> None:
    assert look_first(None, EVENTS) == ""


def test_what_is_said_more_often_begins_on_the_day_from_which_it_is() -> None:
    moments = pl.Series([day(n) for n in (3.5, 9.1, 20.2, 20.3, 21, 21.5, 22, 23.4, 25, 27)])
    assert began(moments, day(0), day(28)) == day(20)


def test_what_is_only_said_less_begins_where_it_is_said_most() -> None:
    falling = pl.Series([day(n / 10) for n in range(50)] + [day(20)])
    found = began(falling, day(0), day(28))
    assert found is not None
    assert day(0) <= found <= day(20)


def test_what_nobody_says_never_began() -> None:
    assert began(pl.Series([day(50)]), day(0), day(28)) is None


def test_an_event_counts_by_its_day_whatever_its_hour() -> None:
    late = [Event(day(10.75), "4.3", "")]
    assert look_first(day(11), late) == "Began a day after 4.3 (15 January 2026): look there first."
    assert look_first(day(10.1), late).startswith("Began on the day of 4.3")
    assert look_first(day(24.9), late).startswith("Began 14 days after 4.3")
