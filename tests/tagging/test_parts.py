"""Parts of the product: what many members use, and some have trouble with."""

from collections.abc import Sequence
from typing import Any

import pytest
import spacy

from feedbackminer.tagging.aspects import Components
from feedbackminer.tagging.parts import SAMPLE, discover, parse, worth_parsing

NOTHING_NAMED = Components({})
SENTENCES = [
    "I opened the dark mode and it is too bright for me.",
    "I use your dark mode.",
    "Your Dark modes have crashed for me.",
    "The sync server lost my notebook.",
    "I restarted our sync server again.",
    "I can't open the sync server.",
    "I opened it, thanks Martha, that worked.",
    "Hi Martha, I use it.",
    "I use it as Martha does, and Martha fails.",
    "This is the same thing for other people who use it.",
    "They run a good thing, and the thing crashes.",
    "The thing is slow, I use the thing.",
    "I moved to a green house.",
    "I opened a green house and the weather is fine.",
    "A green house needs updates.",
]


def discovered(
    nlp: Any,
    sentences: Sequence[str] = SENTENCES,
    voices: Sequence[str] | None = None,
    named: Components = NOTHING_NAMED,
    sample: int = SAMPLE,
    **options: Any,
) -> dict[str, tuple[str, ...]]:
    voices = voices or [f"m{number}" for number in range(len(sentences))]
    rows = worth_parsing(sentences, sample)
    said = zip([voices[r] for r in rows], parse([sentences[r] for r in rows], nlp), strict=True)
    return discover(said, named=named, **{"least_voices": 3} | options)


@pytest.mark.parametrize(("sentence", "is_read"), [
    ("It hangs", True),
    ("CLICKED.", True),
    ("Two bugs", True),
    ("A 2nd crash_report", True),
    ("Crashes!", True),
    ("glitches:it", True),
    ("The house is green.", False),
    ("hangars", False),  # begins like a word that tells
    ("unhang", False),  # ends like one
    ("éhang", False),
    ("debug", False),
])  # fmt: skip
def test_sentences_are_read_that_have_a_whole_word_of_use_or_trouble(
    sentence: str, *, is_read: bool
) -> None:
    assert worth_parsing(["Nothing here.", sentence]) == ([1] if is_read else [])


def test_what_is_used_and_gives_trouble_is_a_part_in_each_of_its_spellings(english: Any) -> None:
    assert discovered(english) == {
        "dark mode": ("dark mode", "Dark modes"),
        "sync server": ("sync server",),
    }


@pytest.mark.parametrize(
    "sentences",
    [
        ["I use my house.", "I run my house.", "I opened my house.", "I load my house."],
        ["The weather fails.", "The weather is slow.", "A problem with the weather.", "It broke."],
        ["The code crashes.", "I use the code.", "I run the code.", "I load the code."],
    ],
    ids=["used, without trouble", "trouble, without use", "a word of every community"],
)
def test_what_is_not_both_used_and_troubling_is_no_part(english: Any, sentences: list[str]) -> None:
    assert discovered(english, sentences * 2) == {}


def test_a_word_of_every_community_may_stand_in_the_name_of_a_part(english: Any) -> None:
    sentences = [
        "The event module has crashed.",
        "I use the event module.",
        "I run the event module.",
    ]
    assert list(discovered(english, sentences)) == ["event module"]


def test_the_product_is_no_part_of_itself(english: Any) -> None:
    sentences = [s.replace("sync server", "Inkwren") for s in SENTENCES]
    assert "Inkwren" in discovered(english, sentences)
    assert list(discovered(english, sentences, product=["Inkwren Notes"])) == ["dark mode"]


def test_a_voice_counts_once_however_often_it_says_so(english: Any) -> None:
    voices = ["m0"] * 3 + [f"m{number}" for number in range(1, 13)]
    assert list(discovered(english, voices=voices)) == ["sync server"]


def test_what_a_component_covers_is_not_found_again(english: Any) -> None:
    assert list(discovered(english, named=Components({"Sync": []}))) == ["dark mode"]


def test_what_more_voices_name_comes_first_and_the_limit_cuts_the_rest(english: Any) -> None:
    more = [*SENTENCES, "I use my sync server."]
    assert list(discovered(english, more)) == ["sync server", "dark mode"]
    assert list(discovered(english, more, limit=1)) == ["sync server"]


def test_a_sample_is_the_same_every_time(english: Any) -> None:
    many = SENTENCES * 10
    first = discovered(english, many, sample=60)
    assert discovered(english, many, sample=60) == first
    assert discovered(english, many, sample=0) == {}


def test_components_take_what_was_found(english: Any) -> None:
    parts = Components(discovered(english))
    assert parts.mentioned("That sync-server has no dark modes") == ["sync server", "dark mode"]


def test_a_pipeline_that_cannot_parse_is_refused() -> None:
    with pytest.raises(ValueError, match="noun_chunks"):
        discovered(spacy.blank("en"))


def test_a_sample_changes_by_about_as_much_as_was_added() -> None:
    many = [f"I use feature {number}." for number in range(1_000)]
    before = {many[row] for row in worth_parsing(many, 100)}
    more = [*many, *(f"I use another feature {number}." for number in range(100))]
    after = {more[row] for row in worth_parsing(more, 100)}
    assert len(before) == len(after) == 100
    assert 80 <= len(before & after) < 100
