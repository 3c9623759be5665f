"""Reviews on Steam and the answers of developers."""

import json
from typing import Any

import pytest

from feedbackminer.collect.files import BadRow, Row
from tests.support.format_reading import posts, read, values


def review(native: int, **more: Any) -> dict[str, Any]:
    return {
        "recommendationid": str(native), "author": {"steamid": f"7656{native}"},
        "review": "It stutters", "timestamp_created": 1704100000,
        "timestamp_updated": 1704100000, "voted_up": False, "votes_up": 12, **more,
    }  # fmt: skip


def of(reviews: Any) -> list[Row | BadRow]:
    return read("620.json", json.dumps({"success": 1, "reviews": reviews, "cursor": "A"}).encode())


@pytest.mark.parametrize("by_id", [True, False])
def test_a_thumb_is_kept_and_is_no_rating(by_id: bool) -> None:
    listed = [review(1), review(2, voted_up=True)]
    rows = of({r["recommendationid"]: r for r in listed} if by_id else listed)
    assert posts(rows, "rating", "score", "meta") == {
        "x:1": (None, 12, '{"label": "not recommended"}'),
        "x:2": (None, 12, '{"label": "recommended"}'),
    }


def test_the_developers_answer_is_a_reply_of_the_staff() -> None:
    answered = review(1, developer_response="Mended", timestamp_dev_responded=1704200000)
    assert posts(of([answered]), "thread_id", "parent_id", "author_role") == {
        "x:1": ("x:1", None, "member"), "x:1-answer": ("x:1", "x:1", "staff"),
    }  # fmt: skip


def test_a_review_is_edited_where_it_was_updated() -> None:
    rows = of([review(1), review(2, timestamp_updated=1704300000)])
    assert values(rows, "edited_at") == [None, "1704300000"]
