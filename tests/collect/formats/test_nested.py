"""JSON of any shape: lists inside objects, objects in fields, answers inside a post."""

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.collect.columns import NAMES
from feedbackminer.collect.files import BadRow, Row
from feedbackminer.collect.formats import nested
from feedbackminer.errors import InputError
from feedbackminer.project.store import Store
from tests.collect.formats.test_slack import JSON
from tests.support.command import invoke
from tests.support.format_reading import collect, posts, read, reasons

ANN: dict[str, Any] = {"id": 1, "user": "ann", "text": "The lamp hums."}
BEA: dict[str, Any] = {"id": 2, "user": "bea", "text": "Mine does not."}
CATEGORIES = [{"id": 7, "name": "Lamps", "description": "All about lamps"}]


def of(value: Any, indent: int | None = None) -> list[Row | BadRow]:
    return read("x.json", json.dumps(value, indent=indent).encode())


def bodies(rows: list[Row | BadRow]) -> list[str]:
    return collect(rows).posts["body"].to_list()


# --- lists inside objects -----------------------------------------------------------------------


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    "page",
    [
        {"feedbacks": [ANN, BEA]},
        {"data": {"items": [ANN, BEA]}, "ok": True},
        {"count": 2, "next": None, "results": [ANN, BEA]},
        {"message": "ok", "data": [ANN, BEA]},
        {"title": "Export", "items": [ANN, BEA]},
        {"data": {"all": {"edges": [{"node": ANN, "cursor": "a"}, {"node": BEA}]}}},
        {"data": [{"type": "p", "id": i["id"], "attributes": i} for i in (ANN, BEA)]},
        {"took": 3, "hits": {"total": 2, "hits": [{"_source": ANN}, {"_source": BEA}]}},
        {"posts": {"-N1": ANN, "-N2": BEA}},
        [{"page": 1, "results": [ANN]}, {"page": 2, "results": [BEA]}],
        [[ANN], [BEA]],
        {"users": [{"id": 5, "user": "cid", "description": "I like tea"}], "list": [ANN, BEA]},
    ],
)
def test_the_list_inside_an_object_holds_the_posts(page: Any, indent: int | None) -> None:
    rows = of(page, indent)
    assert bodies(rows) == ["The lamp hums.", "Mine does not."]
    assert reasons(rows) == {}


def test_a_page_on_each_line_is_opened_and_told_by_its_line() -> None:
    lines = [json.dumps({"page": n, "reviews": [post]}) for n, post in enumerate((ANN, BEA))]
    rows = read("x.jsonl", "\n".join(lines).encode())
    assert [row.ref for row in rows] == ["x.jsonl:1:item 1", "x.jsonl:2:item 1"]
    assert len(posts(rows)) == 2


def test_pages_put_one_behind_the_other_are_read() -> None:
    assert len(posts(read("x", (json.dumps([ANN]) + json.dumps([BEA])).encode()))) == 2
    pretty = json.dumps(ANN, indent=2) + "\n" + json.dumps(BEA, indent=2)
    assert len(posts(read("x", pretty.encode()))) == 2


def test_an_object_that_is_one_post_is_one_post() -> None:
    links = [{"title": "More lamps", "href": "https://x.example"}]
    for post in (ANN, ANN | {"links": links}, ANN | {"attachments": [{"text": "a picture"}]}):
        assert list(posts(of(post, indent=2))) == ["x:1"]


def test_of_several_lists_those_are_posts_that_somebody_says() -> None:
    rows = of({"categories": CATEGORIES, "reviews": [ANN], "answers": [BEA]})
    assert bodies(rows) == ["The lamp hums.", "Mine does not."]
    assert reasons(rows) == {"x.json, 'categories'": "passed_over"}


def test_of_lists_that_nobody_says_the_one_with_more_fields_is_read_and_the_other_told() -> None:
    dated = {"id": 1, "text": "It hums a lot", "date": "2024-01-02"}
    rows = of({"sections": CATEGORIES, "entries": [dated]})
    assert bodies(rows) == ["It hums a lot"]
    assert list(reasons(rows).values()) == ["passed_over"]
    tie = of({"a": [dated], "b": [dated | {"id": 2}]})
    assert len(posts(tie)) == 1
    assert list(reasons(tie)) == ["x.json, 'b'"]


