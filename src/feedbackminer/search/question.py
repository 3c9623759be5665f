"""What a question names: its content words, as patterns that find them in posts.

A question is data. Whatever it asks a machine to do, its words are looked for, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from feedbackminer.errors import InputError
from feedbackminer.text.visible import visible

LONGEST = 1_000  # characters of a question
MOST_CONCEPTS = 24  # that are looked for; a question of so many different words is none
_WORD = re.compile(r"[^\W_]+(?:[-'.+#][^\W_]+)*[+#]*")
SHORT = 4  # letters of a stem, that takes no endings but of grammar
_ENDINGS = ("ings", "ing", "ers", "ed", "es", "er", "ly", "s", "e")
# Words of grammar, and words in which anything can be asked.
_COMMON = frozenset(
    "a an the of to in on at for from by with and or not no is are was were be been being am do "
    "does did done doing has have had having will would can could should may might must shall it "
    "its this that these those they them their theirs there here what which who whom whose when "
    "where why how if as than then so such very too also just only own same other some any many "
    "much more most few all both each every i me my mine we us our ours you your yours he him his "
    "she her about into over under out up down off again further once because while during before "
    "after above below between through people members users user anyone anybody somebody someone "
    "everybody everyone nobody don doesn didn isn aren wasn weren won wouldn couldn shouldn haven "
    "hasn hadn "
    "think thinks thought say says said feel feels like likes want wants need needs get gets got "
    "getting good bad well better best new use uses used using make makes made talk speak opinion "
    "opinions tell thing things way ways community happy trouble problem problems issue issues "
    "work works working enough really actually compared compare rather instead anything something "
    "everything nothing whether especially".split()
)

# Words that judge a thing. Who answers uses others, so they are looked for only where a question
# names nothing else.
_JUDGING = frozenset(
    "reliable reliably reliability easy easily easier hard difficult simple simpler fast faster "
    "quick slow slower useful helpful useless worth worthwhile stable unstable safe nice great "
    "awful poor popular fair suitable sensible reasonable recommend recommended prefer preferred "
    "preferable favour favourite idea choice satisfied satisfying sufficient acceptable annoying "
    "confusing".split()
)


@dataclass(frozen=True)
class Question:
    """A question as it can be shown, and what it names.

    Attributes:
        concepts: patterns, for texts in small letters; words that “or” parts are one.
        names: which of them are names or numbers: no likeness stands in for these.
    """

    text: str
    concepts: tuple[str, ...]
    names: frozenset[int] = frozenset()


def read_question(text: str) -> Question:
    """Return what a question names.

    Raises:
        InputError: it names nothing that could be looked for, or is too long to be a question.
    """
    shown = visible(text)
    if len(shown) > LONGEST:
        raise InputError(
            f"the question has {len(shown):,} characters; ask in {LONGEST:,} at most, one thing "
            "at a time"
        )
    words = _WORD.findall(shown.replace("’", "'"))
    concepts = _concepts(w for w in words if w.lower() not in _JUDGING) or _concepts(words)
    if not concepts:
        raise InputError(
            f"the question names nothing to look for: got {shown[:60]!r}; name the matter, in the "
            "words that members would use, each of two letters or more"
        )
    names = _names(words)
    chosen = dict(list(concepts.items())[:MOST_CONCEPTS])
    is_name = (bool(names.intersection(words)) for words in chosen.values())
    return Question(
        shown, tuple(chosen), frozenset(number for number, yes in enumerate(is_name) if yes)
    )


def covers(question: Question, column: str) -> pl.Expr:
    """Return how many of the things that a question names stand in a column of texts."""
    text = pl.col(column).str.to_lowercase()
    return pl.sum_horizontal(text.str.contains(concept) for concept in question.concepts)


def _concepts(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return a pattern for each thing that is named, in order, and the words that name it."""
    alternatives: list[list[str]] = []
    is_alternative = False
    for word in words:
        stem = _plain(word)
        if stem == "or":
            is_alternative = bool(alternatives)
        if len(stem) < 2 or stem in _COMMON:
            continue
        if is_alternative:
            alternatives[-1].append(stem)
        else:
            alternatives.append([stem])
        is_alternative = False
    return {"|".join(map(_pattern, stems)): tuple(stems) for stems in alternatives}


def _names(words: Sequence[str]) -> set[str]:
    """Return the words that are names or numbers, as they are spelt within a sentence."""
    capital = {n for n, word in enumerate(words) if word != word.lower()}
    if 2 * len(capital) > len(words):  # a headline, or somebody shouts
        capital = set()
    return {
        _plain(word)
        for n, word in enumerate(words)
        if (n in capital and (n or word[1:] != word[1:].lower())) or any(map(str.isdigit, word))
    }


def _plain(word: str) -> str:
    return word.lower().split("'")[0]


def _pattern(word: str) -> str:
    """Return a pattern of a word with any of its endings."""
    if not word[-1].isalnum():  # C++
        return rf"\b{re.escape(word)}"
    stem = _stem(word)
    # What is short begins many words: “price” is not meant by “pricking”, nor “car” by “carry”.
    ending = r"\w{0,5}" if len(stem) > SHORT else _inflected(stem[-1])
    return rf"\b{stem}{ending}\b"


def _inflected(last: str) -> str:
    """Return a pattern of endings of grammar; before some of them the last letter is doubled."""
    return f"(?:(?:{last})?(?:ed|ing|ings|er|ers)|e|es|s|y|ies|ly)?"


def _stem(word: str) -> str:
    """Return a pattern of what a word begins with, whatever its ending."""
    if len(word) > 4 and word.endswith(("ies", "ied")):
        return re.escape(word[:-3]) + "[yi]"
    if len(word) > 3 and word.endswith("y"):
        return re.escape(word[:-1]) + "[yi]"
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) > 2 and not word.endswith("ss"):
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":  # “running”
        word = word[:-1]
    return re.escape(word)
