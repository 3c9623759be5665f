"""Any list of texts: one row each, in order."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import feedbackminer as fm
from feedbackminer.errors import InputError
from tests.support.command import Rows

pytestmark = pytest.mark.slow


def test_every_text_gets_a_row_with_a_reason_where_nothing_can_be_said() -> None:
    texts = ["It crashes every time I export.", "", None, "```\nx = 1\n```", "I love it!"]
    tags = fm.tag(texts)
    assert tags["text"].to_list() == [texts[0], "", "", texts[3], texts[4]]
    assert tags["reason"].to_list() == [None, "no_text", "no_text", "no_words", None]
    assert "bug" in tags["kinds"][0].to_list()
    assert tags["sentiment"][4] == "positive"
    assert tags["p_bug"][0] > 0.5


def test_a_column_of_a_table_is_a_list_of_texts() -> None:
    assert len(fm.tag(pl.Series(["It crashes.", "Thank you all!"]))) == 2
    assert len(fm.tag([])) == 0


def test_topics_are_found_with_names(sample_rows: Rows) -> None:
    texts = [row["body"] for row in sample_rows[:60]]
    topics = fm.find_topics(texts)
    assert topics["text"].to_list() == [text.strip() for text in texts]
    has_topic = topics.drop_nulls("topic_id")
    assert len(has_topic) > 30
    assert has_topic["label"].null_count() == 0
    assert set(topics.filter(pl.col("topic_id").is_null())["reason"]) <= {"unsorted", "no_text"}


@pytest.mark.parametrize(
    "texts", ["one string", 7, None, {"a": "b"}, pl.DataFrame({"body": ["It works."]})]
)
def test_what_is_no_list_of_texts_is_an_error(texts: Any) -> None:
    with pytest.raises(InputError, match="want a list of texts"):
        fm.tag(texts)


def test_a_text_of_another_kind_is_named() -> None:
    with pytest.raises(InputError, match="text 2: want a string, got int"):
        fm.find_topics(["It works.", 5])
