"""Reading an export: which column is which field, decided once, from names and from values."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbackminer.collect import columns
from feedbackminer.collect.context import CollectContext
from feedbackminer.collect.files import FileContent, Row, read_rows
from feedbackminer.collect.stage import Collected, collect_posts
from feedbackminer.privacy.pseudonyms import Pseudonyms
from feedbackminer.settings.sections import CollectSettings

PSEUDONYMS = Pseudonyms(b"a key for tests, 32 bytes long..")


def collect(*rows: dict[str, Any], **change: Any) -> Collected:
    return collect_posts(
        [Row(f"f.csv:{n}", row) for n, row in enumerate(rows, 2)], context(**change)
    )


def context(**change: Any) -> CollectContext:
    return CollectContext(
        name="f.csv",
        source="x",
        settings=CollectSettings(**change),
        pseudonyms=PSEUDONYMS,
        now=datetime(2026, 11, 1, tzinfo=UTC),
    )


def values(column: str, *rows: dict[str, Any], **change: Any) -> list[Any]:
    return collect(*rows, **change).posts[column].to_list()


@pytest.mark.parametrize("name", ["", " ", "Unnamed: 0", "Unnamed: 0_level_0", "Column1", "_c0"])
def test_a_column_without_a_name_is_no_field(name: str) -> None:
    posts = collect({name: "1", "text": "a"}, {name: "2", "text": "b"}).posts
    assert posts["body"].to_list() == ["a", "b"]
    assert posts["author_role"].to_list() == ["unknown", "unknown"]
    for column in ("title", "rating", "score", "channel", "author_id", "parent_id", "edited_at"):
        assert posts[column].n_unique() == (2 if column == "author_id" else 1), column
    assert not posts["accepted"].any()


def test_of_the_columns_of_a_field_the_first_that_is_filled_counts_row_by_row() -> None:
    rows: list[dict[str, Any]] = [
        {"body": "a", "text": "no"}, {"body": " ", "text": "b"}, {"body": None, "text": "c"},
        {"body": float("nan"), "text": "d"},
    ]  # fmt: skip
    assert values("body", *rows) == ["a", "b", "c", "d"]


def test_a_mapped_column_alone_counts() -> None:
    rows = [{"body": "a", "words": ""}, {"body": "no", "words": "b"}]
    assert values("body", *rows, map={"body": "words"}) == ["b"]


@pytest.mark.parametrize(
    ("beside", "rating", "score"),
    [
        ({"helpful_count": "7"}, [4, 2], [7, 7]),
        ({"Verified Purchase": "yes"}, [4, 2], [None, None]),
        ({"replies": "3"}, [None, None], [4, 2]),
        ({"rating": "5", "helpful_count": ""}, [5, 5], [4, 2]),
    ],
)
def test_a_score_of_one_to_five_beside_columns_of_reviews_is_a_rating(
    beside: dict[str, str], rating: list[float | None], score: list[float | None]
) -> None:
    rows = [{"text": "a", "score": "4"} | beside, {"text": "b", "score": "2"} | beside]
    assert values("rating", *rows) == rating
    assert values("score", *rows) == score


def test_a_score_beyond_five_is_no_rating() -> None:
    rows = [{"text": "a", "score": "4", "helpful": "1"}, {"text": "b", "score": "9", "helpful": ""}]
    assert values("rating", *rows) == [None, None]


def test_one_value_shows_the_scale_of_a_mapped_column_wherever_it_stands() -> None:
    rows = [{"text": "a", "points given": "4"} for _ in range(1_500)]
    rows += [{"text": "b", "points given": "9"} for _ in range(100)]
    assert values("rating", *rows, map={"rating": "points given"})[0] == 2.6


def test_a_scale_is_told_and_what_is_no_rating_as_well() -> None:
    rows = [{"text": str(n), "rating": r} for n, r in enumerate(["0", "8", "10", "none"])]
    collected = collect(*rows)
    assert collected.posts["rating"].to_list() == [1, 4.2, 5, None]
    assert "ratings of 0 to 10 in 'rating' were stretched to 1 to 5 stars" in collected.notices
    assert "ratings that could not be read: 1, first at f.csv:5" in collected.notices


def test_a_column_that_counts_comments_is_no_text() -> None:
    rows = [{"title": "A", "comments": "3", "description": "It stops."}]
    assert values("body", *rows) == ["It stops."]


def test_pros_and_cons_are_both_words_of_a_review() -> None:
    assert values("body", {"Pros": "Light.", "Cons": "Dear.", "rating": 4}) == ["Light.\n\nDear."]


def test_name_is_a_person_only_where_nothing_else_is() -> None:
    alone = collect({"text": "a", "name": "ann"}, {"text": "b", "name": "bob"}).posts
    beside = collect(*({"text": t, "name": "Kettle", "user": t} for t in "ab")).posts
    assert alone["author_id"].n_unique() == 2
    assert beside["author_id"].to_list() == [PSEUDONYMS.of("a"), PSEUDONYMS.of("b")]


def test_a_comment_is_named_by_its_own_id_and_belongs_to_its_post() -> None:
    rows = [{"post_id": 9, "comment_id": n, "comment": f"words {n}"} for n in (1, 2)]
    assert values("post_id", *rows) == ["x:1", "x:2"]
    assert values("thread_id", *rows) == ["x:9", "x:9"]


def test_without_threads_a_reply_is_in_the_thread_of_what_it_answers() -> None:
    rows = [
        {"id": "a", "text": "one", "parent_id": ""}, {"id": "b", "text": "two", "parent_id": "a"},
        {"id": "c", "text": "c", "parent_id": "b"}, {"id": "d", "text": "d", "parent_id": "0"},
    ]  # fmt: skip
    assert values("thread_id", *rows) == ["x:a", "x:a", "x:a", "x:d"]


KEYED: list[dict[str, Any]] = [
    {"id": f"m-{n}", "message_key": f"k{n}", "reply_to": f"k{n - 1}" if n else "", "text": str(n)}
    for n in range(3)
]


def test_of_two_columns_of_ids_the_one_that_replies_name_counts() -> None:
    found = collect(*KEYED)
    assert found.posts["post_id"].to_list() == ["x:k0", "x:k1", "x:k2"]
    assert found.posts["parent_id"].to_list() == [None, "x:k0", "x:k1"]
    assert any("'message_key' is what replies name" in notice for notice in found.notices)


def test_where_replies_name_nothing_that_is_here_the_better_name_counts() -> None:
    rows = [row | {"reply_to": "elsewhere"} for row in KEYED]
    assert values("post_id", *rows) == ["x:m-0", "x:m-1", "x:m-2"]


def test_a_mapped_id_is_the_id_whatever_replies_name() -> None:
    found = collect(*KEYED, map={"post_id": "id"})
    assert found.posts["post_id"].to_list() == ["x:m-0", "x:m-1", "x:m-2"]
    assert not any("what replies name" in notice for notice in found.notices)


def test_an_edit_in_the_second_of_the_creation_is_none() -> None:
    rows = [
        {
            "text": "a",
            "created_at": "2026-01-02T03:04:05.1Z",
            "updated_at": "2026-01-02T03:04:05.9Z",
        },
        {"text": "b", "created_at": "2026-01-02T03:04:05Z", "updated_at": "2026-01-02T03:09:05Z"},
    ]
    assert [moment is not None for moment in values("edited_at", *rows)] == [False, True]


def test_the_page_is_linked_and_not_the_interface() -> None:
    row = {"text": "a", "url": "https://api.x.example/1", "html_url": "https://x.example/1"}
    assert values("url", row) == ["https://x.example/1"]


# --- nothing vanishes, nothing changes its role -----------------------------------------------

WORDS = st.text("abcdeäß ,;'", min_size=1, max_size=12).filter(lambda t: any(map(str.isalpha, t)))
CELLS = st.one_of(
    st.just(""), WORDS, st.integers(-3, 2**33).map(str), st.floats(0, 6).map(str),
    st.sampled_from(["True", "nan", "2026-01-02", "4/5", "80%", "[deleted]!", "{}", "★★★"]),
)  # fmt: skip
KNOWN = [name for names in columns.NAMES.values() for name in names]
SAFE = [  # say nothing of who wrote it, whether it is a post, or which post it is
    name
    for field in ("created_at", "edited_at", "title", "url", "rating", "score", "channel")
    for name in columns.NAMES[field]
]
NAMELESS = ["", "Unnamed: 0", "index", "level_0"]


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """Draw a table with a column of texts, others in any order, and row numbers of programs."""
    others = draw(st.lists(st.sampled_from([*SAFE, *NAMELESS]), unique=True, max_size=8))
    header = draw(st.permutations(["text", *others]))
    n_rows = draw(st.integers(1, 12))
    rows = [
        [draw(WORDS) if name == "text" else draw(CELLS) for name in header] for _ in range(n_rows)
    ]
    return list(header), rows


@settings(max_examples=100, deadline=None)
@given(tables())
def test_no_row_vanishes_or_changes_its_role(table: tuple[list[str], list[list[str]]]) -> None:
    header, rows = table
    file = io.StringIO()
    csv.writer(file).writerows([header, *rows])
    content = FileContent("t.csv", file.getvalue().encode(), "")
    collected = collect_posts(read_rows(content), context())
    texts = [row[header.index("text")] for row in rows]
    assert collected.posts["body"].to_list() == texts
    assert collected.posts["author_role"].unique().to_list() == ["unknown"]
    assert not collected.posts["accepted"].any()
    assert collected.posts["parent_id"].null_count() == len(rows)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from([*KNOWN, *NAMELESS]), CELLS), max_size=8))
def test_any_rows_are_posts_or_told(rows: list[dict[str, str]]) -> None:
    texts = [row | {"text": f"words {n}"} for n, row in enumerate(rows)]
    collected = collect({"text": "the first"}, *texts)
    assert len(collected.posts) + len(collected.dropped) == len(rows) + 1
    no_posts = {"duplicate_id", "deleted_at_source", "system_action"}
    assert set(collected.dropped["reason"]) <= no_posts
