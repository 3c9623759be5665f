"""Slack exports: who said what where, in which thread, as its readers see it."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.collect.files import BadRow, Row
from tests.support.command import invoke
from tests.support.format_reading import PSEUDONYMS, posts, read, reasons, values

USERS = [
    {"id": "U1", "name": "ann.lee", "real_name": "Ann Lee", "profile": {"display_name": "Ann"}},
    {"id": "U2", "name": "bea", "is_admin": True},
    {"id": "U3", "name": "helper", "is_bot": True},
]
CHANNELS = [{"id": "C1", "name": "general"}, {"id": "C2", "name": "ideas"}]
T1, T2, T3, T4 = "1772442000.000100", "1772442060.000200", "1772442120.000300", "1772442180.000400"


def message(text: str, ts: str = T1, user: str | None = "U1", **more: Any) -> dict[str, Any]:
    """Return a message."""
    return {"type": "message", "ts": ts, "user": user, "text": text, **more}


def export(days: dict[str, Any], *, folder: str = "", **lists: Any) -> bytes:
    """Return the bytes of an export; ``days`` are channel/date -> messages."""
    target = io.BytesIO()
    files = {"users": USERS, "channels": CHANNELS, "integration_logs": [], **lists}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**files, **days}.items():
            archive.writestr(f"{folder}{name}.json", json.dumps(content))
    return target.getvalue()


def of(*messages: Any, **lists: Any) -> list[Row | BadRow]:
    """Read an export of one day in one channel."""
    return read("s.zip", export({"general/2026-03-02": list(messages)}, **lists))


def body(text: str, **more: Any) -> str:
    (body,) = values(of(message(text, **more)), "body")
    return str(body)


@pytest.mark.parametrize("folder", ["", "My workspace/"])
def test_replies_belong_to_the_message_that_opens_their_thread(folder: str) -> None:
    days = {
        "general/2026-03-02": [message("It hangs", T1, thread_ts=T1), message("Hello", T3)],
        "general/2026-03-03": [message("Here too", T2, "U2", thread_ts=T1)],
        "ideas/2026-03-02": [message("Dark mode", T1)],
    }
    rows = read("s.zip", export(days, folder=folder))
    assert [row.ref for row in rows][:2] == [
        f"s.zip/{folder}general/2026-03-02.json:item 1",
        f"s.zip/{folder}general/2026-03-02.json:item 2",
    ]
    assert posts(rows, "thread_id", "parent_id", "channel") == {
        f"x:C1/{T1}": (f"x:C1/{T1}", None, "general"),
        f"x:C1/{T3}": (f"x:C1/{T3}", None, "general"),
        f"x:C1/{T2}": (f"x:C1/{T1}", f"x:C1/{T1}", "general"),
        f"x:C2/{T1}": (f"x:C2/{T1}", None, "ideas"),
    }


def test_authors_roles_edits_and_reactions_are_read() -> None:
    reactions = [{"name": "+1", "count": 3, "users": []}, {"name": "eyes", "count": 1}]
    rows = of(
        message("a", T1, reactions=reactions, edited={"user": "U1", "ts": T2}),
        message("b", T2, "U2"),
        message("c", T3, "U3"),
        message("d", T4, None, subtype="bot_message", bot_id="B1", username="Deploys"),
        message("e", "1772442181.0", "U9", user_profile={"name": "cid", "real_name": "Cid"}),
    )
    columns = ("author", "author_role", "score", "edited_at")
    assert values(rows, *columns) == [
        ("ann.lee", "member", 4, T2),
        ("bea", "staff", 0, None),
        ("helper", "bot", 0, None),
        ("Deploys", "bot", 0, None),
        ("cid", "member", 0, None),
    ]
    assert set(posts(rows, "created_at")) == {f"x:C1/{t}" for t in (T1, T2, T3, T4, "1772442181.0")}


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("thanks <@U1>!", "thanks @ann.lee!"),
        ("<@U9|cid> and <@U8>", "@cid and @U8"),
        ("see <#C2> and <#C7|news> and <#C2|>", "see #ideas and #news and #ideas"),
        (
            "<!here> <!subteam^S1|@design> <!date^1772442000^{date}|2 March>",
            "@here @design 2 March",
        ),
        ("<https://example.org/a|the page>", "[the page](https://example.org/a)"),
        ("<http://example.org|example.org>", "http://example.org"),
        ("<https://example.org/a?b=1&amp;c=2>", "https://example.org/a?b=1&c=2"),
        ("<mailto:ann@example.org|ann@example.org>", "ann@example.org"),
        ("&gt; quoted\na &lt; b &amp;&amp; &amp;lt;", "> quoted\na < b && &lt;"),
        ("a < b > c <", "a < b > c <"),
    ],
)
def test_a_text_reads_as_it_does_in_slack(text: str, want: str) -> None:
    assert body(text) == want


def rich(*elements: Any, kind: str = "section", **more: Any) -> dict[str, Any]:
    """Return a block of rich text with one part."""
    inner = {"type": f"rich_text_{kind}", "elements": list(elements), **more}
    return {"type": "rich_text", "elements": [inner]}


def leaf(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": text, **more}


@pytest.mark.parametrize(
    ("block", "want"),
    [
        (rich(leaf("It "), leaf("hangs", style={"bold": True})), "It hangs"),
        (rich(leaf("a < b && <@U1>")), "a < b && <@U1>"),
        (rich(leaf("sync --all", style={"code": True})), "`sync --all`"),
        (
            rich(
                {"type": "user", "user_id": "U1"},
                leaf(" see "),
                {"type": "channel", "channel_id": "C2"},
            ),
            "@ann.lee see #ideas",
        ),
        (
            rich(
                {"type": "broadcast", "range": "here"},
                leaf(" hi "),
                {"type": "emoji", "name": "tada"},
            ),
            "@here hi :tada:",
        ),
        (
            rich(
                {"type": "link", "url": "https://x.org/?a=1", "text": "the page"},
                leaf(", "),
                {"type": "link", "url": "https://x.org"},
            ),
            "[the page](https://x.org/?a=1), https://x.org",
        ),
        (
            rich(
                {"elements": [leaf("first")]},
                {"elements": [leaf("second")]},
                kind="list",
                style="ordered",
            ),
            "1. first\n2. second",
        ),
        (
            rich(
                {"elements": [leaf("one")]},
                {"elements": [leaf("two")]},
                kind="list",
                style="bullet",
                indent=7,
            ),
            "  - one\n  - two",
        ),
        (rich(leaf("she said\nno"), kind="quote"), "> she said\n> no"),
        (rich(leaf("error 17"), kind="preformatted"), "```\nerror 17\n```"),
        (
            {"type": "section", "text": {"type": "mrkdwn", "text": "thanks <@U1>"}},
            "thanks @ann.lee",
        ),
        (
            {
                "type": "section",
                "fields": [{"type": "plain_text", "text": "a<b"}, {"type": "mrkdwn", "text": "c"}],
            },
            "a<b\nc",
        ),
        ({"type": "header", "text": {"type": "plain_text", "text": "News"}}, "News"),
        (
            {
                "type": "context",
                "elements": [{"type": "image"}, {"type": "mrkdwn", "text": "by us"}],
            },
            "by us",
        ),
        ({"type": "markdown", "text": "**a** <b>"}, "**a** <b>"),
        ({"type": "divider"}, ""),
        ({"type": "actions", "elements": [{"type": "button", "text": {"text": "Go"}}]}, ""),
        ({"type": "rich_text", "elements": "no list"}, ""),
        (
            rich(
                leaf("x"),
                {"type": "text", "text": None},
                {"type": ["odd"]},
                kind="list",
                indent="x",
            ),
            "- \n- \n- ",
        ),
        (rich({"type": ["odd"], "text": "x"}, {"type": "user"}, leaf("y")), "x<@>y"),
        ("no block", ""),
    ],
)
def test_a_message_without_a_text_has_the_words_of_its_blocks(block: Any, want: str) -> None:
    assert body("", blocks=[block]) == want
    assert body("said", blocks=[block]) == "said"


@pytest.mark.parametrize(
    ("attachment", "want"),
    [
        (
            {"pretext": "New:", "title": "T", "text": "thanks <@U1>", "fallback": "f"},
            "New:\nT\nthanks @ann.lee",
        ),
        ({"fields": [{"title": "State", "value": "open"}, {"value": "late"}]}, "State: open\nlate"),
        ({"blocks": [rich(leaf("in a block"))]}, "in a block"),
        ({"fallback": "in short"}, "in short"),
        ({"is_share": True, "text": "what Bea said"}, ""),
        ({"is_msg_unfurl": True, "text": "what Bea said"}, ""),
    ],
)
def test_else_it_has_those_of_its_attachments(attachment: Any, want: str) -> None:
    assert body("", attachments=[attachment]) == want
    assert body("", attachments=[attachment], blocks=[rich(leaf("said"))]) == "said"


def test_a_mention_gets_the_pseudonym_of_its_member() -> None:
    rows = of(message("hello", T1, "U1"), message("thanks <@U1>", T2, "U2"))
    assert posts(rows, "body")[f"x:C1/{T2}"] == f"thanks @{PSEUDONYMS.of('ann.lee')}"


def test_what_is_no_message_of_a_channel_is_told_with_its_reason() -> None:
    days = {
        "general/2026-03-02": [
            message("<@U1> has joined the channel", subtype="channel_join"),
            message("This message was deleted.", subtype="tombstone"),
            {"type": "pinned_item", "ts": T1, "text": ""},
            "no object",
            message("my files", T2, subtype="file_share"),
        ],
        "D1/2026-03-02": [message("between us")],
        "mpdm-ann--bea-1/2026-03-02": [message("between us three")],
        "general/canvas_in_the_conversation": [],
    }
    chats: dict[str, Any] = {
        "dms": [{"id": "D1", "members": []}],
        "mpims": [{"id": "G1", "name": "mpdm-ann--bea-1"}],
    }
    rows = read("s.zip", export(days, **chats))
    assert values(rows, "body") == ["my files"]
    day = "s.zip/general/2026-03-02.json:item"
    assert reasons(rows) == {
        f"{day} 1": "system_action",
        f"{day} 2": "deleted_at_source",
        f"{day} 3": "system_action",
        f"{day} 4": "not_an_object",
        "s.zip/D1/2026-03-02.json:item 1": "private_message",
        "s.zip/mpdm-ann--bea-1/2026-03-02.json:item 1": "private_message",
        "s.zip/general/canvas_in_the_conversation.json": "unknown_format",
    }


def test_a_damaged_day_is_told_and_the_others_are_read() -> None:
    target = io.BytesIO(export({"general/2026-03-02": [message("a")]}))
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr("general/2026-03-03.json", b'[{"ts": ')
        archive.writestr("general/2026-03-04.json", b"\xff\xfe\xff")
    rows = read("s.zip", target.getvalue())
    assert values(rows, "body") == ["a"]
    assert reasons(rows) == {
        "s.zip/general/2026-03-03.json": "malformed_json",
        "s.zip/general/2026-03-04.json": "malformed_json",
    }


def test_an_export_without_its_lists_of_users_and_channels_is_read() -> None:
    rows = of(message("a <@U1>"), users=[], channels=[{"broken": 1}])
    assert values(rows, "post_id", "author", "body") == [(f"general/{T1}", "U1", "a @U1")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
FIELDS = (
    "type",
    "ts",
    "user",
    "text",
    "subtype",
    "thread_ts",
    "edited",
    "reactions",
    "user_profile",
)
MESSAGES = st.lists(JSON | st.dictionaries(st.sampled_from(FIELDS), JSON), max_size=6)


@given(MESSAGES)
def test_every_message_in_comes_out_whatever_it_holds(messages: list[Any]) -> None:
    assert len(of(*messages)) == len(messages)


def test_import_reads_an_export(tmp_path: Path) -> None:
    path = tmp_path / "workspace.zip"
    path.write_bytes(
        export(
            {"general/2026-03-02": [message("It hangs"), message("", T2, subtype="channel_join")]}
        )
    )
    run = invoke("import", path, "--project", tmp_path, "--json", "--max-dropped", "0.9")
    assert run.exit_code == 0, run.output
    from feedbackminer.project.store import Store

    assert Store(tmp_path / "tables").read("posts")["post_id"].to_list() == [f"workspace:C1/{T1}"]
