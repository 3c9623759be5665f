"""Trackers and weblogs: an issue and its comments are one thread, however they were fetched."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.collect.files import BadRow, Row
from feedbackminer.collect.formats import trackers
from tests.collect.formats.test_slack import JSON
from tests.support.format_reading import collect, posts, read, reasons

AT = "2024-01-02T03:04:05Z"
API = "https://api.code.example/repos/o/r/issues"
WEB = "https://code.example/o/r/issues"
ISSUE: dict[str, Any] = {
    "id": 11, "number": 7, "url": f"{API}/7", "html_url": f"{WEB}/7", "title": "Mixer",
    "body": "It stops", "user": {"login": "ann", "type": "User"}, "created_at": AT,
    "comments": 1, "labels": [{"name": "bug"}], "author_association": "NONE",
}  # fmt: skip
COMMENT: dict[str, Any] = {
    "id": 99, "url": f"{API}/comments/99", "html_url": f"{WEB}/7#issuecomment-99",
    "issue_url": f"{API}/7", "body": "Which one?", "user": {"login": "bea", "type": "User"},
    "author_association": "MEMBER", "created_at": AT, "reactions": {"+1": 2, "total_count": 2},
}  # fmt: skip
NOTE: dict[str, Any] = {
    "id": 5, "body": "Which one?", "author": {"username": "bea"}, "system": False,
    "noteable_id": 501, "noteable_iid": 7, "noteable_type": "Issue", "created_at": AT,
}  # fmt: skip
GITLAB: dict[str, Any] = {
    "id": 501, "iid": 7, "project_id": 3, "title": "Mixer", "description": "It stops",
    "author": {"id": 1, "username": "ann", "name": "Ann"}, "labels": ["bug"], "created_at": AT,
    "web_url": "https://git.example/g/p/-/issues/7",
}  # fmt: skip
JIRA: dict[str, Any] = {
    "id": "7", "key": "KI-7", "self": "https://x.example/rest/api/2/issue/7",
    "fields": {
        "summary": "Mill", "description": "It spills", "issuetype": {"name": "Bug"},
        "status": {"name": "Open"}, "project": {"key": "KI", "name": "Things"},
        "reporter": {"displayName": "Ann", "accountId": "a1"}, "created": AT, "updated": AT,
        "comment": {"total": 1, "comments": [
            {"id": "70", "author": {"displayName": "Bea"}, "body": "Which one?", "created": AT},
            {"id": "71", "author": {"displayName": "Bea"}, "body": "Ours", "jsdPublic": False},
        ]},
    },
}  # fmt: skip
BLOG: dict[str, Any] = {
    "id": 5, "post": 3, "parent": 0, "author": 0, "author_name": "ann of the mill", "date": AT,
    "content": {"rendered": "<p>It sinks.</p>\n"}, "type": "comment",
    "link": "https://blog.example/x#comment-5",
}  # fmt: skip


def of(value: Any) -> list[Row | BadRow]:
    return read("x.json", json.dumps(value).encode())


def test_issues_and_comments_that_were_fetched_apart_are_one_thread() -> None:
    assert posts(of([ISSUE]), "thread_id", "channel", "url", "title") == {
        "x:o/r#7": ("x:o/r#7", "o/r", f"{WEB}/7", "Mixer")
    }
    assert posts(of([COMMENT]), "thread_id", "parent_id", "author_role", "score") == {
        "x:o/r#7-99": ("x:o/r#7", "x:o/r#7", "staff", 2)
    }


def test_pull_requests_are_posts_as_well_and_answers_to_reviews_find_theirs() -> None:
    pull = ISSUE | {"html_url": "https://code.example/o/r/pull/8", "number": 8, "pull_request": {}}
    review = {
        "id": 2, "pull_request_url": "https://api.code.example/repos/o/r/pulls/8",
        "in_reply_to_id": 1, "body": "Why so?", "user": {"login": "bea"}, "created_at": AT,
    }  # fmt: skip
    assert list(posts(of([pull]))) == ["x:o/r#8"]
    assert posts(of([review]), "thread_id", "parent_id") == {"x:o/r#8-2": ("x:o/r#8", "x:o/r#8-1")}


def test_an_issue_of_the_command_line_is_known_by_its_number_if_by_nothing_else() -> None:
    comment = {"id": "C1", "author": {"login": "bea"}, "body": "Which one?", "createdAt": AT}
    issue = {"number": 7, "title": "Mixer", "body": "It stops", "author": {"login": "ann"}}
    rows = of([issue | {"comments": [comment]}, issue | {"number": 8, "comments": []}])
    assert posts(rows, "thread_id", "parent_id") == {
        "x:7": ("x:7", None), "x:C1": ("x:7", "x:7"), "x:8": ("x:8", None),
    }  # fmt: skip


def test_comments_alone_are_in_the_thread_that_their_address_names() -> None:
    comment = {
        "id": "C1", "author": {"login": "bea"}, "body": "Which one?",
        "url": f"{WEB}/7#issuecomment-1",
    }  # fmt: skip
    assert list(posts(of({"comments": [comment]}), "thread_id").values()) == ["x:o/r#7"]


def test_discussions_have_answers_and_replies() -> None:
    reply = {"id": "R1", "body": "So it is", "author": {"login": "cid"}, "createdAt": AT}
    answer = {"id": "A1", "body": "Press it", "author": {"login": "bea"}, "isAnswer": True,
              "replies": {"nodes": [reply]}}  # fmt: skip
    node = {
        "number": 4, "title": "How?", "body": "How so?", "author": {"login": "ann"},
        "url": "https://code.example/o/r/discussions/4", "comments": {"nodes": [answer]},
    }  # fmt: skip
    page = {"data": {"repository": {"discussions": {"nodes": [node], "pageInfo": {}}}}}
    assert posts(of(page), "thread_id", "parent_id") == {
        "x:o/r#4": ("x:o/r#4", None),
        "x:A1": ("x:o/r#4", "x:o/r#4"),
        "x:R1": ("x:o/r#4", "x:A1"),
    }


def test_notes_of_gitlab_are_in_the_thread_of_their_issue_and_its_own_notices_are_none() -> None:
    notice = NOTE | {"id": 6, "system": True, "body": "assigned to @bea"}
    secret = NOTE | {"id": 7, "internal": True}
    for fetched in ([GITLAB | {"notes": [NOTE, notice, secret]}], [GITLAB, NOTE, notice, secret]):
        rows = of(fetched)
        assert posts(rows, "thread_id", "parent_id") == {
            "x:Issue-501": ("x:Issue-501", None),
            "x:Note-5": ("x:Issue-501", "x:Issue-501"),
        }
        assert list(reasons(rows).values()) == ["system_action", "internal_note"]


def test_an_issue_of_jira_is_known_by_its_key_and_hidden_comments_are_told() -> None:
    rows = of({"startAt": 0, "total": 1, "issues": [JIRA]})
    assert posts(rows, "thread_id", "title", "body", "url", "channel", "edited_at") == {
        "x:KI-7": ("x:KI-7", "Mill", "It spills", "https://x.example/browse/KI-7", "Things", None),
        "x:KI-7-70": ("x:KI-7", None, "Which one?", None, None, None),
    }
    assert list(reasons(rows).values()) == ["internal_note"]


def test_comments_of_a_weblog_belong_to_its_page() -> None:
    answer = BLOG | {"id": 6, "parent": 5, "author_name": "bea", "author": 4}
    ping = BLOG | {"id": 7, "type": "pingback"}
    rows = of([BLOG, answer, ping])
    assert posts(rows, "thread_id", "parent_id", "body") == {
        "x:5": ("x:post-3", None, "It sinks."),
        "x:6": ("x:post-3", "x:5", "It sinks."),
    }
    assert collect(rows).posts["author_id"].n_unique() == 2
    assert list(reasons(rows).values()) == ["system_action"]


SHAPES = [ISSUE, COMMENT, NOTE, GITLAB, JIRA | JIRA["fields"], BLOG]


@pytest.mark.parametrize("shape", SHAPES)
def test_fields_that_are_null_are_as_if_missing(shape: dict[str, Any]) -> None:
    for name in shape:
        rows = of([shape | {name: None}])
        assert rows
        collect([*rows, Row("y", {"id": "y", "body": "so that one row is a post"})])


@given(st.sampled_from(SHAPES), st.data())
def test_fields_of_other_types_are_read_or_told(shape: dict[str, Any], data: Any) -> None:
    changed = data.draw(st.dictionaries(st.sampled_from(sorted(shape)), JSON, max_size=3))
    trackers.in_our_names(shape | changed)
    rows = of([shape | changed])
    collect([*rows, Row("y", {"id": "y", "body": "so that one row is a post"})])
    for row in rows:
        if isinstance(row, Row):
            texts = [value for n in row.ours if isinstance(value := row.values[n], str)]
            assert not any(text.startswith(('{"', "{'", "[")) for text in texts)
