"""Support tickets of Zendesk and its like: each a thread, its comments the replies.

Tickets come as a table (one row a ticket, or one a comment), or as JSON with their comments in
them. Notes that only the team can see are no posts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from feedbackminer.collect import fields
from feedbackminer.collect.columns import plain_names
from feedbackminer.collect.formats.desks import as_ticket
from feedbackminer.collect.formats.json_access import Values, part, parts
from feedbackminer.collect.formats.tables import item_rows
from feedbackminer.collect.rows import BadRow, Row

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "ticket": ("ticketid", "ticketnumber", "ticket", "id", "number"),
    "comment": ("commentid",),
    "title": ("subject", "ticketsubject", "rawsubject"),
    "body": (
        "description", "ticketdescription", "commentbody", "comment", "plainbody", "body",
        "content", "text", "message",
    ),
    "author": (
        "commentauthor", "requester", "requestername", "customername", "fullname", "customer",
        "requesteremail", "customeremail", "requesterid", "submitter", "author", "authorid",
    ),
    "created_at": ("createdat", "created", "createdtime", "requested", "creationdate"),
    "channel": ("product", "productpurchased", "brand", "group", "department"),
    "is_public": ("ispublic", "public"),
    "status": ("status", "ticketstatus"),
}  # fmt: skip
_API_ADDRESS = re.compile(r"/api/v2/tickets/(\d+)\.json$")
_COPIED = ("collaborator_ids", "email_cc_ids", "follower_ids")
_TEAM = {"agent", "admin"}
_NO = {"false", "0", "no", "private", "internal"}


def is_document(document: Values) -> bool:
    """Tell whether a JSON object is a list of tickets."""
    return isinstance(document.get("tickets"), list)


def document_rows(name: str, document: Values) -> Iterator[Row | BadRow]:
    """Yield the tickets and comments of a JSON object, with the names of its ``users``."""
    people = {fields.identifier(user.get("id")): user for user in parts(document, "users")}
    return rows(item_rows(name, document["tickets"]), people)


def rows(
    table: Iterable[Row | BadRow], people: Mapping[str, Values] | None = None
) -> Iterator[Row | BadRow]:
    """Give tickets and their comments our names; rows of any other table pass as they are."""
    for row in table:
        if isinstance(row, BadRow):
            yield row
            continue
        values = as_ticket(row.values)
        columns = _columns(tuple(values))
        if columns:
            yield from _Ticket(Row(row.ref, values, row.ours), columns, people or {}).rows()
        else:
            yield row if values is row.values else Row(row.ref, values, row.ours)


@lru_cache(maxsize=256)
def _columns(names: tuple[str, ...]) -> Mapping[str, str]:
    """Return what a ticket has -> its column; empty where the columns are no ticket's."""
    by_name = plain_names(names)
    column_of = {
        field: by_name[name]
        for field, spellings in _COLUMNS.items()
        for name in reversed(spellings)
        if name in by_name
    }
    marks = {"ticketid", "ticketsubject", "requester", "requesterid", "requesteremail"}
    is_ticket = (
        marks & by_name.keys() and "ticket" in column_of and {"title", "body"} & column_of.keys()
    )
    if is_ticket and "title" not in column_of and {"ticketid", "id"} <= by_name.keys():
        column_of.setdefault("comment", by_name["id"])
    return column_of if is_ticket else {}


class _Ticket:
    """One ticket with its comments, or one comment of a table of comments."""

    def __init__(self, row: Row, columns: Mapping[str, str], people: Mapping[str, Values]) -> None:
        self.row = row
        self.has = {field: row.values.get(column) for field, column in columns.items()}
        self.native = fields.identifier(self.has.get("ticket"))
        named = (part(row.values, name) for name in ("requester", "submitter", "assignee"))
        self.people = {**{fields.identifier(p.get("id")): p for p in named if p}, **people}
        copied = (row.values.get(name) for name in _COPIED)
        customers = [row.values.get("requester_id")]
        customers += [
            native for natives in copied if isinstance(natives, list) for native in natives
        ]
        self.customers = {fields.identifier(native) for native in customers}

    def rows(self) -> Iterator[Row | BadRow]:
        comments = self.row.values.get("comments")
        comments = comments if isinstance(comments, list) else []
        yield self._opener()
        # The first comment of a ticket is its description once more.
        is_copy = bool(comments) and _comment_text(comments[0]) == fields.text(self.has.get("body"))
        for number, comment in list(enumerate(comments, start=1))[is_copy:]:
            ref = f"{self.row.ref}, comment {number}"
            if isinstance(comment, dict):
                yield self._comment(ref, comment, number)
            else:
                yield BadRow(ref, "not_an_object", "a comment that is no JSON object")

    def _opener(self) -> Row | BadRow:
        values = {k: v for k, v in self.row.values.items() if k != "comments"}
        comment = fields.identifier(self.has.get("comment"))
        native = f"{self.native}-{comment}" if comment else self.native
        mine = self._values(self.has.get("author"), "" if comment else "member")
        mine |= {
            "post_id": native or None,
            "parent_id": self.native if comment else None,
            "title": self.has.get("title"),
            "body": self.has.get("body"),
            "created_at": self.has.get("created_at"),
            "url": _API_ADDRESS.sub(r"/agent/tickets/\1", fields.text(values.get("url"))) or None,
            "satisfaction_score": part(values, "satisfaction_rating").get("score")
            or values.get("satisfaction_score"),
        }
        return self._post(self.row.ref, values, mine, self.has.get("is_public"))

    def _comment(self, ref: str, comment: Values, number: int) -> Row | BadRow:
        native = fields.identifier(comment.get("id")) or str(number)
        author = comment.get("author") or comment.get("author_id")
        is_customer = fields.identifier(comment.get("author_id")) in self.customers
        mine = self._values(author, "member" if is_customer else "staff") | {
            "post_id": f"{self.native}-{native}",
            "parent_id": self.native,
            "body": _comment_text(comment),
            "created_at": comment.get("created_at"),
        }
        return self._post(ref, {}, mine, comment.get("public"))

    def _values(self, author: Any, role: str) -> Values:
        person = author if isinstance(author, dict) else self.people.get(fields.identifier(author))
        account = person or {}
        role_name = fields.text(account.get("role"))
        return {
            "thread_id": self.native or None,
            "author": account.get("name") or account.get("email") or account.get("id") or author,
            "author_role": ("staff" if role_name in _TEAM else "member") if role_name else role,
            "edited_at": None,  # a ticket is "updated" by whatever happens to it
            "channel": part(self.has, "channel").get("name") or self.has.get("channel"),
        }

    def _post(self, ref: str, values: Values, mine: Values, is_public: Any) -> Row | BadRow:
        if fields.text(self.has.get("status")).lower() == "deleted":
            return BadRow(ref, "deleted_at_source", "the ticket was deleted")
        if fields.text(is_public).strip().lower() in _NO:
            return BadRow(ref, "internal_note", "a note that only the team can see")
        return Row(ref, values | mine, mine.keys())


def _comment_text(comment: Any) -> str:
    """Return the text of a comment; its HTML where there is nothing else."""
    if not isinstance(comment, dict):
        return ""
    plain = fields.text(comment.get("plain_body") or comment.get("body"))
    return plain or f"<div>{fields.text(comment.get('html_body'))}</div>"
