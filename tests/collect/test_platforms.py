"""Platforms: the exports people have give posts without a mapping by hand."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from feedbackminer.collect.context import CollectContext
from feedbackminer.collect.files import open_file, read_rows
from feedbackminer.collect.stage import collect_posts
from feedbackminer.privacy.pseudonyms import Pseudonyms
from feedbackminer.settings.sections import CollectSettings

PSEUDONYMS = Pseudonyms(b"a key for tests, 32 bytes long..")
of = PSEUDONYMS.of


def posts(folder: Path, content: str, *columns: str) -> dict[str, Any]:
    """Collect a file; return post id -> value, or values, of ``columns``."""
    path = folder / "export"
    path.write_text(content)
    collected = collect_posts(
        read_rows(open_file(str(path))),
        CollectContext(
            name="export",
            source="x",
            settings=CollectSettings(),
            pseudonyms=PSEUDONYMS,
            now=datetime(2026, 11, 1, tzinfo=UTC),
        ),
    )
    rows = collected.posts.select("post_id", *columns).iter_rows()
    return {post_id: rest[0] if len(rest) == 1 else tuple(rest) for post_id, *rest in rows}


def jsonl(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


DISCOURSE = jsonl(
    {
        "id": 70, "topic_id": 9, "topic_title": "Login", "post_number": 1, "username": "ann",
        "cooked": "<p>I cannot log in</p>", "created_at": "2026-03-01T09:00:00Z", "post_type": 1,
        "reply_to_post_number": None, "category": "Help",
    },
    {
        "id": 71, "topic_id": 9, "topic_title": "Login", "post_number": 2, "username": "bea",
        "cooked": '<aside class="quote"><blockquote>I cannot</blockquote></aside><p>Same</p>',
        "created_at": "2026-03-01T10:00:00Z", "post_type": 1, "reply_to_post_number": 1,
        "accepted_answer": True,
    },
    {
        "id": 72, "topic_id": 9, "topic_title": "Login", "post_number": 3, "username": "cid",
        "cooked": "<p>closed</p>", "created_at": "2026-03-01T11:00:00Z", "post_type": 3,
    },
    {
        "id": 73, "topic_id": 9, "topic_title": "Login", "post_number": 4, "username": "dan",
        "staff": True, "cooked": "<p>Fixed</p>", "created_at": "2026-03-01T12:00:00Z",
        "post_type": 1, "reply_to_post_number": 2,
    },
)  # fmt: skip


def test_discourse_replies_follow_post_numbers(tmp_path: Path) -> None:
    assert posts(tmp_path, DISCOURSE, "thread_id", "parent_id", "title") == {
        "x:70": ("x:9", None, "Login"),
        "x:71": ("x:9", "x:70", None),
        "x:73": ("x:9", "x:71", None),
    }


def test_discourse_html_roles_and_answers_are_read(tmp_path: Path) -> None:
    assert posts(tmp_path, DISCOURSE, "body", "author_role", "accepted", "channel") == {
        "x:70": ("I cannot log in", "member", False, "Help"),
        "x:71": ("> I cannot\n\nSame", "member", True, None),
        "x:73": ("Fixed", "staff", False, None),
    }


def test_discourse_without_post_ids_gets_them_from_topic_and_number(tmp_path: Path) -> None:
    content = jsonl({"topic_id": 9, "post_number": 2, "raw": "Same"})
    assert list(posts(tmp_path, content)) == ["x:9-2"]


REDDIT = jsonl(
    {
        "id": "abc", "name": "t3_abc", "title": "It crashes", "selftext": "On start",
        "author": "ann", "created_utc": 1772357400, "subreddit": "app", "score": 12,
        "permalink": "/r/app/comments/abc/it_crashes/", "url": "https://i.redd.it/x.png",
    },
    {
        "id": "c1", "link_id": "t3_abc", "parent_id": "t3_abc", "body": "Same here",
        "author": "bea", "created_utc": "1772357500", "permalink": "/r/app/comments/abc/_/c1/",
    },
    {
        "id": "c2", "link_id": "t3_abc", "parent_id": "t1_c1", "body": "Read the rules",
        "author": "AutoModerator", "created_utc": 1772357600,
    },
    {
        "id": "c3", "link_id": "t3_abc", "parent_id": "t1_c1", "body": "[removed]",
        "author": "[deleted]", "created_utc": 1772357700,
    },
    {
        "id": "c4", "link_id": "t3_abc", "parent_id": "t1_c1", "body": "me too",
        "author": "[deleted]", "created_utc": 1772357800,
    },
)  # fmt: skip


def test_reddit_comments_find_their_submission(tmp_path: Path) -> None:
    assert posts(tmp_path, REDDIT, "thread_id", "parent_id", "title") == {
        "x:t3_abc": ("x:t3_abc", None, "It crashes"),
        "x:t1_c1": ("x:t3_abc", "x:t3_abc", None),
        "x:t1_c2": ("x:t3_abc", "x:t1_c1", None),
        "x:t1_c4": ("x:t3_abc", "x:t1_c1", None),
    }


def test_reddit_authors_roles_and_links_are_read(tmp_path: Path) -> None:
    assert posts(tmp_path, REDDIT, "author_id", "author_role", "url") == {
        "x:t3_abc": (of("ann"), "member", "https://www.reddit.com/r/app/comments/abc/it_crashes/"),
        "x:t1_c1": (of("bea"), "member", "https://www.reddit.com/r/app/comments/abc/_/c1/"),
        "x:t1_c2": (of("AutoModerator"), "bot", None),
        "x:t1_c4": (None, "unknown", None),
    }


def test_reddit_rows_without_an_id_stay_apart(tmp_path: Path) -> None:
    content = jsonl({"selftext": "one", "title": "a"}, {"selftext": "two", "title": "b"})
    assert sorted(posts(tmp_path, content, "body").values()) == ["one", "two"]


STACK_EXCHANGE = """\
Id,PostTypeId,ParentId,AcceptedAnswerId,CreationDate,Score,Body,OwnerUserId,Title
2,2,1.0,,2026-03-01 10:00:00,4,<p>Restart it</p>,12,
1,1,,2.0,2026-03-01 09:00:00,7,<p>How do I log in?</p>,11,Login
3,2,1.0,,2026-03-01 11:00:00,0,<p>Reinstall</p>,13,
4,5,,,2026-03-01 12:00:00,0,<p>About this tag</p>,13,
"""


def test_stack_exchange_answers_belong_to_their_question(tmp_path: Path) -> None:
    want = {
        "x:1": ("x:1", None, "Login", False),
        "x:2": ("x:1", "x:1", None, True),
        "x:3": ("x:1", "x:1", None, False),
    }
    columns = ("thread_id", "parent_id", "title", "accepted")
    assert posts(tmp_path, STACK_EXCHANGE, *columns) == want
    header, rows = STACK_EXCHANGE.split("\n", 1)
    snake = re.sub("(?<=[a-z])(?=[A-Z])", "_", header).lower()  # as BigQuery has it
    assert posts(tmp_path, f"{snake}\n{rows}", *columns) == want


def test_an_app_store_sheet_gives_one_thread_a_review(tmp_path: Path) -> None:
    content = (
        "Rating;Title;Review;Author;Date;Version\n"
        "2;Crashes;It crashes;ann;2026-03-01;4.1\n"
        "5;;Great;bea;2026-03-02;4.2\n"
    )
    by_id = posts(tmp_path, content, "rating", "title", "body", "author_id", "meta")
    assert list(by_id.values()) == [
        (2, "Crashes", "It crashes", of("ann"), '{"version": "4.1"}'),
        (5, None, "Great", of("bea"), '{"version": "4.2"}'),
    ]
    threads = posts(tmp_path, content, "thread_id")
    assert list(threads.values()) == list(threads)


def test_a_google_play_report_is_read(tmp_path: Path) -> None:
    content = (
        "Package Name,App Version Name,Review Submit Date and Time,Star Rating,Review Text,"
        "Review Link\n"
        "org.x,4.1,2026-03-01T09:00:00Z,1,Crashes,https://play.example.org/1\n"
    )
    (by_id,) = posts(tmp_path, content, "rating", "created_at", "url", "meta").values()
    assert by_id == (
        1,
        datetime(2026, 3, 1, 9, tzinfo=UTC),
        "https://play.example.org/1",
        '{"app_version_name": "4.1"}',
    )
