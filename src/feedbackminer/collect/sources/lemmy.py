"""Lemmy: posts and comments of communities, from one instance (its interface of version 3).

Both are listed with the newest first. Posts that moderators have pinned stand above, whatever
their age. Deleted comments stay in the list without their text; deleted posts leave it. The secret
is a session token ("jwt"), where an instance is closed to guests.
https://join-lemmy.org/docs/contributors/04-api.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from feedbackminer.collect.files import BadRow, Row
from feedbackminer.collect.http.answers import MissingError
from feedbackminer.collect.http.client import Limits, Web
from feedbackminer.collect.sources.helpers import as_rows, need, site
from feedbackminer.collect.sources.newest_first import Item, Listed, Newest, whole_of
from feedbackminer.collect.sources.protocol import Page, Position, Window, moment
from feedbackminer.errors import SourceError
from feedbackminer.settings.sections import SourceSettings

PAGE = 50  # the most that an answer holds
LISTS = ("post", "comment")
PINNED = ("featured_community", "featured_local")


class Reader:
    """Reads communities of a Lemmy instance; the secret is a token, where it is not public."""

    withheld = (
        "a Lemmy instance has what has reached it from others; what arrives late, edits and "
        "deletions are seen among the newest fifty posts and fifty comments of a community only"
    )

    def __init__(self, name: str, settings: SourceSettings, secret: str, limits: Limits) -> None:
        self.name, self.settings = name, settings
        base = site(name, settings)
        need(settings.channels, name, "channels", 'channels = ["inkwren", "notes@lemmy.example"]')
        self.channels = tuple(c.strip("/!").removeprefix("c/") for c in settings.channels)
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        self.web = Web(base, headers, settings.private_network, limits)

    def pages(self, channel: str, position: Position, window: Window) -> Iterator[Page]:
        """Yield fifty posts, then comments, at a time, down to what was read before."""
        overlap = PAGE * self.settings.overlap_pages
        kept, down_to = dict(position), []
        for part in LISTS:
            listed = Newest(partial(self._list, channel, part), _moment, overlap, window.since)
            for stretch in listed.read(kept.get(part, {})):
                kept[part] = stretch.position
                yield Page(self._rows(channel, stretch.items), dict(kept))
            down_to.append(stretch.down_to)
        yield Page([], kept, [whole_of(channel, *down_to)])

    def deleted(self, native_ids: Sequence[str]) -> set[str]:
        """Ask for each post; deleted ones are not found, or say so."""
        return {native for native in native_ids if self._is_deleted(native)}

    def probe(self) -> str:
        """Read the newest posts of the first community."""
        posts, _ = self._list(self.channels[0], "post", None)
        return f"{self.web.base}: {len(posts)} newest posts of {self.channels[0]} can be read"

    def close(self) -> None:
        """Close the connections."""
        self.web.close()

    def _list(self, channel: str, part: str, place: Mapping[str, Any] | None) -> Listed:
        """Return a page of a list; posts have cursors that later ones do not move."""
        place = place or {"page": 1}
        asked = {"community_name": channel, "type_": "All", "sort": "New", "limit": PAGE, **place}
        answer = self.web.json(
            f"api/v3/{part}/list", asked, is_right=lambda f: _is_right(f, part, channel)
        )
        items, cursor = answer[f"{part}s"], answer.get("next_page")
        onward = {"page_cursor": cursor} if cursor else {"page": place.get("page", 1) + 1}
        return items, onward if len(items) == PAGE else None

    def _rows(self, channel: str, items: Sequence[Item]) -> list[Row | BadRow]:
        return as_rows(items, lambda i: self._row(channel, i), lambda i: f"{self.name}:{_id(i)}")

    def _row(self, channel: str, item: Item) -> dict[str, Any]:
        is_comment, thing = "comment" in item, _thing(item)
        text = thing["content"] if is_comment else thing.get("body") or ""
        is_staff = item.get("creator_is_moderator") or item.get("creator_is_admin")
        creator = item.get("creator") or {}

        return {
            "post_id": _id(item),
            "thread_id": f"p{thing['post_id']}" if is_comment else _id(item),
            "parent_id": _parent(thing) if is_comment else None,
            "author": _author(creator),
            "author_role": "bot" if creator.get("bot_account") else "staff" if is_staff else None,
            "created_at": thing.get("published"),
            "edited_at": thing.get("updated"),
            "title": None if is_comment else thing.get("name"),
            "body": "[deleted]" if _is_gone(thing) else text,
            "url": thing.get("ap_id"),
            "score": (item.get("counts") or {}).get("score"),
            "channel": channel,
        }

    def _is_deleted(self, native: str) -> bool:
        part = "comment" if native.startswith("c") else "post"
        try:
            answer = self.web.json(f"api/v3/{part}", {"id": native[1:]})
        except MissingError:
            return True
        except SourceError as error:  # some versions answer 400 where others answer 404
            if f"couldnt_find_{part}" in str(error):
                return True
            raise
        return _is_gone((answer.get(f"{part}_view") or {}).get(part) or {})


def _is_gone(thing: Item) -> bool:
    return bool(thing.get("deleted") or thing.get("removed"))


def _thing(item: Item) -> Item:
    thing: Item = item["comment"] if "comment" in item else item["post"]
    return thing


def _id(item: Item) -> str:
    return f"{'c' if 'comment' in item else 'p'}{_thing(item)['id']}"


def _parent(comment: Item) -> str:
    """Return what a comment answers; its path is 0, the ids of those above, and its own."""
    _, above, _ = f"0.{comment.get('path') or '0.'}".rsplit(".", 2)
    return f"p{comment['post_id']}" if above == "0" else f"c{above}"


def _author(creator: Item) -> str | None:
    if creator.get("deleted"):
        return None
    name, host = creator.get("name"), urlsplit(creator.get("actor_id") or "").netloc
    return f"{name}@{host}" if name and host and not creator.get("local", True) else name


def _moment(item: Item) -> float | None:
    """Return when a post was made; pinned ones stand out of order."""
    try:
        thing = _thing(item)
        if "comment" not in item and any(thing.get(flag) for flag in PINNED):
            return None
        return moment(thing["published"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return None


def _is_right(answer: Any, part: str, channel: str) -> bool:
    """Tell whether an answer lists this community: of an unknown one, old versions list all."""
    items = answer.get(f"{part}s") if isinstance(answer, dict) else None
    if not isinstance(items, list) or not all(
        isinstance(item, dict) and isinstance(item.get(part), dict) for item in items
    ):
        return False
    name = channel.partition("@")[0].casefold()
    return all(
        str((item.get("community") or {}).get("name", name)).casefold() == name for item in items
    )
