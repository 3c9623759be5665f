"""Whatever stands in the export of a platform is read, or told; it never breaks the import."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from feedbackminer.collect.files import BadRow, Row
from feedbackminer.errors import InputError
from tests.collect.formats import (
    test_discourse_topic,
    test_disqus,
    test_mattermost,
    test_slackdump,
    test_stack_exchange_api,
    test_stack_exchange_dump,
    test_steam,
    test_telegram,
)
from tests.support.format_reading import collect, read

FEED = {
    "version": "https://jsonfeed.org/version/1.1",
    "items": [{"id": 1, "content_text": "x", "date_published": "2024-01-05", "tags": ["a"]}],
}
REACTIONS = [{"count": 2, "users": ["U1"]}]
DOCUMENTS: dict[str, Any] = {
    "telegram": test_telegram.chat(
        test_telegram.service(1, "topic_created", title="Grills"),
        test_telegram.message(
            2, ["a", {"type": "mention_name", "text": "Ann", "user_id": 1}], reactions=REACTIONS,
            reply_to_message_id=1, poll={"question": "?", "answers": [{"text": "a"}]},
        ),
    ),
    "telegram account": {"chats": {"list": [test_telegram.chat(test_telegram.message(2))]}},
    "stack_exchange_api": test_stack_exchange_api.page(
        test_stack_exchange_api.question(
            tags=["a"], comments=[test_stack_exchange_api.comment(1, 31)],
            answers=[test_stack_exchange_api.answer()],
        )
    ),
    "discourse_topic": test_discourse_topic.topic(
        test_discourse_topic.post(1, actions_summary=[{"id": 2, "count": 3}]),
        accepted_answer={"post_number": 1},
    ),
    "slackdump": {
        "channel_id": "C1", "name": "grill", "users": [{"id": "U1", "name": "ann"}],
        "messages": [test_slackdump.message("Hi <@U1>", reactions=REACTIONS,
                     slackdump_thread_replies=[test_slackdump.message("x", "2", thread_ts="1")])],
    },
    "steam": {"reviews": [test_steam.review(1, developer_response="x")]},
    "json_feed": FEED,
}  # fmt: skip
LINES: list[Any] = [
    test_mattermost.VERSION, test_mattermost.CHANNEL,
    test_mattermost.line("user", username="ann_m", roles="system_admin"),
    test_mattermost.post(replies=[test_mattermost.reply()], reactions=REACTIONS, props={"a": "b"}),
    test_mattermost.line("direct_post", user="ann_m", message="x", replies=[]),
]  # fmt: skip
XML = {
    "stack_exchange_dump": test_stack_exchange_dump.table(
        "posts", test_stack_exchange_dump.question(1), test_stack_exchange_dump.answer(2, 1)
    ),
    "disqus": (test_disqus.HEAD + test_disqus.comment(11) + "</disqus>").encode(),
}
DEEP = json.loads("[" * 300 + "]" * 300)
HOSTILE = [
    None, True, -1, 1e308, 10**40, "", " ", "\x00\ud800", "x" * 5000, "<" * 5000, "[[" * 5000,
    "../../etc/passwd", "=cmd|' /C calc'!A0", "<script>alert(1)</script>", "{{ 7*7 }}", [], {},
    [None], [[1]], {"a": {}}, DEEP,
]  # fmt: skip


def documents() -> dict[str, tuple[Any, Callable[[Any], bytes]]]:
    """Return name -> an export, and how it is written."""
    written = {name: (document, _written) for name, document in DOCUMENTS.items()}
    return {**written, "mattermost": (LINES, _as_lines)}


def _written(document: Any) -> bytes:
    return json.dumps(document, indent=1).encode()


def _as_lines(lines: Any) -> bytes:
    return "\n".join(map(json.dumps, lines if isinstance(lines, list) else [lines])).encode()


def outcome(data: bytes) -> list[Row | BadRow]:
    """Import bytes; an export that is refused as a whole has a message, and no rows."""
    with suppress(InputError):
        rows = read("export", data)
        collect(rows)
        assert all(row.reason and row.detail for row in rows if isinstance(row, BadRow))
        assert len({row.ref for row in rows}) == len(rows)
        return rows
    return []


def changed(value: Any, hostile: Any) -> Iterator[Any]:
    """Yield a document many times, each time with another one of its values replaced."""
    yield hostile
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if _is_list(value) else ()
    for key in list(keys):
        for inner in changed(value[key], hostile):
            copy = value.copy()
            copy[key] = inner
            yield copy


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("name", documents())
def test_any_value_may_be_another(name: str, hostile: Any) -> None:
    document, write = documents()[name]
    for other in changed(document, hostile):
        with suppress(InputError):
            assert all(row.ref for row in read("export", write(other)))


@pytest.mark.parametrize("name", documents())
def test_any_field_may_be_missing(name: str) -> None:
    document, write = documents()[name]
    for other in changed(document, KeyError):
        outcome(write(_without(other)))


def _without(value: Any) -> Any:
    """Return a document without what was replaced by the mark."""
    if isinstance(value, dict):
        return {key: _without(inner) for key, inner in value.items() if inner is not KeyError}
    if isinstance(value, list):
        return [_without(inner) for inner in value if inner is not KeyError]
    return {} if value is KeyError else value


@pytest.mark.parametrize("data", [*map(_written, DOCUMENTS.values()), *XML.values()],
                         ids=[*DOCUMENTS, *XML])  # fmt: skip
def test_an_export_that_is_cut_short_is_told(data: bytes) -> None:
    for end in range(1, len(data) - 1, max(len(data) // 40, 1)):
        rows = outcome(data[:end])
        assert not rows or isinstance(rows[-1], BadRow)


def test_a_line_that_is_cut_short_is_told() -> None:
    rows = read("export", _as_lines(LINES[:4])[:-9])
    assert isinstance(rows[-1], BadRow)


@pytest.mark.parametrize(
    ("begin", "end"), [('{"messages":', "}"), ('{"messages": [{"from_id": [', "]}]}"), ("[", "]")]
)
def test_a_million_levels_are_told(begin: str, end: str) -> None:
    assert all(isinstance(row, BadRow) for row in outcome((begin * 10**6 + end * 10**6).encode()))


ENTITIES = (
    '<!DOCTYPE posts [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    '<!DOCTYPE posts [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    '<!DOCTYPE posts SYSTEM "http://127.0.0.1:9/x.dtd">',
    '<!DOCTYPE posts [<!ENTITY % a SYSTEM "http://127.0.0.1:9/"> %a;]>',
)


@pytest.mark.parametrize("declaration", ENTITIES)
@pytest.mark.parametrize("name", XML)
def test_xml_that_declares_entities_is_refused(name: str, declaration: str) -> None:
    head, _, rest = XML[name].partition(b"\n")
    with pytest.raises(InputError, match="refused"):
        read("export", head + declaration.encode() + rest)


@pytest.mark.parametrize("name", XML)
def test_xml_of_any_depth_is_told(name: str) -> None:
    root = XML[name].rpartition(b"</")[2]
    rows = read("export", b"<" + root + b"<post>" * 10**5 + b"x")
    assert [row.ref for row in rows] == ["export:end"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("<rss version='2.0'><channel/></rss>", 'source of kind "rss"'),
        ("<feed xmlns='http://www.w3.org/2005/Atom'/>", 'source of kind "rss"'),
        ("<svg xmlns='http://www.w3.org/2000/svg'/>", "begins with <svg>"),
        ("<!DOCTYPE html><html><body>Exported Data</body></html>", "web page.*JSON"),
        ("<html lang='en'>", "web page.*JSON"),
        ("<", "without any element"),
        ("<?xml version='1.0' encoding='klingon'?><posts/>", "klingon"),
        ("<!-- nothing -->", "without any element"),
        ("{\n \"messages\": [\n  {", "cut short"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_export_says_what_it_is(data: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read("export", data.encode())


def test_bytes_that_are_no_text_are_told_where_they_stand_deep() -> None:
    data = _written(test_telegram.chat(test_telegram.message(1, ["caf\xe9 ", {"text": "x"}])))
    data = data.replace(b"caf\\u00e9", b"caf\xe9")
    (row,) = read("export", data)
    assert isinstance(row, BadRow)
    assert row.reason == "invalid_encoding"


@pytest.mark.parametrize(
    "export",
    [
        [{"question_id": 7, "author": "ann_k", "body": "It hangs", "creation_date": "2024-01-05"}],
        [{"id": 7, "author": "ann_k", "body": "It hangs", "reviews": 3, "type": "post"}],
        [{"id": 7, "author": "ann_k", "text": "It hangs", "messages": 4, "version": "1.1"}],
    ],
)
def test_a_plain_table_stays_what_it_is(export: Any) -> None:
    for data in (_written(export), _as_lines(export)):
        assert [row.values for row in read("export", data) if isinstance(row, Row)] == export
