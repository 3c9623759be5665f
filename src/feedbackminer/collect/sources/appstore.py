"""App Store: the feed of customer reviews of an app in a country (``country/app-id``).

At most ten pages of fifty, the newest first. Pages come back empty or old now and then, so an empty
one is asked for again, and each collect also reads deeper pages once more, in turn. No secret.
https://itunes.apple.com/us/rss/customerreviews/page=1/id=APP/sortby=mostrecent/json
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from feedbackminer.collect.files import BadRow, Row
from feedbackminer.collect.http.client import Limits, Web
from feedbackminer.collect.sources.helpers import as_rows, need, site
from feedbackminer.collect.sources.protocol import Page, Position, Window, moment
from feedbackminer.errors import SettingsError
from feedbackminer.settings.sections import SourceSettings

PAGES = 10
ASKED_WHERE_EMPTY = 3
_CHANNEL = re.compile(r"[a-z]{2}/\d+")
Rows = Sequence[Row | BadRow]


class Reader:
    """Reads the reviews of apps in Apple's App Store."""

    withheld = (
        "Apple shows the newest 500 reviews of an app and country: older ones, the developer's "
        "answers and deletions cannot be seen, and an edited review bears the date of its edit"
    )

    def __init__(self, name: str, settings: SourceSettings, secret: str, limits: Limits) -> None:  # noqa: ARG002
        self.name, self.settings = name, settings
        need(settings.channels, name, "channels", 'channels = ["us/1234567890"]')
        for channel in settings.channels:
            if not _CHANNEL.fullmatch(channel):
                raise SettingsError(
                    f"sources.{name}.channels: want country/app-id such as 'us/1234567890', got "
                    f"{channel!r}"
                )
        self.channels = settings.channels
        base = site(name, settings, "https://itunes.apple.com")
        self.web = Web(base, {}, settings.private_network, limits)

    def pages(self, channel: str, position: Position, window: Window) -> Iterator[Page]:
        """Yield pages down to what was read before; the position moves with the last one."""
        mark = max(filter(None, (_moment(position), window.since)), default=None)
        newest = _moment(position)
        number, rows = 0, self._page(channel, 1, ASKED_WHERE_EMPTY)
        while rows:
            number += 1
            yield Page(rows, position)
            latest = _latest(rows)
            newest = max(filter(None, (newest, latest)), default=None)
            if number == PAGES or (mark and latest and latest <= mark):
                break
            rows = self._page(channel, number + 1, ASKED_WHERE_EMPTY)

        turn = position.get("turn", 2)
        for _ in range(self.settings.overlap_pages if position and number else 0):
            rows = self._page(channel, turn, 1) if turn > number else ()
            latest = _latest(rows)
            rows = rows if latest is None or window.holds(latest) else ()
            yield Page(rows, position)
            turn = turn + 1 if (rows or turn <= number) and turn < PAGES else 2
        yield Page((), {"newest": newest and newest.isoformat(), "turn": turn})

    def deleted(self, native_ids: Sequence[str]) -> set[str]:  # noqa: ARG002
        """Return nothing: a review that is not in the feed may be an old one."""
        return set()

    def probe(self) -> str:
        """Read the newest page of each channel."""
        counts = [f"{c}: {len(self._page(c, 1, ASKED_WHERE_EMPTY))} newest" for c in self.channels]
        return f"{', '.join(counts)} reviews (none: is the id right?)"

    def close(self) -> None:
        """Close the connections."""
        self.web.close()

    def _page(self, channel: str, number: int, asked: int) -> Rows:
        country, _, app = channel.partition("/")
        path = f"{country}/rss/customerreviews/page={number}/id={app}/sortby=mostrecent/json"
        reviews: Sequence[Any] = ()
        for _ in range(asked):
            reviews = _reviews(self.web.json(path, is_right=_is_feed))
            if reviews:
                break
        return as_rows(
            reviews,
            lambda review: self._row(review, channel),
            lambda review: f"{self.name}:{review['id']['label']}",
        )

    def _row(self, review: Mapping[str, Any], channel: str) -> dict[str, Any]:
        native, updated = review["id"]["label"], _label(review.get("updated"))
        return {
            "post_id": native,
            "thread_id": native,
            "author": _label((review.get("author") or {}).get("name")),
            "created_at": moment(updated) if updated else None,
            "title": _label(review.get("title")),
            "body": review["content"]["label"],
            "url": review.get("link", {}).get("attributes", {}).get("href"),
            "rating": review["im:rating"]["label"],
            "score": _label(review.get("im:voteSum")),
            "channel": channel,
            "app_version": _label(review.get("im:version")),
            "country": channel.partition("/")[0],
        }


def _label(field: Any) -> str | None:
    return field.get("label") if isinstance(field, dict) else None


def _is_feed(answer: Any) -> bool:
    return isinstance(answer, dict) and isinstance(answer.get("feed"), dict)


def _reviews(answer: Mapping[str, Any]) -> list[Any]:
    """Return the entries that are reviews; a single one is no list, and the app may be first."""
    entries = answer["feed"].get("entry", [])
    listed = entries if isinstance(entries, list) else [entries]
    return [e for e in listed if not (isinstance(e, dict) and "im:artist" in e)]


def _moment(position: Position) -> datetime | None:
    return moment(position["newest"]) if position.get("newest") else None


def _latest(rows: Rows) -> datetime | None:
    moments = (row.values["created_at"] for row in rows if isinstance(row, Row))
    return max(filter(None, moments), default=None)
