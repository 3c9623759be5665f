"""Parts of long posts: whole sentences, every word of the text in one of them, in order."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbackminer.clean.segments import ENOUGH, ENOUGH_LINES, find_segments, split
from feedbackminer.text.words import count_words
from tests.support.builders import texts

SENTENCE = "The sync of my tablet stops every morning after about an hour. "


def prose(words: int) -> str:
    return (SENTENCE * (words // count_words(SENTENCE) + 1)).strip()


def test_a_short_text_is_one_part() -> None:
    assert split(SENTENCE.strip()) == [SENTENCE.strip()]


def test_a_part_ends_with_a_sentence() -> None:
    parts = split(prose(4 * ENOUGH))
    assert len(parts) == 4
    assert all(part.endswith("hour.") for part in parts)


def test_a_paragraph_ends_a_part_sooner() -> None:
    paragraph = prose(ENOUGH_LINES)
    assert split("\n\n".join([paragraph] * 3)) == [paragraph] * 3


def test_a_short_rest_belongs_to_the_part_before_it() -> None:
    first, last = split(f"{prose(ENOUGH)}\n\n{prose(ENOUGH)}\n\nThat is all for now.")
    assert last.endswith("hour.\n\nThat is all for now.")
    assert "That is all" not in first


def test_text_without_an_end_is_one_part() -> None:
    assert split("word " * 500) == [("word " * 500).strip()]


def test_a_text_of_more_than_a_million_characters_is_no_error() -> None:
    line = "w" * 999 + "\n"  # few words: what spaCy limits is the number of characters
    assert len(split(line * 1_200)) == 1_200 / ENOUGH_LINES


@pytest.mark.timing
@pytest.mark.parametrize("line", ["word\n", SENTENCE, "word "])
def test_twice_the_text_takes_about_twice_the_time(line: str) -> None:
    def seconds(count: int) -> float:
        began = time.process_time()
        split(line * count)
        return time.process_time() - began

    seconds(1_000)
    count = 100_000 // len(line)
    assert seconds(2 * count) < 4 * seconds(count)


def test_only_long_texts_have_parts() -> None:
    segments = find_segments(texts(prose(60), prose(300)), long_words=200)
    assert set(segments["post_id"]) == {"p1"}
    assert segments["number"].to_list() == [1, 2, 3, 4]


def test_a_long_text_of_one_part_has_none() -> None:
    assert find_segments(texts("word " * 500), long_words=200).is_empty()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([SENTENCE, "\n\n", "no end ", "1.2.3 ", "日本語。"]), max_size=80))
def test_nothing_is_lost_or_said_twice(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert "".join("".join(split(text)).split()) == "".join(text.split())
