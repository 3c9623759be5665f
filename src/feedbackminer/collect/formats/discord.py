"""Messages of a channel as DiscordChatExporter writes them: one JSON object a file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from feedbackminer.collect import fields
from feedbackminer.collect.formats.json_access import Values, part, parts
from feedbackminer.collect.formats.tables import item_rows
from feedbackminer.collect.formats.thread_roots import root_of
from feedbackminer.collect.rows import BadRow, Row

_POST_TYPES = {"Default", "Reply", "ChatInputCommand", "ContextMenuCommand", "0", "19", "20", "23"}
_REPLIES = {"Reply", "19"}


def is_document(document: Values) -> bool:
    """Tell whether a JSON object is a channel with its messages."""
    return isinstance(document.get("messages"), list) and isinstance(document.get("channel"), dict)


def document_rows(name: str, document: Values) -> Iterator[Row | BadRow]:
    """Yield every message of a channel."""
    items = list(item_rows(name, document["messages"]))
    channel = _Channel(document, _parents(items))
    for row in items:
        yield channel.message(row) if isinstance(row, Row) else row


def _parents(items: list[Row | BadRow]) -> dict[str, str]:
    """Return message -> the message of this file that it replies to."""
    messages = [row.values for row in items if isinstance(row, Row)]
    ids = {str(values.get("id")) for values in messages}
    answered = {str(values.get("id")): _answered(values) for values in messages}
    return {native: parent for native, parent in answered.items() if parent in ids}


def _answered(message: Values) -> str:
    """Return the id of what a message replies to; a forward or a pin refers, but is no reply."""
    is_reply = str(message.get("type")) in _REPLIES
    return str(part(message, "reference").get("messageId") or "") if is_reply else ""


class _Channel:
    """Turns the messages of one channel into rows."""

    def __init__(self, document: Values, parents: dict[str, str]) -> None:
        channel, guild = document["channel"], part(document, "guild")
        kind = str(channel.get("type"))
        self.native, self.guild = str(channel.get("id")), str(guild.get("id"))
        self.is_private = kind.startswith("Direct")
        # A thread is a channel of its own, whose category is the channel that it belongs to.
        self.thread = self.native if kind.endswith("Thread") else ""
        self.title = channel.get("name") if self.thread else None
        self.name = (channel.get("category") if self.thread else None) or channel.get("name")
        self.parents = parents
        self.roots: dict[str, str] = {}

    def message(self, row: Row) -> Row | BadRow:
        message = row.values
        kind = str(message.get("type", "Default"))
        if kind not in _POST_TYPES:
            return BadRow(
                row.ref, "system_action", f"a notice of Discord ({kind[:40]}), not a post"
            )
        if self.is_private:
            return BadRow(row.ref, "private_message", "said between persons, not in a channel")
        values = self._values(message)
        return Row.given(row.ref, values)

    def _values(self, message: Values) -> Values:
        author, native = part(message, "author"), message.get("id")
        is_known = native and self.native and self.guild
        link = f"https://discord.com/channels/{self.guild}/{self.native}/{native}"

        return {
            "post_id": native,
            "thread_id": self.thread or (self._root(str(native)) if native else None),
            "parent_id": _answered(message) or None,
            "author": _account(author),
            "author_role": _role(author),
            "created_at": message.get("timestamp"),
            "edited_at": message.get("timestampEdited"),
            "title": self.title,
            "body": _with_accounts(str(message.get("content") or ""), parts(message, "mentions")),
            "score": sum(fields.number(r.get("count")) or 0 for r in parts(message, "reactions")),
            "channel": self.name,
            "url": link if is_known else None,
        }

    def _root(self, native: str) -> str:
        """Return the first message of the chain of replies, as far as this file has it."""
        return root_of(native, self.parents, self.roots)


def _account(person: Values) -> str:
    """Return the account name; old accounts share names and differ by four digits."""
    name, digits = str(person.get("name") or ""), str(person.get("discriminator") or "0000")
    return name if digits.strip("0") == "" else f"{name}#{digits}"


def _role(author: Values) -> str:
    if author.get("isBot"):
        return "bot"
    roles = {fields.role(role.get("name"), "") for role in parts(author, "roles")}
    return "staff" if "staff" in roles else "member"


def _with_accounts(text: str, mentioned: list[Values]) -> str:
    """Name the mentioned members by their accounts, as their own messages do."""
    accounts: dict[str, str] = {}
    for person in mentioned:
        account = f"@{_account(person)}"
        shown = [name for name in (person.get("nickname"), person.get("name")) if name]
        accounts |= {f"@{name}": account for name in shown}
        accounts |= {f"<@{mark}{person.get('id')}>": account for mark in ("", "!")}
    if not accounts:
        return text
    longest_first = sorted(accounts, key=len, reverse=True)
    either = re.compile(rf"(?:{'|'.join(map(re.escape, longest_first))})(?:(?<=>)|(?!\w))")
    return either.sub(lambda match: accounts[match[0]], text)
