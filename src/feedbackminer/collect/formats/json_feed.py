"""JSON Feed: the entries of a blog or site, newest first. https://www.jsonfeed.org/version/1.1/"""

from __future__ import annotations

from collections.abc import Iterator

from feedbackminer.collect.formats.json_access import Values, identifier, items, part, parts, text
from feedbackminer.collect.formats.tables import item_rows
from feedbackminer.collect.rows import BadRow, Row


def is_document(document: Values) -> bool:
    """Tell whether a JSON object is a feed; its version is an address."""
    return "jsonfeed.org/version" in text(document, "version")


def document_rows(name: str, document: Values) -> Iterator[Row | BadRow]:
    """Yield every entry."""
    for row in item_rows(name, items(document, "items")):
        yield Row(row.ref, _values(row.values, document)) if isinstance(row, Row) else row


def _values(entry: Values, feed: Values) -> Values:
    return {
        "post_id": identifier(entry, "id", "url"),
        "author": _author(entry) or _author(feed),
        "created_at": text(entry, "date_published"),
        "edited_at": text(entry, "date_modified"),
        "title": text(entry, "title"),
        "body": _body(entry),
        "url": text(entry, "url"),
        "tags": ", ".join(tag for tag in items(entry, "tags") if isinstance(tag, str)),
    }


def _author(values: Values) -> str:
    """Return who wrote; version 1.0 knows one author only."""
    people = [*parts(values, "authors"), part(values, "author")]
    return next((name for person in people if (name := text(person, "name"))), "")


def _body(entry: Values) -> str:
    plain, markup = text(entry, "content_text"), text(entry, "content_html")
    return plain or (f"<div>{markup}</div>" if markup else text(entry, "summary"))
