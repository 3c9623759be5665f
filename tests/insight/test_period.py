"""The period: the shortest time in which enough members spoke, and the windows before it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from feedbackminer.errors import SettingsError
from feedbackminer.insight.period import Period, period_of
from feedbackminer.settings.sections import InsightSettings
from tests.support.builders import day


def period(*moments: float, speakers: int = 1, **settings: Any) -> Period:
    """Return the period where so many members wrote at each of some moments."""
    rows = [{"author_id": f"m{i}", "created_at": day(m)} for m in moments for i in range(speakers)]
    return period_of(pl.DataFrame(rows), InsightSettings.model_validate(settings))


def daily(n_days: int) -> Iterator[float]:
    return (number + 0.5 for number in range(n_days))


def test_a_period_covers_whole_days() -> None:
    covered = period(0.4, 9.9)
    assert (covered.since, covered.until) == (day(0), day(10))


@pytest.mark.parametrize(
    ("speakers", "apart", "name"), [(200, 1, "week"), (199, 1, "all"), (200, 20, "month")]
)
def test_the_shortest_time_in_which_two_hundred_members_spoke_is_told_of(
    speakers: int, apart: int, name: str
) -> None:
    moments = [number * apart + 0.5 for number in range(400 // apart)]
    quiet = [moments[-1] + 9] if apart > 7 else []
    rows = [{"author_id": f"m{i}", "created_at": day(m)} for m in moments for i in range(speakers)]
    rows += [{"author_id": "late", "created_at": day(m)} for m in quiet]
    assert period_of(pl.DataFrame(rows), InsightSettings()).name == name


def test_a_quarter_and_a_year_are_taken_where_less_has_too_few() -> None:
    of_days = [{"author_id": f"m{n}", "created_at": day(n + 0.5)} for n in range(800)]
    assert period_of(pl.DataFrame(of_days), InsightSettings()).name == "year"
    thrice = [{"author_id": f"m{n}", "created_at": day(n / 3 + 0.1)} for n in range(2_400)]
    assert period_of(pl.DataFrame(thrice), InsightSettings()).name == "quarter"


def test_a_period_that_is_asked_for_is_told_of_however_few_spoke() -> None:
    covered = period(*daily(60), period="week")
    assert (covered.name, covered.since, covered.until) == ("week", day(53), day(60))


def test_months_are_those_of_the_calendar() -> None:
    covered = period(*daily(200), period="month", until=datetime(2026, 5, 1))
    assert covered.since == datetime(2026, 4, 1, tzinfo=UTC)
    assert covered.edges[:2] == tuple(datetime(2026, m, 1, tzinfo=UTC) for m in (2, 3))


def test_a_period_is_held_against_the_whole_windows_before_it_a_dozen_at_most() -> None:
    assert period(*daily(20), period="week").n_before == 1
    assert period(*daily(400), period="week").n_before == 12
    assert period(*daily(21), period="week").edges == (day(0), day(7), day(14), day(21))


def test_a_history_that_is_shorter_than_what_is_asked_for_is_told_of_whole() -> None:
    covered = period(*daily(20), period="month")
    assert (covered.name, covered.is_all, covered.n_before) == ("all", True, 0)


def test_a_first_day_can_be_given_and_a_date_without_a_zone_is_utc() -> None:
    covered = period(*daily(100), since=datetime(2026, 2, 1), until=datetime(2026, 2, 11))
    ends = [datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 2, 11, tzinfo=UTC)]
    assert [covered.since, covered.until] == ends
    assert (covered.name, covered.n_before, covered.history_since) == ("given", 2, day(0))


def test_a_first_day_before_everything_makes_the_period_all() -> None:
    assert period(*daily(9), since=datetime(2025, 1, 1)).is_all


def test_a_first_day_and_a_length_contradict_each_other() -> None:
    with pytest.raises(ValidationError, match="give one"):
        InsightSettings(since=day(1), period="week")


def test_without_dates_there_is_no_period() -> None:
    posts = pl.DataFrame(schema={"author_id": pl.String, "created_at": pl.Datetime("us", "UTC")})
    covered = period_of(posts, InsightSettings())
    assert (covered.since, covered.until, covered.n_before) == (None, None, 0)


def test_all_at_one_second_is_one_day_and_has_nothing_before() -> None:
    covered = period(*[3.0] * 5, speakers=200)
    assert (covered.since, covered.until, covered.n_before) == (day(3), day(4), 0)


def test_a_period_is_not_chosen_where_nothing_as_long_is_before_it() -> None:
    assert period(*daily(10), speakers=300).is_all
    assert period(*daily(10), speakers=300, period="week").name == "week"


@pytest.mark.parametrize(
    "settings",
    [
        {"since": datetime(2026, 2, 1), "until": datetime(2026, 1, 20)},
        {"since": datetime(2027, 1, 1)},
        {"until": datetime(2025, 1, 1)},
    ],
)
def test_a_period_that_ends_before_it_begins_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="is not before the end of the period"):
        period(*daily(100), **settings)
