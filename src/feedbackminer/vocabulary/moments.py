"""Moments in time: all are of UTC, unless they say otherwise."""

from __future__ import annotations

from datetime import UTC, datetime


def as_utc(moment: datetime) -> datetime:
    """Return a moment in UTC; one without a zone is of UTC already.

    Raises:
        OverflowError: it lies on the first or last day that a date can be.
    """
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
