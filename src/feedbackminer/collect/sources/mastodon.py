"""Mastodon: public posts under a hashtag (``#tag``) or that mention an account (``@name``).

Both lists are read upwards by ``min_id``; each page begins with a post that is known already, so
that no gap stays unseen. What else was said in a thread comes from its context, asked for only
where the number of replies has changed. The secret is an access token: with ``read:statuses`` for
hashtags of a server that is not open to all, ``read:notifications`` too for mentions.
https://docs.joinmastodon.org/api
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from feedbackminer.collect.files import BadRow, Row
from feedbackminer.collect.http.answers import MissingError
from feedbackminer.collect.http.client import Limits, Web
from feedbackminer.collect.sources.helpers import as_rows, need, site, span_of, with_notice
from feedbackminer.collect.sources.protocol import Page, Position, Whole, Window
from feedbackminer.errors import SettingsError, SourceError
from feedbackminer.privacy.secrets import SECRET_PREFIX
from feedbackminer.settings.sections import SourceSettings

PAGE = 40  # the most that the server gives
ASKED_ANEW = 4  # where an answer does not fit to the one before: a cache may give an earlier one
BEFORE = timedelta(days=1)  # a window: its replies are found through what they answer
Status = Mapping[str, Any]
Entry = tuple[str, Status]  # an id of the list, and the status there
Recent = dict[str, tuple[int, str]]  # id of the list -> replies of its status, its thread
WITHHELD = (
    "Mastodon shows replies without the hashtag or mention only where they answer such a "
    "post, and late replies, edits and deletions only among the newest posts; posts that are "
    "not public are left out"
)
NO_THREADS = "the server refused to show threads, so replies may be missing"


class Reader:
    """Reads a Mastodon server; the secret is an access token."""

    def __init__(self, name: str, settings: SourceSettings, secret: str, limits: Limits) -> None:
        self.name, self.settings, self.withheld = name, settings, WITHHELD
        self.base = site(name, settings)
        need(settings.channels, name, "channels", 'channels = ["#inkwren", "@inkwren"]')
        self.channels = tuple(_channel(name, channel) for channel in settings.channels)
        if not secret and any(channel.startswith("@") for channel in self.channels):
            raise SettingsError(
                f"sources.{name}: mentions need an access token with read:notifications; set "
                f"{SECRET_PREFIX}{name.upper()}"
            )
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        self.web = Web(self.base, headers, settings.private_network, limits)
        self.has_threads = True  # until the server refuses to show one
        self.threads: dict[str, str] = {}  # status -> thread, where its context was read just now

    def pages(self, channel: str, position: Position, window: Window) -> Iterator[Page]:
        """Yield forty posts at a time, and what was said around them, up to the newest."""
        kept = max(PAGE * self.settings.overlap_pages, 1)
        recent: Recent = {i: (count, thread) for i, count, thread in position.get("recent", [])}
        after = floor = position.get("after") or _first_id(channel, window)
        edge, last = None, ""  # the moment, and the id, up to which everything was seen

        while True:
            entries = self._entries(channel, after, recent)
            is_newest = len(entries) < PAGE or entries[-1][0] == last
            rows, whole, read_now = self._read(entries, recent)
            recent = _remembered(recent, read_now, after, is_newest)
            forgotten = list(recent)[:-kept]
            floor = forgotten[-1] if forgotten else floor
            recent = {i: recent[i] for i in list(recent)[-kept:]}
            recent_rows = [[i, *values] for i, values in recent.items()]

            ends = [status for _, status in (*entries[:1], *entries[-1:])]
            span = span_of(ends, "created_at", channel=channel, since=edge, is_newest=is_newest)
            yield Page(rows, {"after": floor, "recent": recent_rows}, [*span, *whole])

            edge = span[0].until if span else edge
            if is_newest or (edge and window.until and edge >= window.until):
                return
            last, after = entries[-1][0], entries[-2][0]

    def deleted(self, native_ids: Sequence[str]) -> set[str]:
        """Ask for each post; the server does not know deleted ones."""
        return {native for native in native_ids if self._is_deleted(native)}

    def probe(self) -> str:
        """Read the newest posts of each channel."""
        counts = [f"{c}: {len(self._page(c, {'limit': PAGE}))} newest" for c in self.channels]
        return f"{self.base}: {', '.join(counts)}"

    def close(self) -> None:
        """Close the connections."""
        self.web.close()

    def _entries(self, channel: str, after: str, recent: Recent) -> list[Entry]:
        """Return what follows an id, oldest first, once it begins with what is known.

        Where nothing is known yet, two answers have to be the same.
        """
        newest = max(map(_order, recent), default=None)
        entries: list[Entry] = []
        ids: list[str] | None = None
        for _ in range(ASKED_ANEW):
            entries, before = self._page(channel, {"min_id": after, "limit": PAGE}), ids
            ids = [i for i, _ in entries]
            if newest and ids and _order(after) < _order(ids[0]) <= newest:
                break
            if newest is None and ids == before:
                break
        return [entry for entry in entries if _order(entry[0]) > _order(after)]

    def _page(self, channel: str, params: Mapping[str, Any]) -> list[Entry]:
        if channel.startswith("#"):
            path = f"api/v1/timelines/tag/{quote(channel[1:], safe='')}"
            items = self.web.json(path, params, is_right=_is_list_of_items)
            entries = [(item["id"], item) for item in items]
        else:
            params = {**params, "types[]": ["mention"]}
            items = self.web.json("api/v1/notifications", params, is_right=_is_list_of_items)
            entries = [(item["id"], item.get("status") or {}) for item in items]
        return sorted(entries, key=lambda entry: _order(entry[0]))

    def _read(
        self, entries: Sequence[Entry], recent: Recent
    ) -> tuple[list[Row | BadRow], list[Whole], Recent]:
        """Return the rows of some posts and their threads, which threads are whole, and what is
        to be known of the posts the next time.
        """
        statuses: list[tuple[Status, str]] = []  # each with its thread
        whole, read_now = [], {}
        for entry, status in entries:
            native, count = str(status.get("id") or ""), status.get("replies_count") or 0
            before, thread = recent.get(entry, (0, ""))
            thread = thread or self.threads.get(native, "")
            thread = thread or ("" if status.get("in_reply_to_id") else native)

            talk = [status]
            if native and (not thread or (count != before and native not in self.threads)):
                talk = self._conversation(status, count)
                if self.has_threads:
                    thread = str(talk[0]["id"])
                    self.threads |= {str(s["id"]): thread for s in talk}
                    whole.append(Whole(thread))
                else:
                    count = before  # to be asked for the next time
            statuses += [
                (s, thread or native) for s in talk if s.get("visibility", "public") == "public"
            ]
            read_now[entry] = (count, thread)

        rows = as_rows(statuses, lambda f: self._row(*f), lambda f: f"{self.name}:{f[0]['id']}")
        return rows, whole, read_now

    def _conversation(self, status: Status, replies: int) -> list[Status]:
        """Return a post with all that is before and after it in its thread, opener first.

        Where the server refuses to show threads, that is told, and it is not asked again.
        """
        path = f"api/v1/statuses/{status['id']}/context"
        talk, ids = [status], [status["id"]]
        for _ in range(ASKED_ANEW if self.has_threads else 0):
            try:
                context, before = self.web.json(path, is_right=_is_context), ids
            except MissingError:  # deleted in between
                return talk
            except SourceError:
                self.has_threads = False
                self.withheld = with_notice(self.withheld, NO_THREADS)
                return [status]
            talk = [*context["ancestors"], status, *context["descendants"]]
            ids = [s["id"] for s in talk]
            if sum(s.get("in_reply_to_id") == status["id"] for s in talk) >= replies:
                break
            if ids == before:  # some replies are hidden from us
                break
        return talk

    def _row(self, status: Status, thread: str) -> dict[str, Any]:
        warning = f"<p>{status['spoiler_text']}</p>" if status.get("spoiler_text") else ""
        account = status.get("account") or {}
        return {
            "post_id": status["id"],
            "thread_id": thread,
            "parent_id": status.get("in_reply_to_id"),
            "author": account.get("acct"),
            "author_role": "bot" if account.get("bot") else None,
            "created_at": status.get("created_at"),
            "edited_at": status.get("edited_at"),
            "body": f"<div>{warning}{status['content']}</div>",
            "url": status.get("url") or status.get("uri"),
            "score": status.get("favourites_count"),
            "post_type": status["visibility"],  # where this is missing, it might be private
            "channel": self._channel_of(status),
        }

    def _channel_of(self, status: Status) -> str | None:
        """Return the first channel that a post is part of; other replies are part of none."""
        parts = {f"#{tag.get('name')}".casefold() for tag in status.get("tags") or []}
        parts |= {f"@{member.get('acct')}".casefold() for member in status.get("mentions") or []}
        return next((c for c in self.channels if c.casefold() in parts), None)

    def _is_deleted(self, native: str) -> bool:
        try:
            self.web.json(f"api/v1/statuses/{native}")
        except MissingError:
            return True
        return False


def _channel(name: str, channel: str) -> str:
    if len(channel) < 2 or channel[0] not in "#@":
        raise SettingsError(
            f"sources.{name}.channels: want a hashtag such as '#inkwren' or an account such as "
            f"'@inkwren', got {channel!r}"
        )
    return channel[0] + channel[1:].partition("@")[0]  # the account is of this server


def _first_id(channel: str, window: Window) -> str:
    """Return an id before the window; those of statuses begin with their time."""
    if window.since is None or channel.startswith("@"):
        return "0"
    return str(int((window.since - BEFORE).timestamp() * 1000) << 16)


def _remembered(recent: Recent, read_now: Recent, after: str, is_newest: bool) -> Recent:
    """Return what is known once a page is read: its posts, and those before and beyond it."""
    upto = max(map(_order, read_now), default=_order(after))
    others = {
        i: values
        for i, values in recent.items()
        if _order(i) <= _order(after) or (not is_newest and _order(i) > upto)
    }
    return dict(sorted((others | read_now).items(), key=lambda item: _order(item[0])))


def _order(native: str) -> tuple[int, str]:
    return len(native), native


def _is_list_of_items(answer: Any) -> bool:
    return isinstance(answer, list) and all(isinstance(i, dict) and "id" in i for i in answer)


def _is_context(answer: Any) -> bool:
    parts = ("ancestors", "descendants")
    return isinstance(answer, dict) and all(_is_list_of_items(answer.get(part)) for part in parts)
