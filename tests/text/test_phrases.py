"""Phrases: one small language, written out for the PhraseMatcher and as tokens for the Matcher."""

from feedbackminer.text.phrases import Slot, expand, letters, parse, telling, token_pattern


def test_a_choice_and_a_word_that_may_be_missing() -> None:
    assert parse("i|we really?") == [Slot(("i", "we"), False), Slot(("really",), True)]
    assert expand("a|b c?") == ["a c", "a", "b c", "b"]


def test_a_question_mark_alone_is_a_word() -> None:
    assert expand("why ?") == ["why ?"]


def test_a_contraction_is_written_without_a_space() -> None:
    assert expand("do n't work") == ["don't work"]


def test_of_each_phrase_the_words_tell_that_it_cannot_do_without() -> None:
    assert telling(["i|we want|need to", "ADV? so that? i can"], {"ADV": ["really"]}) == {
        "want",
        "need",
        "can",
    }
    assert letters("I'd need WiFi-6, so") == {"i", "d", "need", "wifi", "so"}


def test_a_list_stands_for_its_words() -> None:
    assert token_pattern("ADV? want", {"ADV": ["really", "just"]}) == [
        {"LOWER": {"IN": ["really", "just"]}, "OP": "?"},
        {"LOWER": {"IN": ["want"]}, "OP": "{1}"},
    ]
