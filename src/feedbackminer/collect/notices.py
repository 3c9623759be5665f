"""What the reader of a digest should know about an export: what it lacks, what was made of it."""

from __future__ import annotations

from collections.abc import Mapping

from feedbackminer.collect.ratings import STARS
from feedbackminer.collect.reading import Reading
from feedbackminer.collect.records import Lost

_LACKS = {
    "created_at": "the export has no dates: nothing can be said about change",
    "author": "the export has no authors: each post counts as one voice",
    "thread_id": "the export has no threads: nothing can be said about answers",
}


def what_to_know(reading: Reading, lost: Mapping[str, Lost], n_rows: int) -> tuple[str, ...]:
    """Return a sentence for each thing.

    Args:
        reading: how the export was read.
        lost: field -> values that could not be read.
        n_rows: of the export.
    """
    lacks = (text for field, text in _LACKS.items() if not _has(reading, field))
    return (*lacks, *_dates(reading, lost, n_rows), *_ratings(reading, lost))


def _has(reading: Reading, field: str) -> bool:
    """Tell whether an export has a field; who replies to whom makes threads as well."""
    names = ("thread_id", "parent_id") if field == "thread_id" else (field,)
    return any(name in reading.columns for name in names)


def _dates(reading: Reading, lost: Mapping[str, Lost], n_rows: int) -> list[str]:
    notices = []
    if "created_at" in lost:
        undated = lost["created_at"]
        notices.append(
            f"{undated.n:,} of {n_rows:,} posts have no date that can be read, first at "
            f"{undated.first}: they are kept, and left out of what is said of time"
        )
    if reading.undecided:
        notices.append(
            "no date shows whether its day or its month comes first; they were read month "
            "first (collect.date_order says otherwise)"
        )
    return notices


def _ratings(reading: Reading, lost: Mapping[str, Lost]) -> list[str]:
    notices = [
        f"ratings of 0 to {best:g} in {column!r} were stretched to 1 to 5 stars"
        for column, best in reading.scales.items()
        if best > STARS
    ]
    notices += [
        f"{column!r} holds 1 to 5 stars: it was read as the rating" for column in reading.by_value
    ]
    if "rating" in lost:
        unread = lost["rating"]
        notices.append(f"ratings that could not be read: {unread.n:,}, first at {unread.first}")
    return notices
