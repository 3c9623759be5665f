"""Sentences: where they are in a text, and which can be quoted alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbackminer.text.sentences import quotable, split


@pytest.mark.parametrize(
    "sentence",
    [
        "The export cuts off the last page of every chapter.",
        "“Saving” takes a whole minute on my tablet.",
        "Même problème chez moi depuis la dernière version.",
        "同步功能在昨天更新之后完全不能用了。",
    ],
)
def test_a_plain_sentence_can_be_quoted(sentence: str) -> None:
    assert quotable(sentence)


@pytest.mark.parametrize(
    ("sentence", "because"),
    [
        ("It stops now.", "a stub"),
        ("word " * 46, "a wall"),
        ("Please write to <email> if the export stops again for you.", "something was masked"),
        ("Ask m_abcdefghij about the export, he knows it very well.", "it names somebody"),
        ("See https://example.org for how the export works these days.", "a link"),
        ("See www.example.org for how the export works these days.", "a link"),
        ("The line if (x == 1) { go } breaks the whole export.", "code"),
        ("Calling save_file before the export breaks the whole thing.", "code"),
        ("Calling save() before the export breaks the whole thing.", "code"),
        ("See [the guide] for how the export works these days.", "markup"),
        ("* the export stops on the last page of each chapter", "a list"),
        ("12 34 56 78 90 12 34 56 78 90 the readings of my six meters", "numbers"),
        ('He said that "the export stops on the last page.', "half a quotation"),
        ("The export \u202estops on the last page of each chapter.", "it turns the text around"),
    ],
)
def test_a_sentence_that_cannot_stand_alone_is_not_quoted(sentence: str, because: str) -> None:
    assert not quotable(sentence), because


def test_sentences_of_a_text_in_order_and_a_line_ends_one() -> None:
    assert list(split(["It stops. Why?\nHelp me", ""])) == [["It stops.", "Why?", "Help me"], []]


@given(st.text(alphabet="aB é’'\".?!\n\t,<_\u202e同", max_size=80))
@settings(max_examples=60, deadline=None)
def test_sentences_stand_in_the_text_word_by_word(noise: str) -> None:
    text = f"The export doesn’t keep my page numbers. {noise}\nSync is slow on my tablet today."
    (sentences,) = split([text])
    assert all(sentence in text and "\n" not in sentence for sentence in sentences)
    assert "".join("".join(sentences).split()) == "".join(text.split())
