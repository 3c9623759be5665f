"""Channels that slackdump saved."""

import json
from typing import Any

import pytest

from feedbackminer.collect.files import BadRow, Row
from tests.support.format_reading import posts, read, reasons, values

T1, T2, T3 = "1704100000.000100", "1704100100.000100", "1704100200.000100"


def message(text: str, ts: str = T1, user: str = "U1", **more: Any) -> dict[str, Any]:
    return {"type": "message", "ts": ts, "user": user, "text": text, **more}


def of(*messages: Any, **more: Any) -> list[Row | BadRow]:
    channel = {"channel_id": "C1", "name": "grill", "messages": list(messages), **more}
    return read("C1.json", json.dumps(channel).encode())


def test_replies_are_read_out_of_their_message() -> None:
    replies = [message("Clean it", T2, "U2", thread_ts=T1), message("Done", T3, thread_ts=T1)]
    rows = of(message("It smokes", thread_ts=T1, slackdump_thread_replies=replies))
    assert posts(rows, "thread_id", "parent_id", "channel") == {
        f"x:C1/{T1}": (f"x:C1/{T1}", None, "grill"),
        f"x:C1/{T2}": (f"x:C1/{T1}", f"x:C1/{T1}", "grill"),
        f"x:C1/{T3}": (f"x:C1/{T1}", f"x:C1/{T1}", "grill"),
    }


def test_people_have_their_names_where_the_file_lists_them() -> None:
    users = [{"id": "U1", "name": "ann.lee", "is_admin": True}]
    rows = of(message("Hi <@U1>"), message("Yo", T2, "U2"), users=users)
    assert values(rows, "author", "author_role", "body") == [
        ("ann.lee", "staff", "Hi @ann.lee"), ("U2", "member", "Yo"),
    ]  # fmt: skip


@pytest.mark.parametrize("chat", [{"channel_id": "D1"}, {"name": "mpdm-ann--bea--cy-1"}])
def test_direct_messages_are_told_and_never_posts(chat: dict[str, str]) -> None:
    replies = [message("Me too", T2, thread_ts=T1)]
    rows = of(message("Between us", slackdump_thread_replies=replies), **chat)
    assert set(reasons(rows).values()) == {"private_message"}
    assert len(rows) == 2


def test_notices_and_what_is_no_message_are_told() -> None:
    rows = of(message("joined", subtype="channel_join"), 7,
              message("x", T2, slackdump_thread_replies=[None]))  # fmt: skip
    assert reasons(rows) == {
        "C1.json:item 1": "system_action",
        "C1.json:item 2": "not_an_object",
        "C1.json:item 3, replies:item 1": "not_an_object",
    }
