"""Topics of Discourse forums, as their JSON address gives them."""

import json
from typing import Any

import pytest

from feedbackminer.collect.files import BadRow, Row
from feedbackminer.errors import InputError
from tests.support.format_reading import posts, read, reasons, values


def post(number: int, **more: Any) -> dict[str, Any]:
    at = f"2024-01-05T10:{number:02}:00.000Z"
    return {
        "id": 100 + number, "post_number": number, "topic_id": 12, "username": "ann_d",
        "created_at": at, "updated_at": at, "cooked": "<p>It <b>slips</b>.</p>", "post_type": 1,
        "version": 1, "reply_to_post_number": None, "actions_summary": [], **more,
    }  # fmt: skip


def topic(*posts: Any, **more: Any) -> dict[str, Any]:
    given = {"id": 12, "title": "Tongs", "posts_count": len(posts), "category_id": 4}
    return {"post_stream": {"posts": list(posts)}, **given, **more}


def of(*posts: Any, **more: Any) -> list[Row | BadRow]:
    return read("12.json", json.dumps(topic(*posts, **more)).encode())


def test_a_topic_is_a_thread_with_its_title_and_category() -> None:
    rows = of(post(1), post(2), post(3, reply_to_post_number=2))
    assert posts(rows, "thread_id", "parent_id", "title", "body", "channel") == {
        "x:12-1": ("x:12", None, "Tongs", "It slips.", "category 4"),
        "x:12-2": ("x:12", None, None, "It slips.", "category 4"),
        "x:12-3": ("x:12", "x:12-2", None, "It slips.", "category 4"),
    }


@pytest.mark.parametrize("flag", ["staff", "admin", "moderator"])
def test_the_team_is_known_by_its_flags(flag: str) -> None:
    assert values(of(post(1), post(2, **{flag: True})), "author_role") == [None, "staff"]


def test_the_solution_is_marked_at_the_post_or_at_the_topic() -> None:
    at_post, at_topic = post(2, accepted_answer=True), {"post_number": 2, "username": "ann_d"}
    assert values(of(post(1), at_post), "accepted") == [False, True]
    assert values(of(post(1), post(2), accepted_answer=at_topic), "accepted") == [False, True]


def test_likes_are_the_score() -> None:
    actions = [{"id": 2, "count": 4}, {"id": 6, "count": 9}]
    assert values(of(post(1, actions_summary=actions)), "score") == [4]


@pytest.mark.parametrize(
    ("version", "updated", "is_edited"),
    [(1, "2024-02-01", False), (2, "2024-02-01", True), (None, "2024-02-01", True)],
)
def test_an_edit_is_a_further_version(version: int | None, updated: str, is_edited: bool) -> None:
    (edited,) = values(of(post(1, version=version, updated_at=updated)), "edited_at")
    assert bool(edited) == is_edited


def test_what_is_no_post_of_a_member_is_told() -> None:
    rows = of(post(1), post(2, deleted_at="2024-02-01"), post(3, user_deleted=True),
              post(4, hidden=True), None)  # fmt: skip
    assert reasons(rows) == {
        "12.json:item 2": "deleted_at_source",
        "12.json:item 3": "deleted_at_source",
        "12.json:item 4": "deleted_at_source",
        "12.json:item 5": "not_an_object",
    }
    assert list(posts(of(post(1), post(2, post_type=3)), "body")) == ["x:12-1"]


def test_posts_that_the_file_lacks_are_told() -> None:
    rows = of(post(1), posts_count=57)
    (told,) = (row for row in rows if isinstance(row, BadRow))
    assert (told.ref, told.reason) == ("12.json:other pages", "not_in_file")
    assert "1 of the topic's 57 posts" in told.detail
    stream = topic(post(1), posts_count=None)
    stream["post_stream"]["stream"] = [101, 102, 103]
    assert list(reasons(read("12.json", json.dumps(stream).encode())).values()) == ["not_in_file"]


def test_topics_may_be_a_list() -> None:
    other = topic(post(1, topic_id=13), id=13, title="Pans")
    rows = read("all.json", json.dumps([topic(post(1)), other]).encode())
    assert posts(rows, "title") == {"x:12-1": "Tongs", "x:13-1": "Pans"}


def test_the_newest_posts_of_a_forum_are_read() -> None:
    newest = [post(1, topic_title="Tongs", raw="It *slips*."), post(2, topic_id=13)]
    rows = read("posts.json", json.dumps({"latest_posts": newest}).encode())
    assert posts(rows, "title", "body") == {
        "x:12-1": ("Tongs", "It *slips*."), "x:13-2": (None, "It slips."),
    }  # fmt: skip


@pytest.mark.parametrize(
    "document",
    [
        {"users": [], "topic_list": {"topics": [{"id": 12, "title": "Tongs"}]}},
        {"posts": [{"id": 1, "blurb": "It sl..."}], "grouped_search_result": {"term": "x"}},
    ],
)
def test_lists_without_whole_posts_say_what_to_take_instead(document: Any) -> None:
    with pytest.raises(InputError, match=r"/t/ID\.json"):
        read("latest.json", json.dumps(document).encode())
