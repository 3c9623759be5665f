"""Moments in time: all are of UTC, unless they say otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

LENGTHS: Mapping[str, str] = {"week": "1w", "month": "1mo", "quarter": "3mo", "year": "1y"}
BY_WEEKS = 400  # days of a time that is looked at week by week


def as_utc(moment: datetime) -> datetime:
    """Return a moment in UTC; one without a zone is of UTC already.

    Raises:
        OverflowError: it lies on the first or last day that a date can be.
    """
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def midnight(moment: datetime) -> datetime:
    """Return when the UTC day of a moment begins."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def last_day(until: datetime | None) -> datetime | None:
    """Return a moment of the last day before ``until``, which itself does not count."""
    return until - timedelta(microseconds=1) if until else None


def step_of(since: datetime, until: datetime) -> str:
    """Return by what steps a time is looked at: by weeks, a long one by months."""
    return "1w" if (until - since).days <= BY_WEEKS else "1mo"


def word_of(length: str) -> str:
    """Return what a period is called: ``month``; ``period`` where it is none of ``LENGTHS``."""
    return length if length in LENGTHS else "period"
