"""The bulk export of Mattermost: one object a line, each with its ``type``.

Messages have no ids there; a channel and a moment name one. Direct messages are never posts.
https://docs.mattermost.com/onboard/bulk-loading-data.html
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from feedbackminer.collect.formats.json_access import Values, identifier, items, part, parts, text
from feedbackminer.collect.formats.tables import item_rows, jsonl_rows
from feedbackminer.collect.rows import BadRow, Row

_NO_MESSAGES = {
    "version", "team", "channel", "user", "bot", "role", "scheme", "emoji", "direct_channel",
}  # fmt: skip
_MESSAGES = {"post", "direct_post"}


def is_export(whole: str) -> bool:
    """Tell whether the first line is one of a bulk export."""
    line = whole.lstrip()[:100_000].partition("\n")[0]
    try:
        first = json.loads(line)
    except (ValueError, RecursionError):
        return False
    if not isinstance(first, dict):
        return False
    kind = text(first, "type")
    if kind == "version":
        return isinstance(first.get("version"), int)
    return kind in _NO_MESSAGES | _MESSAGES and bool(part(first, kind))


def rows(name: str, whole: str) -> Iterator[Row | BadRow]:
    """Yield every message, a reply after what it answers."""
    lines = list(jsonl_rows(name, whole))
    reader = _Messages([line.values for line in lines if isinstance(line, Row)])
    for line in lines:
        if isinstance(line, Row):
            yield from reader.line(line)
        else:
            yield line


class _Messages:
    """Turns lines into rows, given the channels and users of all lines."""

    def __init__(self, lines: list[Values]) -> None:
        channels, users, bots = (
            [part(line, kind) for line in lines if line.get("type") == kind]
            for kind in ("channel", "user", "bot")
        )
        self.channels = {_place(c, "name"): text(c, "display_name") for c in channels}
        self.admins = {text(u, "username") for u in users if "system_admin" in text(u, "roles")}
        self.bots = {text(bot, "username") for bot in bots}
        self.times: Counter[str] = Counter()

    def line(self, row: Row) -> Iterator[Row | BadRow]:
        """Yield the post of a line and the replies to it."""
        kind = text(row.values, "type")
        post = part(row.values, kind)
        if kind in _NO_MESSAGES:
            return
        if kind == "post" and post:
            yield from self._thread(row.ref, post)
        elif kind == "direct_post":
            yield from _private(row.ref, post)
        else:
            yield BadRow(row.ref, "unknown_format", f"a line of the type {kind[:40]!r}, no post")

    def _thread(self, ref: str, post: Values) -> Iterator[Row | BadRow]:
        place = _place(post, "channel")
        opener = self._native(place, post)
        about = {"thread_id": opener, "channel": self.channels.get(place) or text(post, "channel")}
        yield self._message(ref, post, about | {"post_id": opener})
        for reply in item_rows(f"{ref}, replies", items(post, "replies")):
            if isinstance(reply, Row):
                own = {"post_id": self._native(place, reply.values), "parent_id": opener}
                yield self._message(reply.ref, reply.values, about | own)
            else:
                yield reply

    def _native(self, place: str, message: Values) -> str:
        """Name a message after its place and moment; of several of one moment by their order."""
        native = f"{place}/{identifier(message, 'create_at')}"
        self.times[native] += 1
        return native if self.times[native] == 1 else f"{native}-{self.times[native]}"

    def _message(self, ref: str, message: Values, about: Values) -> Row | BadRow:
        kind = text(message, "type")
        if kind.startswith("system_"):
            detail = f"a notice of Mattermost ({kind[:40]}), not a post"
            return BadRow(ref, "system_action", detail)
        user, props = text(message, "user"), part(message, "props")
        is_hook = text(props, "from_webhook") == "true"
        values = {
            "author": (text(props, "override_username") if is_hook else "") or user,
            "author_role": self._role(user, props),
            "created_at": text(message, "create_at"),
            "edited_at": identifier(message, "edit_at").lstrip("0") or None,
            "body": text(message, "message"),
            "score": len(parts(message, "reactions")),
        }
        return Row.given(ref, about | values)

    def _role(self, user: str, props: Values) -> str:
        marks = (text(props, mark).lower() for mark in ("from_bot", "from_webhook"))
        if user in self.bots or "true" in marks:
            return "bot"
        return "staff" if user in self.admins else "member"


def _private(ref: str, post: Values) -> Iterator[BadRow]:
    """Tell of a direct message and of each reply to it."""
    replies = (f"{ref}, replies:item {n}" for n, _ in enumerate(items(post, "replies"), start=1))
    for place in (ref, *replies):
        yield BadRow(place, "private_message", "said between persons, not in a channel")


def _place(values: Values, channel: str) -> str:
    return f"{text(values, 'team')}/{text(values, channel)}"
