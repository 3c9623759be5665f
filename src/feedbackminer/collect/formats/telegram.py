"""Chats as Telegram Desktop exports them (format JSON): one chat, or a whole account.

Chats between persons are never posts. In a group with topics a topic is a channel; elsewhere the
chat is. https://core.telegram.org/import-export
"""

from __future__ import annotations

from collections.abc import Iterator

from feedbackminer.collect.formats.accounts import Accounts
from feedbackminer.collect.formats.json_access import (
    Values,
    identifier,
    items,
    part,
    parts,
    text,
    total,
)
from feedbackminer.collect.formats.tables import item_rows
from feedbackminer.collect.formats.thread_roots import root_of
from feedbackminer.collect.rows import BadRow, Row

_CHAT_LISTS = ("chats", "left_chats")
_MARKS = {"from_id", "actor_id", "date_unixtime", "text_entities"}  # of a message, with its type


def is_document(document: Values) -> bool:
    """Tell whether a JSON object is a chat, or the export of an account."""
    if any(isinstance(part(document, name).get("list"), list) for name in _CHAT_LISTS):
        return True
    messages = document.get("messages")
    if not isinstance(messages, list) or {"channel", "channel_id"} & document.keys():
        return False
    first = [m for m in messages[:10] if isinstance(m, dict) and "type" in m]
    return any(_MARKS & message.keys() for message in first) or (
        not messages and {"name", "type", "id"} <= document.keys()
    )


def document_rows(name: str, document: Values) -> Iterator[Row | BadRow]:
    """Yield every message, chat by chat."""
    accounts = Accounts()
    if "messages" in document:
        yield from _Chat(document, accounts).rows(name)
        return
    for group in _CHAT_LISTS:
        for chat in item_rows(f"{name}, {group}", items(part(document, group), "list")):
            if isinstance(chat, Row):
                yield from _Chat(chat.values, accounts).rows(chat.ref)
            else:
                yield chat


class _Chat:
    """Turns the messages of one chat into rows."""

    def __init__(self, chat: Values, accounts: Accounts) -> None:
        kind = text(chat, "type")
        self.is_private = bool(kind) and "group" not in kind and "channel" not in kind
        self.is_broadcast = "channel" in kind
        self.native, self.name = identifier(chat, "id"), text(chat, "name")
        self.accounts = accounts
        self.messages = items(chat, "messages")
        known = [message for message in self.messages if isinstance(message, dict)]
        self.answered = _answered_in(known)
        self.topics = _topics(known)
        self.parents = {n: above for n, above in self.answered.items() if above not in self.topics}
        self.roots: dict[str, str] = {}
        self.ends: dict[str, str] = {}  # of the chains of answers, topics included
        for message in known:
            self._author(message)  # so that texts can mention who writes later

    def rows(self, name: str) -> Iterator[Row | BadRow]:
        for row in item_rows(name, self.messages):
            yield self._message(row) if isinstance(row, Row) else row

    def _message(self, row: Row) -> Row | BadRow:
        message = row.values
        kind = text(message, "type") or "message"
        if self.is_private:
            return BadRow(row.ref, "private_message", "said between persons, not in a group")
        if kind != "message":
            what = (text(message, "action") or kind)[:40]
            return BadRow(row.ref, "system_action", f"a notice of Telegram ({what}), not a post")
        if "forwarded_from" in message and message["forwarded_from"] != message.get("from"):
            return BadRow(row.ref, "forwarded", "a forward: the words are somebody else's")
        return Row.given(row.ref, self._values(message))

    def _values(self, message: Values) -> Values:
        native, above = identifier(message, "id"), _answered(message)
        topic = root_of(native, self.answered, self.ends)
        return {
            "post_id": self._id(native),
            "thread_id": self._id(root_of(native, self.parents, self.roots)),
            "parent_id": None if above in self.topics else self._id(above),
            "author": self._author(message),
            "author_role": "staff" if self._is_of_chat(message) else None,
            "created_at": text(message, "date_unixtime") or text(message, "date"),
            "edited_at": text(message, "edited_unixtime") or text(message, "edited"),
            "body": self._text(message),
            "score": total(message, "reactions", "count"),
            "channel": self.topics.get(topic) or self.name,
        }

    def _id(self, native: str) -> str | None:
        """Return the id of a message; it counts in its chat only."""
        return f"{self.native}/{native}" if native and self.native else native or None

    def _author(self, message: Values) -> str:
        return self.accounts.name(identifier(message, "from_id"), text(message, "from"))

    def _is_of_chat(self, message: Values) -> bool:
        """Tell whether the chat itself speaks: a channel, or an administrator without a name."""
        return self.is_broadcast or identifier(message, "from_id") == f"channel{self.native}"

    def _text(self, message: Values) -> str:
        pieces = items(message, "text") or items(message, "text_entities")
        whole = "".join(map(self._piece, pieces))
        poll = part(message, "poll")
        lines = [text(poll, "question"), *(f"- {text(a, 'text')}" for a in parts(poll, "answers"))]
        return "\n".join([whole, *lines]).strip() if poll else whole

    def _piece(self, piece: object) -> str:
        """Return a part of a text as people see it."""
        if not isinstance(piece, dict):
            return piece if isinstance(piece, str) else ""
        shown, kind = text(piece, "text"), piece.get("type")
        if kind == "mention_name":
            return "@" + self.accounts.known(f"user{identifier(piece, 'user_id')}")
        if kind == "text_link":
            return f"[{shown}]({text(piece, 'href')})"
        if kind == "pre":
            return f"\n```\n{shown}\n```\n"
        if kind == "blockquote":
            return "\n" + "".join(f"> {line}\n" for line in shown.splitlines())
        return f"`{shown}`" if kind == "code" else shown


def _answered(message: Values) -> str:
    """Return the id of what a message replies to, unless that stands in another chat."""
    is_elsewhere = text(message, "reply_to_peer_id") != ""
    return "" if is_elsewhere else identifier(message, "reply_to_message_id")


def _answered_in(messages: list[Values]) -> dict[str, str]:
    """Return message -> the message of this chat that it replies to."""
    ids = {identifier(message, "id") for message in messages}
    answered = {identifier(message, "id"): _answered(message) for message in messages}
    return {native: above for native, above in answered.items() if above and above in ids}


def _topics(messages: list[Values]) -> dict[str, str]:
    """Return the notice that opened a topic -> the topic's title."""
    notices = [m for m in messages if m.get("action") == "topic_created"]
    return {identifier(notice, "id"): text(notice, "title") for notice in notices}