def test_the_text_of_a_product_around_its_reviews_is_told() -> None:
    product = {"id": 9, "name": "Lamp", "description": "A lamp of brass", "reviews": [ANN]}
    rows = of(product)
    assert bodies(rows) == ["The lamp hums."]
    assert reasons(rows) == {"x.json, 'description'": "passed_over"}


def test_a_list_that_is_left_out_of_many_posts_is_told_once() -> None:
    work = {"worklog": {"entries": [{"user": "cid", "comment": "two hours at it"}]}}
    rows = of([ANN | work, BEA | work])
    assert len(posts(rows)) == 2
    assert reasons(rows) == {"x.json:item 1, 'entries'": "passed_over"}


def test_posts_of_a_thread_have_its_title_and_are_told_apart() -> None:
    topics = [
        {"id": 5, "title": "Lamps", "posts": [{"id": 1, "user": "a", "text": "They hum"}]},
        {"id": 6, "title": "Pans", "posts": [{"id": 1, "user": "b", "text": "They stick"}]},
    ]
    assert posts(of(topics), "thread_id", "title") == {
        "x:5-1": ("x:5", "Lamps"),
        "x:6-1": ("x:6", "Pans"),
    }


def test_people_beside_the_posts_are_known_by_their_names() -> None:
    people = {"users": [{"id": "9", "username": "ann", "name": "Ann L"}]}
    page = {"data": [{"id": "1", "text": "so slow", "author_id": "9"}], "includes": people}
    (row,) = of(page)
    assert isinstance(row, Row)
    assert row.values["author_id"] == "ann"


# --- objects in fields --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "want"),
    [
        ({"login": "ann-l", "name": "Ann", "id": 4}, "ann-l"),
        ({"id": 4, "username": "ann_l", "display_name": "Ann"}, "ann_l"),
        ({"displayName": "Ann L", "id": 4}, "Ann L"),
        ({"id": 4, "avatar": "https://x.example"}, 4),
        ({"data": {"attributes": {"userName": "ann"}}}, "ann"),
        ([{"name": "Ann"}], "Ann"),
        ({"$oid": "65a"}, {"$oid": "65a"}),
    ],
)
def test_an_author_that_is_an_object_is_known_by_its_account(person: Any, want: Any) -> None:
    (row,) = of([{"id": 1, "author": person, "text": "It hums"}])
    assert isinstance(row, Row)
    assert row.values["author"] == want


@pytest.mark.parametrize(
    ("more", "role"),
    [
        ({"author": {"login": "a", "is_bot": True}}, "bot"),
        ({"author": {"login": "a", "is_bot": False, "type": "User"}}, "member"),
        ({"user": {"login": "a", "type": "Bot"}}, "bot"),
        ({"user": {"login": "robot_lover"}}, "member"),
        ({"user": {"login": "a"}, "author_association": "OWNER"}, "staff"),
        ({"user": {"login": "a"}, "authorAssociation": "CONTRIBUTOR"}, "member"),
        ({"user": {"username": "a", "admin": True}}, "staff"),
        ({"account": {"acct": "a", "bot": True}}, "bot"),
    ],
)
def test_only_what_calls_itself_a_bot_or_staff_is_one(more: Any, role: str) -> None:
    assert posts(of([{"id": 1, "text": "It hums", **more}]), "author_role") == {"x:1": role}


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ({"rendered": "<p>It &amp; I</p>"}, "It & I"),
        ({"raw": "It *hums*", "html": "<p>It hums</p>"}, "It hums"),
        ({"text": "It hums", "languageCode": "en"}, "It hums"),
        ({"runs": [{"text": "It "}, {"text": "hums"}]}, "It hums"),
        (["It ", {"type": "bold", "text": "hums"}], "It hums"),
        ({"ops": [{"insert": "It hums"}]}, "It hums"),
    ],
)
def test_a_text_that_is_an_object_is_its_words(text: Any, want: str) -> None:
    assert bodies(of([{"id": 1, "user": "ann", "content": text}])) == [want]


