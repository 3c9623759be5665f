"""Messages of a Slack export: a ZIP of ``users.json``, ``channels.json``, ``CHANNEL/DATE.json``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from feedbackminer.collect import fields
from feedbackminer.collect.formats.archives import Archive
from feedbackminer.collect.formats.json_access import Values, part, parts
from feedbackminer.collect.formats.slack_blocks import written
from feedbackminer.collect.formats.tables import item_rows
from feedbackminer.collect.rows import BadRow, Row

_DAY = re.compile(r"(?:^|/)([^/]+)/\d{4}-\d{2}-\d{2}\.json$")
_LISTS = {"channels.json", "groups.json", "users.json", "org_users.json"}
_POST_SUBTYPES = {
    "",
    "bot_message",
    "me_message",
    "file_share",
    "thread_broadcast",
    "reply_broadcast",
}
_MARKUP = re.compile(r"<((?:[@#!]|[a-z]{1,10}:)[^<>|\s]{1,2000})(?:\|([^<>]{0,2000}))?>")
_ESCAPES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def is_export(archive: Archive) -> bool:
    """Tell whether an archive is a Slack export, also where it was packed with its folder."""
    return _root(archive) is not None and any(map(_DAY.search, archive.openers))


def rows(archive: Archive) -> Iterator[Row | BadRow]:
    """Yield every message, channel by channel and day by day."""
    people = {str(user["id"]): user for user in _listed(archive, "users", "org_users")}
    channels = _listed(archive, "channels", "groups")
    private = {str(chat["id"]) for chat in _listed(archive, "dms", "mpims")}
    private |= {str(chat.get("name")) for chat in _listed(archive, "mpims")}
    reader = Messages(people, {str(c.get("name")): str(c["id"]) for c in channels})
    root = _root(archive) or ""
    yield from archive.refused
    for member in sorted(archive.openers):
        if day := _DAY.search(member):
            for row in _day_rows(archive, member):
                yield reader.message(row, day[1], day[1] in private)
        elif "/" in member.removeprefix(root) or not member.endswith(".json"):
            detail = "no day of a channel; want CHANNEL/YYYY-MM-DD.json"
            yield BadRow(f"{archive.name}/{member}", "unknown_format", detail)


def _root(archive: Archive) -> str | None:
    """Return the folder that an export lies in, with its slash."""
    for member in sorted(archive.openers, key=len):
        folder, slash, file = member.rpartition("/")
        if file in _LISTS and "/" not in folder:
            return folder + slash
    return None


def _listed(archive: Archive, *names: str) -> list[Values]:
    """Return the entries of lists that have an id; a list that is missing or damaged has none."""
    members = [f"{_root(archive)}{name}.json" for name in names]
    rows = [row for m in members if m in archive.openers for row in _day_rows(archive, m)]
    return [row.values for row in rows if isinstance(row, Row) and row.values.get("id")]


def _day_rows(archive: Archive, member: str) -> Iterator[Row | BadRow]:
    data = archive.read(member)
    if isinstance(data, BadRow):
        yield data
        return
    name = f"{archive.name}/{member}"
    try:
        items = json.loads(data)
    except (ValueError, RecursionError) as error:
        yield BadRow(name, "malformed_json", str(error)[:200])
        return
    yield from item_rows(name, items if isinstance(items, list) else [items])


class Messages:
    """Turns messages into rows, given the users by id and the channels' ids by name."""

    def __init__(self, people: dict[str, Values], channel_ids: dict[str, str]) -> None:
        self.people, self.channel_ids = people, channel_ids
        self.channel_names = {native: name for name, native in channel_ids.items()}

    def message(self, row: Row | BadRow, channel: str, is_private: bool) -> Row | BadRow:
        """Return the row of a message in our names, or why it is no post."""
        if isinstance(row, BadRow):
            return row
        message = row.values
        kind = str(message.get("subtype") or "")
        if kind == "tombstone":
            return BadRow(row.ref, "deleted_at_source", "the message was deleted")
        if kind not in _POST_SUBTYPES or message.get("type", "message") != "message":
            return BadRow(row.ref, "system_action", f"a notice of Slack ({kind[:40]}), not a post")
        if is_private:
            return BadRow(row.ref, "private_message", "said between persons, not in a channel")
        return Row.given(row.ref, self._values(message, channel))

    def _values(self, message: Values, channel: str) -> Values:
        channel_id = self.channel_ids.get(channel, channel)
        moment, opened = message.get("ts"), message.get("thread_ts") or message.get("ts")
        is_reply = opened != moment
        return {
            "post_id": f"{channel_id}/{moment}" if moment else None,
            "thread_id": f"{channel_id}/{opened}" if opened else None,
            "parent_id": f"{channel_id}/{opened}" if is_reply else None,
            "author": self._author(message),
            "author_role": self._role(message),
            "created_at": moment,
            "edited_at": part(message, "edited").get("ts"),
            "body": self._as_shown(written(message)),
            "score": sum(fields.number(r.get("count")) or 0 for r in parts(message, "reactions")),
            "channel": channel,
        }

    def _author(self, message: Values) -> str:
        native = message.get("user")
        if not native:
            return str(message.get("username") or part(message, "bot_profile").get("name") or "")
        return self._name(str(native), part(message, "user_profile"))

    def _name(self, native: str, fallback: Values | None = None) -> str:
        """Return the account name, which is unique; what people are called is not."""
        person = self.people.get(native) or fallback or {}
        return str(person.get("name") or person.get("real_name") or native)

    def _role(self, message: Values) -> str:
        person = self.people.get(str(message.get("user")), {})
        if message.get("bot_id") or message.get("subtype") == "bot_message" or person.get("is_bot"):
            return "bot"
        return "staff" if person.get("is_admin") or person.get("is_owner") else "member"

    def _as_shown(self, text: str) -> str:
        """Return a text with mentions and links as people see them."""
        text = _MARKUP.sub(self._reference, text)
        for escape, sign in _ESCAPES:
            text = text.replace(escape, sign)
        return text

    def _reference(self, match: re.Match[str]) -> str:
        target, label = match[1], match[2] or ""
        if target.startswith("@"):
            return "@" + (
                self._name(target[1:]) if target[1:] in self.people else label or target[1:]
            )
        if target.startswith("#"):
            return "#" + (label or self.channel_names.get(target[1:], target[1:]))
        if target.startswith("!"):
            return label or "@" + target[1:].partition("^")[0]
        shown = target.removeprefix("mailto:")
        is_same = not label or label in shown
        return shown if is_same else f"[{label}]({target})"
