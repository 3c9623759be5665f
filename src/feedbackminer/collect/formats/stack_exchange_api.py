"""Answers of the Stack Exchange interface that somebody saved: questions with all below them.

Ids and names are those of the live source. https://api.stackexchange.com/docs
"""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape

from feedbackminer.collect.formats.accounts import Accounts
from feedbackminer.collect.formats.json_access import Values, identifier, items, part, text
from feedbackminer.collect.formats.tables import item_rows
from feedbackminer.collect.rows import BadRow, Row

_WRAPPER = {"quota_max", "quota_remaining"}


def is_document(document: Values) -> bool:
    """Tell whether a JSON object is an answer of the interface, or one question, answer, comment.

    An item is known by its id and its owner, an object; in a flat table nobody owns rows so.
    """
    listed = document.get("items")
    if isinstance(listed, list):
        return _WRAPPER & document.keys() != set() or any(map(_is_item, listed[:10]))
    return _is_item(document)


def document_rows(name: str, document: Values) -> Iterator[Row | BadRow]:
    """Yield questions, answers and comments, each below what it belongs to."""
    accounts = Accounts()
    is_page = "items" in document
    top = item_rows(name, items(document, "items")) if is_page else [Row(name, document)]
    for row in top:
        if isinstance(row, BadRow):
            yield row
            continue
        thread = identifier(row.values, "question_id", "post_id") or _native(row.values)
        for post, above in _with_those_below(row):
            yield _post(post, thread, above, accounts) if isinstance(post, Row) else post


def _is_item(item: object) -> bool:
    if not isinstance(item, dict):
        return False
    has_id = any(key in item for key in ("question_id", "answer_id", "comment_id"))
    return has_id and (isinstance(item.get("owner"), dict) or isinstance(item.get("answers"), list))


def _with_those_below(row: Row) -> Iterator[tuple[Row | BadRow, str]]:
    """Yield a post, its comments and its answers with theirs, each with what it stands under."""
    native = _native(row.values)
    above = identifier(row.values, "question_id", "post_id")
    yield row, "" if above == native else above
    for comment in _listed(row, "comments"):
        yield comment, native
    for answer in _listed(row, "answers"):
        yield answer, native
        if isinstance(answer, Row):
            for comment in _listed(answer, "comments"):
                yield comment, _native(answer.values)


def _listed(row: Row, name: str) -> Iterator[Row | BadRow]:
    return item_rows(f"{row.ref}, {name}", items(row.values, name))


def _native(post: Values) -> str:
    """Return the id of a post; those of comments are counted apart."""
    comment = identifier(post, "comment_id")
    return f"c{comment}" if comment else identifier(post, "answer_id", "question_id", "post_id")


def _post(row: Row, thread: str, above: str, accounts: Accounts) -> Row | BadRow:
    post, owner = row.values, part(row.values, "owner")
    title, body = text(post, "title"), _body(post)
    if not (title or body):
        detail = "the post has no text; ask the interface with filter=withbody"
        return BadRow(row.ref, "empty", detail)
    return Row.given(
        row.ref,
        {
            "post_id": _native(post) or None,
            "thread_id": thread or None,
            "parent_id": above or None,
            "author": accounts.name(
                identifier(owner, "user_id"), unescape(text(owner, "display_name"))
            ),
            "author_role": "staff" if owner.get("user_type") == "moderator" else None,
            "created_at": text(post, "creation_date"),
            "edited_at": text(post, "last_edit_date"),
            "title": title,
            "body": body,
            "url": text(post, "link"),
            "score": text(post, "score"),
            "accepted": text(post, "is_accepted"),
            "tags": ", ".join(tag for tag in items(post, "tags") if isinstance(tag, str)),
            "status": "closed" if post.get("closed_date") else None,
            "views": text(post, "view_count"),
        },
    )


def _body(post: Values) -> str:
    """Return the text; Markdown comes with its signs escaped as in HTML."""
    if body := text(post, "body"):
        return f"<div>{body}</div>"
    return unescape(text(post, "body_markdown"))
