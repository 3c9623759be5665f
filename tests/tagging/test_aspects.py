"""Aspects: which part of the product a sentence speaks of, and where a sentence turns."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbackminer.tagging.aspects import Components, clauses

PARTS = Components(
    {
        "Sync": ["sync*", "sync server"],
        "Editor": ["text editor", "rich-text view"],
        "Import (C++)": ["c++", ".enex", "a.b"],
        "Battery": ["batteries"],
        "Sync server": [],
    }
)
NOTHING_NAMED = Components({})


@pytest.mark.parametrize(
    ("sentence", "components"),
    [
        ("The editor is fine.", ["Editor"]),
        ("THE EDITOR IS FINE.", ["Editor"]),
        ("Both editors are fine.", ["Editor"]),
        ("The editor’s font is fine.", ["Editor"]),
        ("My text-editor is fine.", ["Editor"]),
        ("The rich-text views are fine.", ["Editor"]),
        ("Synchronisation eats my battery.", ["Sync", "Battery"]),
        ("Two batteries, one battery.", ["Battery"]),
        ("Syncing is slow, the editor is fast, sync is slow.", ["Sync", "Editor"]),
        ("My C++ files and .enex files", ["Import (C++)"]),
        ("The editorial was long.", []),
        ("A coeditor came.", []),
        ("set_sync_token", []),
        ("I said axb.", []),
        ("I said a.b.", ["Import (C++)"]),
        ("Nothing of this.", []),
        ("", []),
    ],
)
def test_a_component_is_found_by_name_and_alias(sentence: str, components: list[str]) -> None:
    assert PARTS.mentioned(sentence) == components


def test_the_longer_alias_wins_and_then_the_component_named_first() -> None:
    assert Components({"Sync": [], "Server": ["sync server"]}).mentioned("sync server") == [
        "Server"
    ]
    assert PARTS.mentioned("The sync server is down.") == ["Sync"]


@pytest.mark.parametrize("alias", ["(a+)+$", "[x", "a|editor", "\\w", ".", "*", "**", " ", "İ("])
def test_an_alias_is_never_a_pattern(alias: str) -> None:
    parts = Components({"Other": [alias]})
    assert parts.mentioned("The editor is fine") == []
    assert parts.mentioned("the other one") == ["Other"]
    assert parts.mentioned(f"see {alias} here") == (["Other"] if alias.strip("* ") else [])


def test_no_component_is_found_where_none_is_known() -> None:
    assert NOTHING_NAMED.mentioned("The editor is fine.") == []
    assert Components({" ": [""]}).mentioned("The editor is fine.") == []


@given(st.dictionaries(st.text(max_size=8), st.lists(st.text(max_size=8), max_size=3), max_size=6))
@settings(max_examples=60, deadline=None)
def test_any_settings_make_components(aliases: dict[str, list[str]]) -> None:
    assert set(Components(aliases).mentioned("a 0 " + " ".join(aliases))) <= set(aliases)


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        ("love the editor, hate the sync", "love the editor | hate the sync"),
        ("The editor is great but the sync is slow.", "The editor is great | the sync is slow."),
        ("I like it; the price is too high.", "I like it | the price is too high."),
        ("It is fast, however, it eats my battery.", "It is fast | it eats my battery."),
        ("I like it, although the font is small.", "I like it | the font is small."),
        (
            "The old one was quick, whereas this one crawls.",
            "The old one was quick | this one crawls.",
        ),
        ("It is pretty and yet it is slow.", "It is pretty | it is slow."),
        ("It is pretty, yet it is slow.", "It is pretty | it is slow."),
        (
            "Although I love the editor, the sync is bad",
            "Although I love the editor | the sync is bad",
        ),
        ("One two BUT three four; five six", "One two | three four | five six"),
        ("Great on my phone.But the tablet is slow", "Great on my phone | the tablet is slow"),
        (
            "I love the tags, the list, but hate the sync",
            "I love the tags, the list | hate the sync",
        ),
        (
            "I love the tags, the new list, I hate the sync",
            "I love the tags, the new list | I hate the sync",
        ),
    ],
)
def test_a_sentence_is_split_where_it_turns(sentence: str, parts: str) -> None:
    assert clauses(sentence) == parts.split(" | ")


@pytest.mark.parametrize(
    "sentence",
    [
        "I love the editor and the list.",
        "I love the editor, the list, the tags.",
        "good but slow",
        "But the sync is slow.",
        "However, the sync is slow.",
        "It is slow, but",
        "I have not tried the sync yet.",
        "It does nothing but crash all day.",
        "It is all but gone from the list.",
        "It is not only slow but also ugly.",
        "Do it however you like to do it.",
        "It works well though",
        "The butter is in the fridge.",
        "While away from home I write a lot.",
        "",
    ],
)
def test_a_sentence_that_does_not_turn_stays_whole(sentence: str) -> None:
    assert clauses(sentence) == [sentence]


WORDS = "I love hate the editor sync but however, although yet ; , . \n great 同 it".split(" ")


NEAR_NAMES = st.text("sıİiSſkK -*Kß̇éÉab", max_size=6)


@given(st.dictionaries(NEAR_NAMES, st.lists(NEAR_NAMES, max_size=2), max_size=4),
       st.lists(NEAR_NAMES, max_size=4))  # fmt: skip
def test_no_sentence_that_names_a_component_is_passed_over(
    aliases: dict[str, list[str]], sentences: list[str]
) -> None:
    components = Components(aliases)
    naming = {row for row, sentence in enumerate(sentences) if components.mentioned(sentence)}
    assert naming <= {*components.candidates(sentences)}


def test_most_sentences_that_name_no_component_are_passed_over() -> None:
    assert PARTS.candidates(["Nothing.", "The EDITOR.", "", "A coeditor."]) == [1, 3]


@given(st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join))
@settings(max_examples=80, deadline=None)
def test_clauses_stand_in_the_sentence_word_by_word_and_in_order(sentence: str) -> None:
    at = 0
    for clause in clauses(sentence):
        at = sentence.index(clause, at) + len(clause)


@pytest.mark.timing
@pytest.mark.parametrize(
    "part", ["but ", "a, ", "I love it, I hate it, ", "; ", "(", "sync", "sync-"]
)
def test_a_hostile_sentence_takes_no_longer_than_its_first_part(part: str) -> None:
    clauses("I love it, I hate it")
    began = time.process_time()
    clauses(part * 200_000)
    PARTS.mentioned(part * 200_000)
    assert time.process_time() - began < 2
