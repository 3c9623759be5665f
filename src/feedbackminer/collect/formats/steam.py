"""Reviews of a game, as Steam's ``appreviews`` gives them; answers of the developers are replies.

A thumb is no number of stars, so it is kept beside the review as its ``label``.
https://partner.steamgames.com/doc/store/getreviews
"""

from __future__ import annotations

from collections.abc import Iterator

from feedbackminer.collect.formats.json_access import Values, identifier, items, part, text
from feedbackminer.collect.formats.tables import item_rows
from feedbackminer.collect.rows import BadRow, Row

_MARKS = {"recommendationid", "voted_up"}
_THUMBS = {True: "recommended", False: "not recommended"}


def is_document(document: Values) -> bool:
    """Tell whether a JSON object holds reviews, in a list or by their ids."""
    first = [review for review in _reviews(document)[:10] if isinstance(review, dict)]
    return any(_MARKS & review.keys() for review in first)


def document_rows(name: str, document: Values) -> Iterator[Row | BadRow]:
    """Yield the reviews and the developers' answers."""
    for row in item_rows(name, _reviews(document)):
        if isinstance(row, BadRow):
            yield row
            continue
        yield _review(row)
        if text(row.values, "developer_response"):
            yield _answer(row)


def _reviews(document: Values) -> list[object]:
    by_id = part(document, "reviews")
    return list(by_id.values()) or items(document, "reviews")


def _review(row: Row) -> Row:
    review = row.values
    native, created = identifier(review, "recommendationid"), text(review, "timestamp_created")
    updated, voted_up = text(review, "timestamp_updated"), review.get("voted_up")
    return Row.given(
        row.ref,
        {
            "post_id": native,
            "thread_id": native,
            "author": identifier(part(review, "author"), "steamid"),
            "created_at": created,
            "edited_at": updated if updated != created else None,
            "body": text(review, "review"),
            "score": text(review, "votes_up"),
            "label": _THUMBS[voted_up] if isinstance(voted_up, bool) else None,
        },
    )


def _answer(row: Row) -> Row:
    review = row.values
    native = identifier(review, "recommendationid")
    return Row.given(
        f"{row.ref}, answer",
        {
            "post_id": f"{native}-answer" if native else None,
            "thread_id": native,
            "parent_id": native,
            "author": "developer",
            "author_role": "staff",
            "created_at": text(review, "timestamp_dev_responded"),
            "body": text(review, "developer_response"),
        },
    )
