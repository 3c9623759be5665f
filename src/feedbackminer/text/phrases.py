"""The small language of phrase rules: ``a|b`` is either, ``c?`` may be missing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import Any

_LETTERS = re.compile(r"[a-z]+")
_NO_LISTS: Mapping[str, Sequence[str]] = MappingProxyType({})


@dataclass(frozen=True)
class Slot:
    """One position of a phrase: the words that may stand there, and whether it may be empty."""

    words: tuple[str, ...]
    optional: bool


def parse(phrase: str, lists: Mapping[str, Sequence[str]] = _NO_LISTS) -> list[Slot]:
    """Return the positions of a phrase.

    Args:
        lists: words that stand for a choice of others; a question mark alone is a word.
    """
    return [_slot(word, lists) for word in phrase.split()]


def expand(phrase: str) -> list[str]:
    """Write out every reading of a phrase without a gap: ``a|b c?`` is a, b, a c and b c."""
    choices = [[*slot.words, ""] if slot.optional else slot.words for slot in parse(phrase)]
    return [" ".join(filter(None, reading)).replace(" n't", "n't") for reading in product(*choices)]


def token_pattern(phrase: str, lists: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Return a phrase as spaCy's Matcher wants it, one dict per token."""
    return [
        {"LOWER": {"IN": list(slot.words)}, "OP": "?" if slot.optional else "{1}"}
        for slot in parse(phrase, lists)
    ]


def telling(phrases: Iterable[str], lists: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Return words of which every match of one of the phrases holds at least one.

    Most texts hold none of them, which is known long before their words are matched one by one.
    """
    return frozenset(word for phrase in phrases for word in _rarest(parse(phrase, lists)))


def letters(text: str) -> set[str]:
    """Return the runs of letters of a text, to be held against what is :func:`telling`."""
    return set(_LETTERS.findall(text.lower()))


def _rarest(slots: Sequence[Slot]) -> tuple[str, ...]:
    """Return the words of a position that must be filled; long words are rare ones."""
    needed = [s.words for s in slots if not s.optional and all(map(_LETTERS.fullmatch, s.words))]
    return max(needed, key=lambda words: min(map(len, words)))


def _slot(word: str, lists: Mapping[str, Sequence[str]]) -> Slot:
    optional = word.endswith("?") and len(word) > 1
    choice = word.removesuffix("?") if optional else word
    return Slot(tuple(lists.get(choice) or choice.split("|")), optional)
