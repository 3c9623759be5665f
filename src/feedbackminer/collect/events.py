"""Read releases and other events from a file: a date and a name in each row, and what they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

import polars as pl

from feedbackminer.collect.dates import moment
from feedbackminer.collect.fields import BadValueError, flag, text
from feedbackminer.collect.files import FileContent, read_rows
from feedbackminer.collect.rows import BadRow, Row
from feedbackminer.errors import InputError
from feedbackminer.tables import Events as Table
from feedbackminer.tables import column_types

# What these columns are called: by us, and in lists of releases of GitHub and GitLab.
DATES = ("date", "at", "day", "publishedat", "published_at", "released_at", "created_at")
NAMES = ("name", "event", "title", "tagname", "tag_name", "version")
KINDS = ("kind", "type")
RELEASE, MONTHS = "release", 12
FAR = datetime(9999, 1, 1, tzinfo=UTC)  # an event may be planned


def read_events(content: FileContent) -> pl.DataFrame:
    """Return the events of a file as rows of the ``events`` table.

    Raises:
        InputError: a row has no date or no name, or the file names no event.
    """
    rows = [row for row in _rows(content) if not _is_draft(row.values)]
    day_first = _is_day_first(rows)
    found = [_event(row.ref, row.values, day_first=day_first) for row in rows]
    if not found:
        raise InputError(f"{content.name}: names no event; want a date and a name in each row")
    return events_frame(found, content.name)


def events_frame(events: list[tuple[datetime, str, str]], source: str) -> pl.DataFrame:
    """Return events as rows of the ``events`` table; one that is told twice is one.

    Args:
        events: when, name, kind.
        source: where they come from.
    """
    rows = {
        f"{at:%Y-%m-%d}:{name}": {"at": at, "name": name, "kind": kind, "source": source}
        for at, name, kind in events
    }
    frame = [{"event_id": event_id, **row} for event_id, row in rows.items()]
    return pl.DataFrame(frame, schema=column_types(Table))


def _rows(content: FileContent) -> Iterator[Row]:
    for row in read_rows(content):
        if isinstance(row, BadRow):
            raise InputError(f"{row.ref}: cannot be read: {row.detail}")
        yield row


def _is_draft(row: Mapping[str, object]) -> bool:
    return any(flag(row.get(name)) for name in ("draft", "isDraft"))


def _is_day_first(rows: Iterable[Row]) -> bool:
    """Tell whether 03/04/2026 is a day of April: some date of the file can be read so only."""
    dates = (text(_first(_plain(row.values), DATES)) for row in rows)
    parts = (re.match(r"(\d{1,2})/(\d{1,2})/", date) for date in dates)
    return any(int(part[1]) > MONTHS for part in parts if part)


def _plain(row: Mapping[str, object]) -> dict[str, object]:
    return {str(key).strip().lower(): value for key, value in row.items() if text(value)}


def _event(ref: str, row: Mapping[str, object], *, day_first: bool) -> tuple[datetime, str, str]:
    values = _plain(row)
    date, name, kind = (_first(values, columns) for columns in (DATES, NAMES, KINDS))
    if date is None or name is None:
        lacks, columns = ("date", DATES) if date is None else ("name", NAMES)
        raise InputError(
            f"{ref}: has no {lacks} (it has {', '.join(values) or 'nothing'}); want one of "
            f"{', '.join(columns)}"
        )
    try:
        at = moment(date, zone=UTC, now=FAR, day_first=day_first)
    except BadValueError as error:
        raise InputError(f"{ref}: {error}; want a date such as 2026-06-16") from None
    default = RELEASE if {"tagname", "tag_name", "version"} & set(values) else ""
    return at, " ".join(text(name).split()), text(kind) if kind is not None else default


def _first(values: Mapping[str, object], columns: tuple[str, ...]) -> object:
    return next((values[column] for column in columns if column in values), None)
