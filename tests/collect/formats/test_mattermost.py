"""Bulk exports of Mattermost: channels and threads, and no direct message."""

import json
from typing import Any

import pytest

from feedbackminer.collect.files import BadRow, Row
from tests.support.format_reading import posts, read, reasons, values

VERSION = {"type": "version", "version": 1, "info": {"generator": "mattermost-server"}}
CHANNEL = {
    "type": "channel",
    "channel": {"team": "home", "name": "grill", "display_name": "The grill", "type": "O"},
}


def line(kind: str, **values: Any) -> dict[str, Any]:
    return {"type": kind, kind: values}


def post(message: str = "It smokes", at: int = 1704100000000, **more: Any) -> dict[str, Any]:
    given = {"team": "home", "channel": "grill", "user": "ann_m", "message": message}
    return line("post", **{**given, "create_at": at, **more})


def reply(message: str = "Clean it", at: int = 1704100100000, **more: Any) -> dict[str, Any]:
    return {"user": "ben_m", "message": message, "create_at": at, **more}


def of(*lines: Any, start: tuple[Any, ...] = (VERSION, CHANNEL)) -> list[Row | BadRow]:
    return read("export.jsonl", "\n".join(map(json.dumps, (*start, *lines))).encode())


def test_replies_are_in_the_thread_of_their_post() -> None:
    rows = of(post(replies=[reply(), reply("How?", 1704100200000)]), post("Other", 1704100300000))
    assert posts(rows, "thread_id", "parent_id", "channel") == {
        "x:home/grill/1704100000000": ("x:home/grill/1704100000000", None, "The grill"),
        "x:home/grill/1704100100000": (
            "x:home/grill/1704100000000", "x:home/grill/1704100000000", "The grill",
        ),
        "x:home/grill/1704100200000": (
            "x:home/grill/1704100000000", "x:home/grill/1704100000000", "The grill",
        ),
        "x:home/grill/1704100300000": ("x:home/grill/1704100300000", None, "The grill"),
    }  # fmt: skip


def test_messages_of_one_moment_are_told_apart() -> None:
    assert len(posts(of(post(), post("Again")), "body")) == 2


def test_people_bots_and_admins_are_known_by_the_lines_about_them() -> None:
    hook = {"from_webhook": "true", "override_username": "deploys"}
    rows = of(
        post(), post(user="root"), post(user="helper"), post(user="ann_m", props=hook),
        line("user", username="root", roles="system_admin system_user"),
        line("bot", username="helper"),
    )  # fmt: skip
    assert values(rows, "author", "author_role") == [
        ("ann_m", "member"), ("root", "staff"), ("helper", "bot"), ("deploys", "bot"),
    ]  # fmt: skip


def test_edits_and_reactions_are_read() -> None:
    reactions = [{"user": "ben_m", "emoji_name": "+1"}, {"user": "zoe", "emoji_name": "eyes"}]
    rows = of(post(edit_at=1704100500000, reactions=reactions), post(edit_at=0))
    assert values(rows, "score", "edited_at") == [(2, "1704100500000"), (0, None)]


def test_direct_messages_and_replies_to_them_are_told_and_never_posts() -> None:
    secret = line("direct_post", channel_members=["ann_m", "ben_m"], user="ann_m",
                  message="Between us", create_at=1, replies=[reply("Our secret")])  # fmt: skip
    rows = of(line("direct_channel", members=["ann_m", "ben_m"]), secret)
    assert reasons(rows) == {
        "export.jsonl:4": "private_message",
        "export.jsonl:4, replies:item 1": "private_message",
    }
    assert "Between" not in str(rows)
    assert "secret" not in str(rows)


def test_notices_and_unknown_lines_are_told() -> None:
    rows = of(post(type="system_join_channel"), line("playbook", name="x"), {"type": "post"}, 7,
              post(replies=["x"]), post(type="me"))  # fmt: skip
    assert reasons(rows) == {
        "export.jsonl:3": "system_action",
        "export.jsonl:4": "unknown_format",
        "export.jsonl:5": "unknown_format",
        "export.jsonl:6": "not_an_object",
        "export.jsonl:7, replies:item 1": "not_an_object",
    }
    assert len(values(rows, "post_id")) == 2


@pytest.mark.parametrize("start", [(VERSION,), (CHANNEL,), (post(),)])
def test_a_part_of_an_export_is_known_by_its_first_line(start: tuple[Any, ...]) -> None:
    assert "It smokes" in values(of(post(), start=start), "body")
