"""Hacker News: stories and comments that hold the words of ``query``, or have certain tags.

Algolia's search gives the newest first, and a thousand at most; so each page asks for what is not
newer than the oldest of the page before. Nothing is secret. https://hn.algolia.com/api
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from feedbackminer.collect.files import BadRow, Row
from feedbackminer.collect.http.answers import MissingError
from feedbackminer.collect.http.client import Limits, Web
from feedbackminer.collect.sources.helpers import as_rows, need, site
from feedbackminer.collect.sources.newest_first import Item, Listed, Newest, whole_of
from feedbackminer.collect.sources.protocol import Page, Position, Window
from feedbackminer.errors import SettingsError
from feedbackminer.settings.sections import SourceSettings

PAGE = 100
KINDS = "(story,comment,poll)"


class Reader:
    """Reads the search of Hacker News; there is no secret."""

    withheld = (
        "the search of Hacker News finds comments only where they hold the words themselves "
        "(the channel story_ID has all comments of a story); edits and deletions are seen among "
        "the newest posts only"
    )

    def __init__(self, name: str, settings: SourceSettings, secret: str, limits: Limits) -> None:  # noqa: ARG002
        self.name, self.settings = name, settings
        base = site(name, settings, "https://hn.algolia.com/api/v1")
        need(settings.query or settings.channels, name, "query", 'query = "inkwren"')
        self.channels = settings.channels or ("",)
        for channel in settings.channels:
            if not channel or set(channel) & set("() "):
                raise SettingsError(
                    f"sources.{name}.channels: want tags of the search such as 'show_hn' or "
                    f"'story_8863,author_dhouston', got {channel!r}"
                )
        self.web = Web(base, {}, settings.private_network, limits)

    def pages(self, channel: str, position: Position, window: Window) -> Iterator[Page]:
        """Yield a hundred posts at a time, down to what was read before."""
        overlap = PAGE * self.settings.overlap_pages
        listed = Newest(partial(self._search, channel), _moment, overlap, window.since)
        top = [int(window.until.timestamp()), 0] if window.until else None
        for stretch in listed.read(position, top):
            yield Page(self._rows(stretch.items), stretch.position)
        whole = replace(whole_of(channel or None, stretch.down_to), until=window.until)
        yield Page([], stretch.position, [whole])

    def deleted(self, native_ids: Sequence[str]) -> set[str]:
        """Ask for each post; deleted and killed ones have left the index."""
        return {native for native in native_ids if self._is_deleted(native)}

    def probe(self) -> str:
        """Search the first channel."""
        return f"{self.web.base}: {len(self._search(self.channels[0], None)[0])} newest posts"

    def close(self) -> None:
        """Close the connections."""
        self.web.close()

    def _search(self, channel: str, place: Sequence[int] | None) -> Listed:
        """Return the newest posts that are not after a second, on a page, and what follows them."""
        upto, page = place or (None, 0)
        asked = {
            "query": self.settings.query,
            "tags": f"{channel},{KINDS}" if channel else KINDS,
            "numericFilters": None if upto is None else f"created_at_i<={upto}",
            "hitsPerPage": PAGE,
            "page": page,
            "typoTolerance": "false",
        }
        hits = self.web.json(
            "search_by_date", asked, is_right=lambda answer: _is_right(answer, channel, upto)
        )["hits"]

        oldest = min((int(m) for hit in hits if (m := _moment(hit)) is not None), default=upto)
        if len(hits) < PAGE or oldest is None:
            return hits, None
        return hits, [upto, page + 1] if oldest == upto else [oldest, 0]

    def _rows(self, hits: Sequence[Item]) -> list[Row | BadRow]:
        return as_rows(hits, self._row, lambda hit: f"{self.name}:{hit['objectID']}")

    def _row(self, hit: Item) -> dict[str, Any]:
        native, is_comment = hit["objectID"], "comment" in (hit.get("_tags") or [])
        text = hit["comment_text"] if is_comment else hit.get("story_text")
        return {
            "post_id": native,
            "thread_id": hit["story_id"] if is_comment else native,
            "parent_id": hit.get("parent_id") if is_comment else None,
            "author": hit.get("author"),
            "created_at": hit.get("created_at_i"),
            "title": None if is_comment else hit.get("title"),
            "body": f"<p>{text}</p>" if text else "",
            "url": f"https://news.ycombinator.com/item?id={native}",
            "score": hit.get("points"),
            "channel": self._channel_of(hit),
        }

    def _channel_of(self, hit: Item) -> str | None:
        """Return the first channel that a post is part of."""
        tags = set(hit.get("_tags") or [])
        return next((c for c in self.channels if c and set(c.split(",")) <= tags), None)

    def _is_deleted(self, native: str) -> bool:
        try:
            self.web.json(f"items/{native}")
        except MissingError:
            return True
        return False


def _moment(hit: Item) -> float | None:
    made = hit.get("created_at_i")
    return float(made) if isinstance(made, int | float) else None


def _is_right(answer: Any, channel: str, upto: int | None) -> bool:
    """Tell whether an answer is one to this question, not to another one."""
    hits = answer.get("hits") if isinstance(answer, dict) else None
    if not isinstance(hits, list) or not all(isinstance(hit, Mapping) for hit in hits):
        return False
    tags = set(channel.split(",")) - {""}
    return all(
        tags <= set(hit.get("_tags") or tags) and (upto is None or (_moment(hit) or 0) <= upto)
        for hit in hits
    )
