"""A question is data: its content words are looked for, or it says why there are none."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.errors import InputError
from feedbackminer.search.question import LONGEST, MOST_CONCEPTS, read_question
from feedbackminer.text.visible import visible


def finds(question: str, text: str) -> bool:
    """Tell whether every thing that a question names stands in a text."""
    return all(re.search(concept, text.lower()) for concept in read_question(question).concepts)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What do they think of the new price?", "Prices went up"),
        ("Are batteries replaced?", "I replace the battery"),
        ("Is running slow?", "it runs slowly"),
        ("Should we move to C++?", "We moved to C++ long ago"),
        ("Is Wi-Fi fine?", "a fine wi-fi"),
        ("What about the user’s dashboards?", "a dashboard"),
        ("Chinese or Japanese letters?", "a Japanese letter"),
        ("MÜNCHEN?", "in münchen"),
    ],
)
def test_words_are_found_with_other_endings(question: str, text: str) -> None:
    assert finds(question, text)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What do they think of the price?", "Pricking your finger is no joke"),
        ("Is the car fast?", "carry it fast"),
        ("Dark mode?", "a dark room"),
    ],
)
def test_other_words_are_not(question: str, text: str) -> None:
    assert not finds(question, text)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Is the Blender exporter fine?", ["blender"]),
        ("Will it run on iOS 9?", ["ios"]),
        ("Does version 5.2 crash?", ["5.2"]),
        ("Is the emonPi or a Zynq better?", ["zynq"]),
        ("Dark mode?", []),
        ("WHAT ABOUT THE PRICE?", []),
        ("What Do People Think Of The Price", []),
    ],
)
def test_names_and_numbers_are_told_from_other_words(question: str, names: list[str]) -> None:
    read = read_question(question)
    concepts = [read.concepts[number] for number in sorted(read.names)]
    assert len(concepts) == len(names)
    assert all(re.search(c, name) for c, name in zip(concepts, names, strict=True))


@pytest.mark.parametrize("question", ["", " ", "?", "a", "🙂", "What do they think of it?", "\x00"])
def test_a_question_that_names_nothing_says_what_to_do(question: str) -> None:
    with pytest.raises(InputError, match="name the matter"):
        read_question(question)


def test_a_question_of_ten_thousand_words_is_refused_by_its_length() -> None:
    with pytest.raises(InputError, match=f"{LONGEST:,} at most"):
        read_question("word " * 10_000)


def test_no_more_things_are_looked_for_than_anybody_asks() -> None:
    words = " ".join(f"q{number}z" for number in range(60))
    assert len(read_question(words).concepts) == MOST_CONCEPTS


def test_what_nobody_sees_is_not_shown_again() -> None:
    assert read_question("price\u202e\x1b[31m\n\tnow").text == "price [31m now"


@given(st.text(max_size=LONGEST))
def test_any_text_is_a_question_or_told_why_not(text: str) -> None:
    with suppress(InputError):
        question = read_question(text)
        assert all(re.compile(concept) for concept in question.concepts)
        assert visible(question.text) == question.text
