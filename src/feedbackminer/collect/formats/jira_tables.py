"""Jira's tables: an issue a row, its comments in columns of one name, "date;author;text" each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from feedbackminer.collect import fields
from feedbackminer.collect.columns import plain
from feedbackminer.collect.formats.json_access import Values, first
from feedbackminer.collect.rows import BadRow, Row

_COMMENT = re.compile(r"\s*([^;\n]{6,40});\s*([^;\n]{0,200});(.*)", re.DOTALL)
_PEOPLE = ("reporter", "assignee", "creator")
_ABOUT = ("issuetype", "issueid", "projectkey", "status", "reporter")


def rows(table: Iterable[Row | BadRow]) -> Iterator[Row | BadRow]:
    """Give issues and their comments our names; rows of any other table pass as they are."""
    people: dict[str, Any] = {}  # account id -> name
    for row in table:
        if isinstance(row, Row) and _is_issue(row.values):
            people |= _people(row.values)
            yield from _issue(row, people)
        else:
            yield row


def _is_issue(values: Values) -> bool:
    return first(values, "issuekey") is not None and first(values, *_ABOUT) is not None


def _people(values: Values) -> Values:
    """Return account id -> name of those whom Jira's cloud names in two columns."""
    pairs = ((first(values, f"{who}id"), first(values, who)) for who in _PEOPLE)
    return {fields.text(native): name for native, name in pairs if native and name}


def _issue(row: Row, people: Mapping[str, Any]) -> Iterator[Row]:
    key = fields.identifier(first(row.values, "issuekey"))
    comments = _columns(row.values, "comment", "comments")
    ours = {
        "post_id": key,
        "thread_id": key,
        "author": first(row.values, "reporter", "creator"),
        "title": first(row.values, "summary"),
        "body": first(row.values, "description"),
        "created_at": first(row.values, "created"),
        "edited_at": None,  # an issue is "updated" by whatever happens to it
        "channel": first(row.values, "projectname", "projectkey"),
        "tags": ", ".join(_columns(row.values, "label", "labels")) or None,
    }
    yield Row(row.ref, row.values | ours, ours.keys())
    for number, text in enumerate(comments, start=1):
        yield _comment(f"{row.ref}, comment {number}", key, text, people)


def _columns(values: Values, *names: str) -> list[str]:
    """Return what stands in the columns of a name, however many there are of it."""
    return [
        text
        for column, value in values.items()
        if plain(column).rstrip("0123456789") in names
        if (text := fields.text(value).strip())
    ]


def _comment(ref: str, key: str, text: str, people: Mapping[str, Any]) -> Row:
    """Return a comment; one without a date and an author is nobody's in particular."""
    match = _COMMENT.fullmatch(text)
    author = match[2].strip() if match else None
    ours = {
        "thread_id": key,
        "parent_id": key,
        "created_at": match[1].strip() if match else None,
        "author": people.get(author, author) if author else None,
        "title": None,
        "body": match[3].strip() if match else text,
    }
    return Row.given(ref, ours)
