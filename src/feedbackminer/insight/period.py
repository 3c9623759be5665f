"""The time a digest speaks of: the whole period, its latest window and the one before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from feedbackminer.settings.sections import InsightSettings
from feedbackminer.vocabulary.moments import as_utc

SHORTEST, LONGEST, PARTS = 7, 91, 6  # days, days, windows in a period


@dataclass(frozen=True)
class Period:
    """From ``since`` (inclusive) to ``until`` (exclusive); None where posts have no dates."""

    since: datetime | None
    until: datetime | None
    window: timedelta

    @property
    def window_start(self) -> datetime | None:
        """Return where the latest window begins."""
        return self.until - self.window if self.until else None

    @property
    def previous_start(self) -> datetime | None:
        """Return where the window before the latest begins."""
        return self.until - 2 * self.window if self.until else None

    @property
    def has_two_windows(self) -> bool:
        """Tell whether there is a window to compare the latest with."""
        return bool(self.since and self.previous_start and self.previous_start >= self.since)


def period_of(moments: pl.Series, settings: InsightSettings) -> Period:
    """Return the period that posts written at ``moments`` cover.

    Days are whole UTC days. A window of 0 days means a sixth of the period, 7 to 91 days.
    """
    first, last = moments.min(), moments.max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return Period(None, None, timedelta(days=settings.window_days or LONGEST))
    since = as_utc(settings.since) if settings.since else _midnight(first)
    day_after = _midnight(last) + timedelta(days=1)
    until = as_utc(settings.until) if settings.until else day_after
    auto = min(max((until - since).days // PARTS, SHORTEST), LONGEST)
    return Period(since, until, timedelta(days=settings.window_days or auto))


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
