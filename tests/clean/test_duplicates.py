"""Near-duplicates: copies count once, ten members' same complaint is ten voices, nothing goes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbackminer.clean.alike import first_alike
from feedbackminer.clean.duplicates import find_repeats
from feedbackminer.clean.stage import clean_posts
from feedbackminer.settings.sections import CleanSettings
from tests.support.builders import day, posts, texts

LOST = "Since the last update the export loses every second footnote of my thesis."
NEARLY = "Since the last update, the PDF export loses every second footnote of my thesis!"
OTHER = "The battery of my tablet drains overnight although the app is closed and offline."


def repeats(*written: tuple[str, str, str]) -> dict[str, tuple[str, str | None]]:
    """Return post -> (who said it first, what it counts with), of (author, source, text)."""
    rows = [
        {"author_id": who or None, "source": source, "body": text, "created_at": day(n)}
        for n, (who, source, text) in enumerate(written)
    ]
    repeated = find_repeats(texts(*(text for _, _, text in written)), posts(*rows))
    return {row["post_id"]: (row["first_id"], row["copy_of"]) for row in repeated.to_dicts()}


def test_a_post_that_its_member_sends_again_counts_once() -> None:
    assert repeats(("ann", "forum", LOST), ("ann", "forum", LOST)) == {"p1": ("p0", "p0")}


def test_the_same_complaint_of_another_member_is_another_voice() -> None:
    assert repeats(("ann", "forum", LOST), ("ben", "forum", LOST)) == {"p1": ("p0", None)}


def test_a_syndicated_copy_counts_once() -> None:
    assert repeats(("ann", "forum", LOST), ("feed", "reddit", LOST)) == {"p1": ("p0", "p0")}


def test_a_second_member_who_repeats_themselves_is_one_more_voice() -> None:
    written = [("ann", "forum", LOST), ("ben", "forum", LOST), ("ben", "forum", NEARLY)]
    assert repeats(*written) == {"p1": ("p0", None), "p2": ("p0", "p1")}


def test_posts_of_nobody_known_are_no_copies_of_each_other() -> None:
    assert repeats(("", "reviews", LOST), ("", "reviews", LOST)) == {"p1": ("p0", None)}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (LOST, NEARLY, True),
        (LOST, LOST.upper(), True),
        (LOST, OTHER, False),
        (LOST, LOST.replace("second footnote of my thesis", "page number in a long table"), False),
        ("Thanks, that works now!", "Thanks, that works now!", False),  # alike by chance
    ],
)
def test_nearly_the_same_words_are_the_same(one: str, other: str, same: bool) -> None:
    assert list(first_alike([one, other])) == [0, 0 if same else 1]


def test_copies_in_scripts_without_spaces_are_seen() -> None:
    sentence = "最近の更新の後、輸出した論文の脚注が消えてしまいます。"
    assert list(first_alike([sentence, sentence])) == [0, 0]


def test_the_first_in_time_is_the_original_whatever_the_order_of_rows() -> None:
    rows = [{"body": LOST, "created_at": day(9)}, {"body": LOST, "created_at": day(1)}]
    assert find_repeats(texts(LOST, LOST), posts(*rows)).rows() == [("p0", "p1", "p1", None)]


def test_nothing_disappears() -> None:
    cleaned = clean_posts(posts(*({"body": LOST} for _ in range(5))), settings=CleanSettings())
    assert len(cleaned.texts) == 5
    assert cleaned.account.dropped == {}
    assert "count once with it: 4" in cleaned.notices[-1]


@pytest.mark.timing
def test_thousands_of_copies_cost_no_more_than_one() -> None:
    def seconds(passages: Sequence[str]) -> float:
        began = time.process_time()
        assert len(list(first_alike(passages))) == len(passages)
        return time.process_time() - began

    variants = [f"{LOST} This is what I have reported as number {n}." for n in range(20_000)]
    assert len(set(first_alike(variants[:500]))) == 1
    assert seconds(variants) < 60 * max(seconds(variants[:2_000]), 0.05)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([LOST, NEARLY, OTHER, "ok", ""]), max_size=12))
def test_every_passage_points_at_one_that_points_at_itself(passages: list[str]) -> None:
    first = list(first_alike(passages))
    assert len(first) == len(passages)
    assert all(index <= i and first[index] == index for i, index in enumerate(first))


def test_no_posts_repeat_nothing() -> None:
    empty: Any = find_repeats(texts(), posts())
    assert empty.is_empty()
    assert empty.schema["copy_of"] == pl.String