def test_a_document_of_nodes_keeps_its_paragraphs_quotations_and_code() -> None:
    def node(kind: str, *content: Any, **more: Any) -> dict[str, Any]:
        return {"type": kind, "content": list(content), **more}

    def words(text: str) -> dict[str, Any]:
        return {"type": "text", "text": text}

    mention = {"type": "mention", "attrs": {"id": "1", "text": "@ann"}}
    document = node(
        "doc",
        node("paragraph", words("It is "), words("<b>"), mention),
        node("blockquote", node("paragraph", words("does it hum?"))),
        node("codeBlock", words("a = 1 < 2")),
        version=1,
    )
    (body,) = bodies(of([{"id": 1, "body": document, "user": "ann"}]))
    assert body.replace("@ann", "@m").splitlines()[0].startswith("It is <b>@m")
    assert "\n> does it hum?\n" in body
    assert "```\na = 1 < 2\n```" in body


@pytest.mark.parametrize(
    ("more", "column", "want"),
    [
        ({"reactions": {"+1": 2, "heart": 1, "total_count": 3}}, "score", 2),
        ({"reactions": {"total_count": 3}}, "score", 3),
        ({"reactionGroups": [{"content": "THUMBS_UP", "users": {"totalCount": 4}}]}, "score", 4),
        ({"reactions": [{"name": "tada", "count": 2}, {"name": "-1", "count": 9}]}, "score", 2),
        ({"likes": {"data": [], "summary": {"total_count": 7}}}, "score", 7),
        ({"labels": [{"name": "bug"}, {"name": "ui"}]}, "meta", '{"tags": "bug, ui"}'),
        ({"labels": {"nodes": [{"name": "bug"}]}}, "meta", '{"tags": "bug"}'),
        ({"tags": ["bug", "ui"]}, "meta", '{"tags": "bug, ui"}'),
        ({"status": {"name": "Open", "id": 3}}, "meta", '{"status": "Open"}'),
        ({"reviewRating": {"ratingValue": "4", "bestRating": 5}}, "rating", 4),
        ({"category": {"name": "Lamps"}}, "channel", "Lamps"),
        ({"url": "https://api.x/1", "html_url": "https://x/1"}, "url", "https://x/1"),
    ],
)
def test_other_objects_are_what_they_say(more: Any, column: str, want: Any) -> None:
    assert posts(of([ANN | {"a": {}} | more]), column) == {"x:1": want}


def test_dates_and_ids_of_databases_are_read() -> None:
    row = {
        "_id": {"$oid": "65a"}, "user": "ann", "text": "It hums",
        "created": {"$date": {"$numberLong": "1704100000000"}},
    }  # fmt: skip
    (created,) = posts(of([row]), "created_at").values()
    assert list(posts(of([row]))) == ["x:65a"]
    assert created.isoformat().startswith("2024-01-01T09:06:40")


def test_an_object_that_says_nothing_is_told_and_never_a_text_or_a_name() -> None:
    rows = of(
        [
            {"id": 1, "user": "ann", "body": {"version": 2, "ids": [1]}},
            {"id": 2, "user": {"x": {"y": 1}}, "body": "It hums"},
            {"id": 3, "user": "ann", "comment": {"n": 3}, "description": "So it does"},
        ]
    )
    result = collect(rows)
    assert result.dropped["reason"].to_list() == ["not_text"]
    assert dict(result.posts.select("post_id", "body").iter_rows()) == {
        "x:2": "It hums",
        "x:3": "So it does",
    }
    assert result.posts["author_id"].null_count() == 1
    assert any("author" in notice and "object" in notice for notice in result.notices)


# --- answers inside a post ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "answers",
    [
        {"comments": [BEA]},
        {"replies": {"nodes": [BEA]}},
        {"answers": {"edges": [{"node": BEA}]}},
        {"notes": {"data": [BEA], "paging": {}}},
        {"comments": {"comments": [BEA], "total": 1}},
        {"discussions": [{"individual": True, "notes": [BEA]}]},
        {"children": [BEA]},
    ],
)
def test_answers_are_posts_of_the_thread(answers: Any) -> None:
    assert posts(of([ANN | answers]), "thread_id", "parent_id") == {
        "x:1": ("x:1", None),
        "x:1-2": ("x:1", "x:1"),
    }


