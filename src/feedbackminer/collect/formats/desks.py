"""Conversations of other help desks in the shape of Zendesk's tickets.

Freshdesk calls comments conversations, Intercom conversation parts, Help Scout threads.
"""

from __future__ import annotations

from typing import Any

from feedbackminer.collect.formats.json_access import Values, part, parts

_NOTES = {"note", "note_and_reopen", "lineitem"}  # of the team, or of the program


def as_ticket(values: Values) -> Values:
    """Return a conversation as a ticket with its comments; any other values as they are."""
    if isinstance(values.get("conversations"), list):
        return _freshdesk(values)
    if isinstance(values.get("conversation_parts"), dict | list):
        return _intercom(values)
    if isinstance(part(values, "_embedded").get("threads"), list):
        return _help_scout(values)
    return values


def _freshdesk(values: Values) -> Values:
    comments = [
        {
            "id": reply.get("id"),
            "author_id": reply.get("user_id"),
            "plain_body": reply.get("body_text"),
            "html_body": reply.get("body"),
            "created_at": reply.get("created_at"),
            "public": not reply.get("private"),
        }
        for reply in parts(values, "conversations")
    ]
    text = values.get("description_text") or values.get("description")
    return _ticket(values, "conversations", description=text, comments=comments)


def _intercom(values: Values) -> Values:
    opening, inner = part(values, "source"), values["conversation_parts"]
    replies = parts(inner if isinstance(inner, dict) else values, "conversation_parts")
    comments = [
        {
            "id": reply.get("id"),
            "author": reply.get("author"),
            "author_id": part(reply, "author").get("id"),
            "html_body": reply.get("body"),
            "created_at": reply.get("created_at"),
            "public": str(reply.get("part_type")) not in _NOTES,
        }
        for reply in replies
        if reply.get("body")
    ]
    return _ticket(
        values,
        "conversation_parts",
        "source",
        subject=opening.get("subject") or values.get("title"),
        description=opening.get("body"),
        requester=opening.get("author"),
        requester_id=part(opening, "author").get("id"),
        comments=comments,
    )


def _help_scout(values: Values) -> Values:
    customer = _named(part(values, "primaryCustomer"))
    comments = [
        {
            "id": reply.get("id"),
            "author": _named(part(reply, "createdBy")),
            "author_id": part(reply, "createdBy").get("id"),
            "html_body": reply.get("body"),
            "created_at": reply.get("createdAt"),
            "public": str(reply.get("type")) not in _NOTES,
        }
        for reply in parts(part(values, "_embedded"), "threads")
        if reply.get("body")
    ]
    return _ticket(
        values,
        "_embedded",
        "preview",
        requester=customer,
        requester_id=customer.get("id"),
        created_at=values.get("createdAt"),
        comments=comments,
    )


def _ticket(values: Values, *without: str, **ours: Any) -> Values:
    return {k: v for k, v in values.items() if k not in without} | ours


def _named(person: Values) -> Values:
    names = (person.get("first") or person.get("firstName"), person.get("last"))
    return person | {"name": " ".join(str(name) for name in names if name) or None}
