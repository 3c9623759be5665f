"""The small language of phrase rules: ``a|b`` is either, ``c?`` may be missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import Any

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


def _slot(word: str, lists: Mapping[str, Sequence[str]]) -> Slot:
    optional = word.endswith("?") and len(word) > 1
    choice = word.removesuffix("?") if optional else word
    return Slot(tuple(lists.get(choice) or choice.split("|")), optional)
