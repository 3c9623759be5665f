"""A count stands behind a topic's name for those who name its matter, and for no others."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pytest

from feedbackminer.insight.matter import pattern_of, who_name_it
from feedbackminer.insight.stage import Mined, mine_claims
from feedbackminer.settings.sections import InsightSettings
from tests.insight.test_finders import crowd, of_kind, only, tables
from tests.support.builders import day, posts


def naming(*rows: Mapping[str, Any], label: str, keywords: Sequence[str]) -> list[str]:
    """Return who names the matter of one topic that all are on."""
    texts = posts(*({"post_id": f"p{n}", **row} for n, row in enumerate(rows)))
    on_topic = texts.select("post_id", "thread_id", topic_id=pl.lit("t1"))
    return sorted(who_name_it(on_topic, {"t1": pattern_of(label, keywords)}, texts)["t1"])


@pytest.mark.parametrize(
    ("text", "names_it"),
    [
        ("Painting stops after a minute.", True),
        ("The EDITOR hangs.", True),
        ("Two segments overlap.", True),
        ("The brush is gone.", False),  # a keyword, but not in the name
        ("The 3D view is blank.", False),
        ("It repaints all day.", False),
    ],
)
def test_a_post_names_the_matter_by_a_keyword_that_is_in_the_name(
    text: str, *, names_it: bool
) -> None:
    keywords = ["brush", "paint", "editor", "segments"]
    found = naming({"body": text}, label="Segment editor, paint", keywords=keywords)
    assert bool(found) is names_it


def test_a_topic_that_a_person_has_called_otherwise_is_named_by_its_keywords() -> None:
    rows = [{"body": "The brush is gone."}, {"body": "Drawing woes are back."}]
    assert naming(*rows, label="Drawing woes", keywords=["brush", "paint"]) == ["p0"]


def test_short_words_are_named_whole() -> None:
    rows = [{"body": "A CT is blurred."}, {"body": "CTs are."}, {"body": "Ctrl does nothing."}]
    assert naming(*rows, label="CT", keywords=["ct"]) == ["p0", "p1"]


def test_the_s_of_a_short_name_is_no_plural() -> None:
    rows = [{"body": "My iOS is old."}, {"body": "No io here."}, {"body": "It has bugs."}]
    assert naming(*rows, label="iOS", keywords=["ios"]) == ["p0"]
    assert naming(*rows, label="Bug", keywords=["bug"]) == ["p2"]


def test_a_name_in_a_script_without_spaces_is_found_within_a_sentence() -> None:
    rows = [{"body": "请问设置在哪里"}, {"body": "谢谢"}]
    assert naming(*rows, label="设置", keywords=["设置"]) == ["p0"]


def test_a_post_without_a_date_opens_no_thread_that_has_dated_ones() -> None:
    rows: list[dict[str, Any]] = [
        {"thread_id": "a", "created_at": None, "body": "Same here."},
        {"thread_id": "a", "created_at": day(0), "body": "My export fails."},
    ]
    assert naming(*rows, label="Export", keywords=["export"]) == ["p0", "p1"]


def test_who_writes_under_a_title_that_names_it_speaks_of_it() -> None:
    rows = [
        {"thread_id": "a", "created_at": day(0), "title": "Export to PDF", "body": "See there."},
        {"thread_id": "a", "created_at": day(1), "body": "Same here."},
        {"thread_id": "b", "created_at": day(0), "title": "Prices", "body": "Export is dear."},
        {"thread_id": "b", "created_at": day(1), "body": "Same here."},
    ]
    assert naming(*rows, label="Export", keywords=["export"]) == ["p0", "p1", "p2"]


def test_where_threads_have_no_titles_their_first_post_opens_them() -> None:
    rows: list[dict[str, Any]] = [
        {"thread_id": "a", "created_at": day(1), "body": "Same here."},
        {"thread_id": "a", "created_at": day(0), "body": "My export fails."},
        {"thread_id": "b", "created_at": None, "body": "Fails."},
    ]
    assert naming(*rows, label="Export", keywords=["export"]) == ["p0", "p1"]


@pytest.mark.parametrize("keyword", ["c++", "a.b*", "(", "\\", "[x"])
def test_keywords_are_text_and_never_a_pattern(keyword: str) -> None:
    assert naming({"body": f"x {keyword}"}, label=keyword, keywords=[keyword]) in ([], ["p0"])


def mined(*titles: str) -> Mined:
    """Mine reports of one topic, of which only titles name its matter."""
    built = tables(crowd(len(titles), 0, "sync", "bug"))
    built["posts"] = built["posts"].with_columns(title=pl.Series(titles), body=pl.lit("Fails."))
    built["topics"] = built["topics"].with_columns(keywords=pl.lit(["sync", "tablet"]))
    return mine_claims(built, settings=InsightSettings())


def test_who_is_counted_for_a_name_names_it() -> None:
    claim = only(mined(*["Sync fails"] * 4, *["Prices"] * 3), "problem")
    assert claim["evidence"] == ["p0", "p1", "p2", "p3"]
    assert claim["headline"] == (
        "Sync, tablet: 4 of 4 members who name it report problems, mostly bugs"
    )


def test_the_size_of_a_topic_is_that_of_all_its_posts() -> None:
    claims = mined(*["Prices"] * 7)
    assert of_kind(claims, "problem") == []
    assert only(claims, "topic")["n_posts"] == 7