def test_answers_to_answers_and_their_own_word_for_it_are_followed() -> None:
    tree = {
        "id": "a", "user": "ann", "text": "one",
        "replies": [
            {"id": "b", "user": "bea", "text": "two", "replies": [
                {"id": "c", "user": "cid", "text": "three"},
            ]},
            {"id": "d", "user": "dee", "text": "four", "in_reply_to_id": "c"},
            {"id": "e", "user": "eve", "text": "five", "in_reply_to_id": "elsewhere"},
        ],
    }  # fmt: skip
    assert posts(of(tree), "parent_id") == {
        "x:a": None, "x:b": "x:a", "x:c": "x:b", "x:d": "x:c", "x:e": "x:a",
    }  # fmt: skip


def test_comments_that_are_numbered_anew_in_each_post_are_told_apart() -> None:
    comment = {"id": 1, "user": "bea", "text": "Same here"}
    rows = of([ANN | {"comments": [comment]}, ANN | {"id": 2, "comments": [comment]}])
    assert list(posts(rows)) == ["x:1", "x:1-1", "x:2", "x:2-1"]


def _linked(rows: list[Row | BadRow]) -> list[tuple[Any, ...]]:
    return list(collect(rows).posts.select("post_id", "thread_id", "parent_id").iter_rows())


def test_a_post_without_an_id_still_holds_its_thread_together() -> None:
    post = {"user": "ann", "text": "one", "comments": [{"user": "bea", "text": "two"}]}
    (opener, answer) = _linked(of([post]))
    assert answer[1] == answer[2] == opener[0] == opener[1]


def test_the_answer_to_a_review_is_of_those_it_is_about() -> None:
    review = {
        "reviewId": "r", "reviewer": {"displayName": "Ann"}, "comment": "So loud",
        "reviewReply": {"comment": "We made it quieter", "updateTime": "2024-01-02"},
    }  # fmt: skip
    assert list(posts(of({"reviews": [review]}), "body", "author_role").values()) == [
        ("So loud", "member"),
        ("We made it quieter", "staff"),
    ]


def test_a_review_whose_words_stand_in_its_first_comment_is_one() -> None:
    review = {
        "reviewId": "r", "authorName": "Ann",
        "comments": [
            {"userComment": {"text": "So loud", "starRating": 2}},
            {"developerComment": {"text": "We made it quieter"}},
        ],
    }  # fmt: skip
    rows = posts(of({"reviews": [review]}), "body", "author_role", "rating")
    assert list(rows.values()) == [
        ("So loud", "member", 2),
        ("We made it quieter", "staff", None),
    ]


def test_what_stands_beside_a_comment_and_its_post_is_said_of_the_comment() -> None:
    view = {
        "comment": {"id": 5, "content": "Quite so"}, "creator": {"name": "bea"},
        "post": {"id": 3, "body": "The lamp hums", "title": "Lamp"},
    }  # fmt: skip
    result = collect(of({"comments": [view]})).posts
    assert result["body"].to_list() == ["The lamp hums", "Quite so"]
    assert result["author_id"].is_null().to_list() == [True, False]


def test_numbers_and_ids_of_answers_are_none_and_sentences_are() -> None:
    assert len(posts(of([ANN | {"comments": 3, "children": [5, 6], "replies": ["x1", "x2"]}]))) == 1
    assert bodies(of([ANN | {"comments": ["It hums here", "Here too"]}]))[1:] == [
        "It hums here",
        "Here too",
    ]


def test_answers_that_are_no_objects_or_empty_are_told() -> None:
    rows = of([ANN | {"comments": [BEA, [1], {"id": 9}]}])
    assert [row.reason for row in rows if isinstance(row, BadRow)] == ["not_an_object"]
    assert collect(rows).dropped["reason"].to_list() == ["not_an_object", "empty"]


def test_100_000_comments_cost_time_in_proportion() -> None:
    def seconds(n: int) -> float:
        comments = [{"id": i, "user": {"login": "u"}, "text": "so so"} for i in range(n)]
        began = time.perf_counter()
        assert len(list(nested.rows([Row("x", ANN | {"comments": comments})]))) == n + 1
        return time.perf_counter() - began

    assert seconds(4_000) < 20 * seconds(1_000) + 0.5


# --- bad input ----------------------------------------------------------------------------------


def _is_told(row: Row | BadRow) -> bool:
    return isinstance(row, BadRow)


