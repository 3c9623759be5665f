"""What every source shares: pages of rows, each with the place from which to go on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, runtime_checkable

from feedbackminer.collect.columns import META, NAMES
from feedbackminer.collect.files import BadRow, Row
from feedbackminer.vocabulary.moments import as_utc

COLUMNS = (*(names[0] for names in NAMES.values()), *META)  # what the rows of a source may hold
Position = Mapping[str, Any]


@dataclass(frozen=True)
class Window:
    """Posts from ``since`` on and before ``until`` (UTC) are wanted; None: no bound."""

    since: datetime | None = None
    until: datetime | None = None

    def holds(self, moment: datetime | None) -> bool:
        """Tell whether a moment lies in the window; an unknown one does."""
        if moment is None:
            return True
        return not (
            (self.since is not None and moment < self.since)
            or (self.until is not None and moment >= self.until)
        )


@dataclass(frozen=True)
class Whole:
    """What a page holds all posts of: a thread, or the channel between two moments.

    A stored post in there that the page lacks may be gone; :meth:`Source.deleted` is asked.
    """

    thread_id: str | None = None  # native
    channel: str | None = None  # as the rows have it; None: of any
    since: datetime | None = None
    until: datetime | None = None  # inclusive


@dataclass(frozen=True)
class Page:
    """Some rows, and where to go on once they are stored."""

    rows: Sequence[Row | BadRow]
    position: Position
    whole: Sequence[Whole] = ()


class Source(Protocol):
    """One place where a community talks.

    A position is JSON that only the source understands: ``{}`` is the beginning. It must not
    claim more than the pages yielded so far hold, for it is stored with them.
    """

    channels: Sequence[str]  # read one after another, each with a position of its own
    withheld: str  # what the platform does not give, told to the reader of a digest

    def pages(self, channel: str, position: Position, window: Window) -> Iterator[Page]:
        """Yield what is new since ``position``, and some of what was read before."""

    def deleted(self, native_ids: Sequence[str]) -> set[str]:
        """Return which of these posts the source says are deleted; only what is certain."""

    def probe(self) -> str:
        """Ask one cheap question and return what was found, for ``doctor``."""

    def close(self) -> None:
        """Close the connections."""


def moment(value: Any) -> datetime:
    """Return a time of an API as UTC: seconds since 1970, or ISO 8601.

    Raises:
        ValueError, TypeError: it is neither.
    """
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    return as_utc(datetime.fromisoformat(value))


@runtime_checkable
class TellsReleases(Protocol):
    """A source that knows of releases as well."""

    def releases(self) -> Iterator[tuple[datetime, str]]:
        """Yield when each was published, and its name."""

    def close(self) -> None:
        """Close the connections."""
