"""What every source shares: pages of rows, each with the place from which to go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from feedbackminer.collect.columns import META, NAMES
from feedbackminer.collect.files import BadRow, Row
from feedbackminer.errors import SettingsError
from feedbackminer.settings import SourceSettings

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

    A stored post in there that the page lacks may be gone; :meth:`Source.gone` is asked.
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

    def gone(self, native_ids: Sequence[str]) -> set[str]:
        """Return which of these posts the source says are deleted; only what is certain."""

    def probe(self) -> str:
        """Ask one cheap question and return what was found, for ``doctor``."""

    def close(self) -> None:
        """Close the connections."""


@dataclass
class Seen:
    """Tells a page that was answered before: proxies and moving lists repeat pages."""

    ids: set[str] = field(default_factory=set)

    def is_news(self, ids: Iterable[str]) -> bool:
        """Tell whether a page holds anything unseen, and remember it; an empty page is news."""
        found = set(ids)
        fresh = not found or not found <= self.ids
        self.ids |= found
        return fresh


def as_rows(
    items: Iterable[Any], read: Callable[[Any], Mapping[str, Any]], ref: Callable[[Any], str]
) -> list[Row | BadRow]:
    """Read items of an answer as rows; one of another shape than documented is set aside.

    Args:
        read: item -> values by :data:`COLUMNS`; a missing field raises ``KeyError`` and the like.
        ref: item -> what to call it, such as ``forum:12``.
    """
    rows: list[Row | BadRow] = []
    for number, item in enumerate(items, start=1):
        try:
            rows.append(Row(ref(item), dict(read(item))))
        except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
            rows.append(BadRow(_name(item, ref, number), "schema_changed", _what(error)))
    return rows


def span_of(
    items: Sequence[Mapping[str, Any]],
    field_name: str,
    *,
    channel: str | None = None,
    since: datetime | None = None,
    is_newest: bool = False,
) -> Sequence[Whole]:
    """Say that between the oldest and the newest of these items there are no others.

    Args:
        field_name: of their times.
        channel: that they are all of, as the rows have it.
        since: there are none between this and the oldest either.
        is_newest: nothing comes after the newest.
    """
    try:
        moments = [moment(item[field_name]) for item in items]
    except (KeyError, TypeError, ValueError):
        return ()
    if not moments:
        return ()
    return [Whole(None, channel, since or min(moments), None if is_newest else max(moments))]


def moment(value: Any) -> datetime:
    """Return a time of an API as UTC: seconds since 1970, or ISO 8601.

    Raises:
        ValueError, TypeError: it is neither.
    """
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    found = datetime.fromisoformat(value)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def need(value: Any, name: str, field_name: str, example: str) -> None:
    """Raise SettingsError where a setting that a kind of source needs is empty."""
    if not value:
        raise SettingsError(f"sources.{name}.{field_name}: is missing; want e.g. {example}")


def site(name: str, settings: SourceSettings, default: str = "") -> str:
    """Return the address of the source.

    Raises:
        SettingsError: there is none, or it is no web address.
    """
    url = settings.url or default
    need(url, name, "url", 'url = "https://forum.example"')
    if not url.startswith(("http://", "https://")):
        raise SettingsError(f"sources.{name}.url: want http:// or https://, got {url!r}")
    return url.rstrip("/")


def _name(item: Any, ref: Callable[[Any], str], number: int) -> str:
    try:
        return ref(item)
    except (KeyError, TypeError, AttributeError, ValueError, IndexError):
        return f"item {number} of a page"


def _what(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"the field {error} is missing: has the site changed its interface?"
    return f"a field is of another type than documented: {error}"[:200]
