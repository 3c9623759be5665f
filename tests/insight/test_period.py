"""The period: whole days, and a latest window to compare with the one before."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from feedbackminer.insight.period import Period, period_of
from feedbackminer.settings.sections import InsightSettings
from tests.support.builders import day


def period(last: float, **settings: object) -> Period:
    return period_of(pl.Series([day(0.4), day(last)]), InsightSettings.model_validate(settings))


def test_a_period_covers_whole_days() -> None:
    covered = period(9.9)
    assert (covered.since, covered.until) == (day(0), day(10))


@pytest.mark.parametrize(
    ("days", "window"), [(10, 7), (42, 7), (60, 10), (365, 60), (546, 91), (3_000, 91)]
)
def test_the_window_is_a_sixth_of_the_period_from_a_week_to_a_quarter(
    days: int, window: int
) -> None:
    assert period(days - 0.5).window == timedelta(days=window)


def test_the_window_can_be_set() -> None:
    covered = period(99.5, window_days=30)
    assert (covered.window_start, covered.previous_start) == (day(70), day(40))


def test_two_windows_must_fit_the_period() -> None:
    assert period(13.5).has_two_windows
    assert not period(12.5).has_two_windows


def test_a_period_can_be_set_and_a_date_without_a_zone_is_utc() -> None:
    covered = period(99.5, since=datetime(2026, 2, 1), until=datetime(2026, 3, 1))
    assert (covered.since, covered.until) == (
        datetime(2026, 2, 1, tzinfo=UTC),
        datetime(2026, 3, 1, tzinfo=UTC),
    )


def test_without_dates_there_is_no_period() -> None:
    covered = period_of(pl.Series([], dtype=pl.Datetime("us", "UTC")), InsightSettings())
    assert (covered.since, covered.until, covered.has_two_windows) == (None, None, False)
    assert covered.window_start is None
