"""What several sources need to turn answers into rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from feedbackminer.collect.files import BadRow, Row
from feedbackminer.collect.sources.protocol import Whole, moment
from feedbackminer.errors import SettingsError
from feedbackminer.settings.sections import SourceSettings


@dataclass
class Seen:
    """Tells a page that was answered before: proxies and moving lists repeat pages."""

    ids: set[str] = field(default_factory=set)

    def is_news(self, ids: Iterable[str]) -> bool:
        """Tell whether a page holds anything unseen, and remember it; an empty page is news."""
        page_ids = set(ids)
        fresh = not page_ids or not page_ids <= self.ids
        self.ids |= page_ids
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
            values = dict(read(item))
            rows.append(Row.given(ref(item), values))
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


def with_notice(withheld: str, notice: str) -> str:
    """Return what a source withholds, and what it has refused just now, told once."""
    if notice in withheld:
        return withheld
    return f"{withheld}; {notice}" if withheld else notice


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