def _deep(start: str, end: str, inside: str, depth: int) -> bytes:
    return (start * depth + inside + end * depth).encode()


LEAF = '{"user": "ann", "text": "It hums"}'
DEEP = [
    ('{"user": "a", "text": "b c", "replies": [', "]}", LEAF),
    ('{"data": [', "]}", LEAF),
    ('{"data": {"x": ', "}}", f"[{LEAF}]"),
    ("[", "]", LEAF),
    ('{"post": ', "}", LEAF),
    ('{"user": "a", "id": 1, "body": {"content": [', "]}}", LEAF),
    ('{"text": "b c", "author": {"data": ', "}}", '"ann"'),
    ('{"rating": 1, "comments": [', "]}", LEAF),
]


@pytest.mark.parametrize("depth", [7, 90, 240, 1_000_000])
@pytest.mark.parametrize(("start", "end", "inside"), DEEP)
def test_any_depth_is_read_or_told(start: str, end: str, inside: str, depth: int) -> None:
    with suppress(InputError):
        rows = read("x", _deep(start, end, inside, depth))
        assert any("hums" in str(row) or "b c" in str(row) for row in rows) or any(
            map(_is_told, rows)
        )
        collect(rows)


@pytest.mark.parametrize(
    "text",
    [
        '{"reviews": [',
        '{\n "reviews": [\n  {"id": 1,\n',
        "[{",
        '{"a": ]}',
        "{\n}",
        "[]",
        "{}",
        "[[]]",
    ],
)
def test_what_is_cut_short_or_empty_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(InputError, match="x"):
        collect(read("x", text.encode()))


def test_what_stands_before_the_damage_is_read_and_the_rest_is_told() -> None:
    rows = read("x", (json.dumps([ANN]) + "\n[{").encode())
    assert len(posts(rows)) == 1
    assert reasons(rows) == {"x: what follows item 1": "malformed_json"}


def test_bytes_that_are_no_text_are_told_in_a_comment_as_well() -> None:
    data = b'[{"id": 1, "user": "a", "text": "b c", "comments": [{"id": 2, "text": "\xff\xfe"}]}]'
    assert list(reasons(read("x", data)).values()) == ["invalid_encoding"]


KEYS = st.sampled_from(
    [*(n for names in NAMES.values() for n in names[:3]), "comments", "replies", "data", "items",
     "nodes", "node", "rendered", "login", "name", "labels", "reactions", "fields", "type", "users",
     "zzz", "html_url", "$oid"]
)  # fmt: skip
TEXT = st.text(st.characters(codec="utf-8"), max_size=6).map(lambda text: f"w{text}")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def _strings(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set().union(*map(_strings, value.values()), set())
    if isinstance(value, list):
        return set().union(*map(_strings, value), set())
    return {str(value)}


@given(st.lists(st.dictionaries(KEYS, VALUES, max_size=5), min_size=1, max_size=3))
def test_whatever_comes_in_no_json_comes_out_as_a_text_or_a_name(items: list[Any]) -> None:
    try:
        rows = of(items)
        posts_read = [row.values for row in rows if isinstance(row, Row)]
        collect(rows)
    except InputError:
        return
    known = _strings(items)
    for values in posts_read:
        for name in ("author", "user", "author_id"):
            value = values.get(name)
            assert isinstance(value, dict | list) or str(value) in known | {"None"}
    assert len({row.ref for row in rows}) == len(rows)


@given(JSON, st.sampled_from(["body", "text", "content", "title", "author", "user"]))
def test_a_field_of_any_shape_gives_strings_that_stood_there(value: Any, name: str) -> None:
    post = {"id": 1, "date": "2024-01-02", "text": "w", name: value}
    for row in of([post]):
        if isinstance(row, Row) and isinstance(row.values.get(name), str):
            assert not row.values[name].startswith(('{"', "[{", "['"))


def test_import_reads_a_page_of_an_interface(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    path.write_text(json.dumps({"reviews": [ANN | {"comments": [BEA]}]}))
    run = invoke("import", path, "--project", tmp_path, "--json")
    assert run.exit_code == 0, run.output
    posts_read = Store(tmp_path / "tables").read("posts")
    assert sorted(posts_read["post_id"]) == ["talk:1", "talk:1-2"]
