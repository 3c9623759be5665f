"""Discord channels: replies, threads and members as DiscordChatExporter wrote them."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.collect.files import BadRow, Row, open_file, read_rows
from feedbackminer.errors import InputError
from tests.collect.formats.test_slack import JSON
from tests.support.command import invoke
from tests.support.format_reading import PSEUDONYMS, posts, read, reasons, values

ANN = {"id": "1", "name": "ann", "discriminator": "0000", "nickname": "Ann L.", "isBot": False}
BEA = {"id": "2", "name": "bea", "discriminator": "0417", "nickname": "Bea", "roles": [
    {"id": "7", "name": "Moderator", "position": 3},
]}  # fmt: skip
BOT = {"id": "3", "name": "Dyno", "discriminator": "3861", "isBot": True}


def message(native: int, text: str = "It hangs", author: Any = ANN, **more: Any) -> dict[str, Any]:
    """Return a message; ``to`` is the id of the message that it replies to."""
    reply = (
        {"type": "Reply", "reference": {"messageId": str(more.pop("to"))}} if "to" in more else {}
    )
    return {
        "id": str(native), "type": "Default", "timestamp": "2026-03-02T09:00:00+00:00",
        "timestampEdited": None, "isPinned": False, "content": text, "author": author,
        "attachments": [], "reactions": [], "mentions": [], **reply, **more,
    }  # fmt: skip


def export(*messages: Any, indent: int | None = 2, **channel: Any) -> bytes:
    """Return the bytes of a channel."""
    about = {"id": "50", "type": "GuildTextChat", "category": "Product", "name": "help", **channel}
    whole = {
        "guild": {"id": "40", "name": "App"}, "channel": about, "dateRange": {"after": None},
        "messages": list(messages), "messageCount": len(messages),
    }  # fmt: skip
    return json.dumps(whole, indent=indent).encode()


def of(*messages: Any, **channel: Any) -> list[Row | BadRow]:
    return read("help.json", export(*messages, **channel))


@pytest.mark.parametrize("indent", [2, None], ids=["written over lines", "one line"])
def test_replies_are_in_the_thread_of_what_they_answer(indent: int | None) -> None:
    messages = [message(11), message(12, to=11), message(13, to=12), message(14), message(15, to=9)]
    rows = read("help.json", export(*messages, indent=indent))
    assert [row.ref for row in rows][:2] == ["help.json:item 1", "help.json:item 2"]
    assert posts(rows, "thread_id", "parent_id", "channel") == {
        "x:11": ("x:11", None, "help"),
        "x:12": ("x:11", "x:11", "help"),
        "x:13": ("x:11", "x:12", "help"),
        "x:14": ("x:14", None, "help"),
        "x:15": ("x:15", "x:9", "help"),  # answers what the file lacks
    }


def test_a_thread_channel_is_one_thread_with_its_name_as_title() -> None:
    channel = {"id": "50", "type": "GuildPublicThread", "name": "Sync hangs", "category": "help"}
    rows = of(message(50), message(51, to=50), message(52), **channel)
    assert posts(rows, "thread_id", "title", "channel") == {
        "x:50": ("x:50", "Sync hangs", "help"),
        "x:51": ("x:50", None, "help"),
        "x:52": ("x:50", None, "help"),
    }


def test_a_forward_or_a_pin_is_no_reply() -> None:
    forward = message(12, reference={"messageId": "11"})
    pin = message(13, type="ChannelPinnedMessage", reference={"messageId": "11"})
    rows = of(message(11), forward, pin)
    assert values(rows, "thread_id", "parent_id") == [("11", None), ("12", None)]
    assert reasons(rows) == {"help.json:item 3": "system_action"}


def test_members_roles_edits_reactions_and_links_are_read() -> None:
    rows = of(
        message(
            11, reactions=[{"emoji": {}, "count": 2}, {"count": 3}], timestampEdited="2026-03-03"
        ),
        message(12, author=BEA),
        message(13, author=BOT),
    )
    assert values(rows, "author", "author_role", "score", "edited_at", "url") == [
        ("ann", "member", 5, "2026-03-03", "https://discord.com/channels/40/50/11"),
        ("bea#0417", "staff", 0, None, "https://discord.com/channels/40/50/12"),
        ("Dyno#3861", "bot", 0, None, "https://discord.com/channels/40/50/13"),
    ]


@pytest.mark.parametrize(
    "text", ["thanks @Ann L.!", "thanks @ann!", "thanks <@1>!", "thanks <@!1>!"]
)
def test_a_mention_gets_the_pseudonym_of_its_member(text: str) -> None:
    rows = of(message(11), message(12, text, BEA, mentions=[ANN, BEA]))
    assert posts(rows, "body")["x:12"] == f"thanks @{PSEUDONYMS.of('ann')}!"


def test_a_mention_ends_where_its_name_ends() -> None:
    rows = of(message(12, "@everyone @e", mentions=[{"id": "5", "name": "ed", "nickname": "e"}]))
    assert values(rows, "body") == ["@everyone @ed"]


def test_what_is_no_message_of_a_channel_is_told_with_its_reason() -> None:
    rows = of(
        message(11, type="GuildMemberJoin"), 7, message(12), message(13, type="ThreadCreated")
    )
    assert values(rows, "post_id") == ["12"]
    assert reasons(rows) == {
        "help.json:item 1": "system_action",
        "help.json:item 2": "not_an_object",
        "help.json:item 4": "system_action",
    }
    private = of(message(11), type="DirectTextChat")
    assert reasons(private) == {"help.json:item 1": "private_message"}


def test_an_export_cut_short_is_an_error_and_jsonl_is_not_mistaken_for_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the JSON is damaged or cut short"):
        read("help.json", export(message(11))[:-40])
    rows = read("posts.jsonl", b'{"guild": "a", "body": "b"}\n{"guild": "a", "body": "c"}\n')
    assert values(rows, "body") == ["b", "c"]
    path = tmp_path / "help.json.gz"
    path.write_bytes(gzip.compress(export(message(11))))
    assert values(list(read_rows(open_file(str(path)))), "post_id") == ["11"]


FIELDS = ("id", "type", "content", "author", "reference", "reactions", "mentions", "timestamp")
MESSAGES = st.lists(JSON | st.dictionaries(st.sampled_from(FIELDS), JSON), max_size=6)


@given(MESSAGES)
def test_every_message_in_comes_out_whatever_it_holds(messages: list[Any]) -> None:
    assert len(of(*messages)) == len(messages)


def test_import_reads_several_channels(tmp_path: Path) -> None:
    one, other = tmp_path / "help.json", tmp_path / "ideas.json"
    one.write_bytes(export(message(11), message(12, to=11)))
    other.write_bytes(export(message(21, "Dark mode"), id="51", name="ideas"))
    run = invoke("import", one, other, "--project", tmp_path, "--source", "discord", "--json")
    assert run.exit_code == 0, run.output
    from feedbackminer.project.store import Store

    stored = Store(tmp_path / "tables").read("posts").select("post_id", "channel").rows()
    assert sorted(stored) == [
        ("discord:11", "help"),
        ("discord:12", "help"),
        ("discord:21", "ideas"),
    ]
