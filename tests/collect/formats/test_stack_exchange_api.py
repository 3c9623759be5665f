"""Saved answers of the Stack Exchange interface: questions with all below them."""

import json
from typing import Any

import pytest

from feedbackminer.collect.files import BadRow, Row
from tests.support.format_reading import posts, read, reasons, values

ANN, BEA = {"user_id": 5, "display_name": "Ann K"}, {"user_id": 6, "display_name": "O&#39;Bea"}


def question(native: int = 31, **more: Any) -> dict[str, Any]:
    return {
        "question_id": native, "title": "Dull &amp; slow", "body": "<p>The knife is dull</p>",
        "owner": ANN, "creation_date": 1704100000, "score": 3, "link": "https://q.example/31",
        **more,
    }  # fmt: skip


def answer(native: int = 32, **more: Any) -> dict[str, Any]:
    return {
        "answer_id": native, "question_id": 31, "body": "<p>Sharpen it</p>", "owner": BEA,
        "creation_date": 1704103600, "score": 7, "is_accepted": False, **more,
    }  # fmt: skip


def comment(native: int, post: int, **more: Any) -> dict[str, Any]:
    given = {"comment_id": native, "post_id": post, "body": "Thanks", "owner": ANN}
    return given | {"creation_date": 1704110000, **more}


def page(*items: Any, **more: Any) -> dict[str, Any]:
    return {"items": list(items), "has_more": False, "quota_max": 300, "quota_remaining": 1, **more}


def of(*items: Any) -> list[Row | BadRow]:
    return read("q.json", json.dumps(page(*items)).encode())


def test_answers_and_comments_stand_under_what_they_belong_to() -> None:
    below = answer(is_accepted=True, comments=[comment(2, 32)])
    rows = of(question(answers=[below, answer(33)], comments=[comment(1, 31)]))
    assert posts(rows, "thread_id", "parent_id", "accepted", "title") == {
        "x:31": ("x:31", None, False, "Dull & slow"),
        "x:c1": ("x:31", "x:31", False, None),
        "x:32": ("x:31", "x:31", True, None),
        "x:c2": ("x:31", "x:32", False, None),
        "x:33": ("x:31", "x:31", False, None),
    }


def test_scores_links_tags_and_moderators_are_read() -> None:
    moderator = ANN | {"user_type": "moderator"}
    rows = of(question(tags=["knife", "edge"], closed_date=1704200000, owner=moderator))
    assert values(rows, "score", "url", "tags", "status", "author_role") == [
        ("3", "https://q.example/31", "knife, edge", "closed", "staff")
    ]


def test_two_accounts_with_one_name_are_two_authors() -> None:
    rows = of(question(), answer(owner=ANN | {"user_id": 9}), answer(34))
    assert values(rows, "author") == ["Ann K", "Ann K (9)", "O'Bea"]


def test_markdown_comes_without_the_signs_of_html() -> None:
    rows = of(question(body=None, body_markdown="if a &lt; b &amp;&amp; c"))
    assert values(rows, "body") == ["if a < b && c"]


def test_answers_alone_and_comments_alone_name_their_thread() -> None:
    assert posts(of(answer(), comment(4, 32)), "thread_id", "parent_id") == {
        "x:32": ("x:31", "x:31"), "x:c4": ("x:32", "x:32"),
    }  # fmt: skip


def test_an_answer_without_its_text_says_how_to_get_it() -> None:
    (row,) = of(answer(body=None))
    assert isinstance(row, BadRow)
    assert (row.reason, "withbody" in row.detail) == ("empty", True)


@pytest.mark.parametrize("is_jsonl", [True, False])
@pytest.mark.parametrize("is_page", [True, False])
def test_pages_and_questions_may_be_a_list(is_jsonl: bool, is_page: bool) -> None:
    questions = [question(31, answers=[answer(32)]), question(41, answers=[answer(42)])]
    items = [page(q) for q in questions] if is_page else questions
    data = "\n".join(map(json.dumps, items)) if is_jsonl else json.dumps(items)
    assert values(read("q.json", data.encode()), "post_id") == ["31", "32", "41", "42"]


def test_what_is_no_object_below_a_question_is_told() -> None:
    rows = of(question(answers=[7, answer(comments="none")], comments={"comment_id": 3}), "x")
    assert reasons(rows) == {
        "q.json:item 1, comments:item 1": "empty",
        "q.json:item 1, answers:item 1": "not_an_object",
        "q.json:item 1, answers:item 2, comments:item 1": "not_an_object",
        "q.json:item 2": "not_an_object",
    }
