"""Telegram exports: who said what in which group, and what is nobody else's business."""

import json
from typing import Any

import pytest

from feedbackminer.collect.files import BadRow, Row
from tests.support.format_reading import PSEUDONYMS, posts, read, reasons, values


def message(
    native: int, text: Any = "It hangs", user: str = "Ann K", **more: Any
) -> dict[str, Any]:
    ids = {"Ann K": "user1", "Ben L": "user2"}
    return {
        "id": native, "type": "message", "date": "2024-03-01T10:00:00",
        "date_unixtime": "1709287200", "from": user, "from_id": ids.get(user, "user9"),
        "text": text, **more,
    }  # fmt: skip


def service(native: int, action: str, **more: Any) -> dict[str, Any]:
    given = {"id": native, "type": "service", "actor": "Ann K", "actor_id": "user1"}
    return given | {"date": "2024-03-01T09:00:00", "action": action, "text": "", **more}


def chat(*messages: Any, kind: Any = "public_supergroup", native: int = 7) -> dict[str, Any]:
    return {"name": "Ovens", "type": kind, "id": native, "messages": list(messages)}


def of(*messages: Any, kind: Any = "public_supergroup") -> list[Row | BadRow]:
    return read("result.json", json.dumps(chat(*messages, kind=kind), indent=1).encode())


def test_replies_are_in_the_thread_of_what_they_answer() -> None:
    rows = of(
        message(2), message(3, reply_to_message_id=2), message(4, reply_to_message_id=3),
        message(5), message(6, reply_to_message_id=1),
        message(8, reply_to_message_id=2, reply_to_peer_id="channel5"),
    )  # fmt: skip
    assert posts(rows, "thread_id", "parent_id", "channel") == {
        "x:7/2": ("x:7/2", None, "Ovens"),
        "x:7/3": ("x:7/2", "x:7/2", "Ovens"),
        "x:7/4": ("x:7/2", "x:7/3", "Ovens"),
        "x:7/5": ("x:7/5", None, "Ovens"),
        "x:7/6": ("x:7/6", "x:7/1", "Ovens"),  # answers what the file lacks
        "x:7/8": ("x:7/8", None, "Ovens"),  # answers what another chat holds
    }


def test_a_topic_of_a_group_is_a_channel() -> None:
    rows = of(
        service(10, "topic_created", title="Grills"), message(11, reply_to_message_id=10),
        message(12, reply_to_message_id=11), message(13),
    )  # fmt: skip
    assert posts(rows, "thread_id", "parent_id", "channel") == {
        "x:7/11": ("x:7/11", None, "Grills"),
        "x:7/12": ("x:7/11", "x:7/11", "Grills"),
        "x:7/13": ("x:7/13", None, "Ovens"),
    }


def test_a_text_of_parts_is_read_as_people_see_it() -> None:
    parts = [
        "See ", {"type": "text_link", "text": "this", "href": "https://a.example/"}, " ",
        {"type": "custom_emoji", "text": "🔥", "document_id": "x.webp"}, " ",
        {"type": "code", "text": "fan=2"}, {"type": "pre", "text": "a\nb", "language": ""},
        {"type": "blockquote", "text": "so\nthey say"}, {"type": "link", "text": "b.example"},
    ]  # fmt: skip
    shown = (
        "See [this](https://a.example/) 🔥 `fan=2`\n```\na\nb\n```\n\n> so\n> they say\nb.example"
    )
    assert values(of(message(2, parts)), "body") == [shown]
    spare = message(2, None, text_entities=[{"type": "plain", "text": "It hangs"}])
    assert values(of(spare), "body") == ["It hangs"]


@pytest.mark.parametrize(
    "mention", ["@Ann K", {"type": "mention_name", "text": "my dear", "user_id": 1}]
)
def test_a_mention_gets_the_pseudonym_of_its_member(mention: Any) -> None:
    rows = of(message(2, ["Ask ", mention, "!"], "Ben L"), message(3))
    assert PSEUDONYMS.of("Ann K") in posts(rows, "body")["x:7/2"]


def test_an_account_is_its_id_whatever_it_is_called() -> None:
    rows = of(
        message(2), message(3, from_id="user8"), message(4, user="Annie", from_id="user1"),
        message(5, user="", from_id="user6"), message(6, from_id="user6") | {"from": None},
    )  # fmt: skip
    assert values(rows, "author") == ["Ann K", "Ann K (user8)", "Ann K", "user6", "user6"]


def test_edits_reactions_and_polls_are_read() -> None:
    poll = {"question": "Gas or coal?", "answers": [{"text": "Gas"}, {"text": "Coal"}]}
    rows = of(
        message(
            2, reactions=[{"count": 3, "emoji": "👍"}, {"count": 2}], edited_unixtime="1709287300"
        ),
        message(3, "", poll=poll),
    )
    assert values(rows, "score", "edited_at", "body") == [
        (5, "1709287300", "It hangs"), (0, "", "Gas or coal?\n- Gas\n- Coal"),
    ]  # fmt: skip


def test_the_chat_itself_speaks_for_the_staff() -> None:
    anonymous = message(3, user="Ovens", from_id="channel7")
    assert values(of(message(2), anonymous), "author_role") == [None, "staff"]
    assert values(of(message(2), kind="public_channel"), "author_role") == ["staff"]


def test_notices_and_forwards_are_told() -> None:
    rows = of(
        service(1, "create_group"), message(2, forwarded_from="Zoe"),
        message(3, forwarded_from=None),
        message(4, forwarded_from="Ann K"), "x",
    )  # fmt: skip
    assert values(rows, "post_id") == ["7/4"]
    assert reasons(rows) == {
        "result.json:item 1": "system_action",
        "result.json:item 2": "forwarded",
        "result.json:item 3": "forwarded",
        "result.json:item 5": "not_an_object",
    }


@pytest.mark.parametrize("kind", ["personal_chat", "bot_chat", "saved_messages", "replies"])
def test_chats_between_persons_are_told_and_never_posts(kind: str) -> None:
    rows = of(message(2, "Between us"), kind=kind)
    assert reasons(rows) == {"result.json:item 1": "private_message"}
    assert "Between us" not in str(rows)


def test_the_export_of_an_account_gives_the_posts_of_its_groups() -> None:
    chats = [chat(message(2), kind="personal_chat", native=1), chat(message(2), native=8), None]
    left = [chat(message(2), native=9)]
    export = {"about": "", "contacts": {"list": []}, "chats": {"list": chats}}
    rows = read("result.json", json.dumps(export | {"left_chats": {"list": left}}).encode())
    assert values(rows, "post_id") == ["8/2", "9/2"]
    assert reasons(rows) == {
        "result.json, chats:item 1:item 1": "private_message",
        "result.json, chats:item 3": "not_an_object",
    }
