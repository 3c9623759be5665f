"""A Slack channel or thread as slackdump saves it: one JSON object, replies in their messages.

https://github.com/rusq/slackdump
"""

from __future__ import annotations

from collections.abc import Iterator

from feedbackminer.collect.formats.json_access import Values, identifier, items, parts, text
from feedbackminer.collect.formats.slack import Messages
from feedbackminer.collect.formats.tables import item_rows
from feedbackminer.collect.rows import BadRow, Row

_REPLIES = "slackdump_thread_replies"


def is_document(document: Values) -> bool:
    """Tell whether a JSON object is a channel with its messages."""
    messages = document.get("messages")
    if not isinstance(messages, list):
        return False
    first = [message for message in messages[:10] if isinstance(message, dict)]
    if "channel_id" in document:
        return not messages or any("ts" in message for message in first)
    return any(_REPLIES in message for message in first)


def document_rows(name: str, document: Values) -> Iterator[Row | BadRow]:
    """Yield every message, the replies after what they answer."""
    native = identifier(document, "channel_id")
    channel = text(document, "name") or native
    people = {identifier(user, "id"): user for user in parts(document, "users")}
    reader = Messages(people, {channel: native})
    is_private = native.startswith("D") or channel.startswith("mpdm-")  # of two, of several
    for row in _with_replies(name, document):
        yield reader.message(row, channel, is_private)


def _with_replies(name: str, document: Values) -> Iterator[Row | BadRow]:
    for row in item_rows(name, items(document, "messages")):
        yield row
        if isinstance(row, Row):
            replies = items(row.values, _REPLIES)
            yield from item_rows(f"{row.ref}, replies", replies)
