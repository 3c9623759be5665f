"""The small language of phrase rules: ``a|b`` is either, ``c?`` may be missing."""

from __future__ import annotations

from itertools import product


def expand(phrase: str) -> list[str]:
    """Write out every reading of a phrase without a gap: ``a|b c?`` is a, b, a c and b c."""
    choices = [
        [*word.removesuffix("?").split("|"), ""] if _is_optional(word) else word.split("|")
        for word in phrase.split()
    ]
    return [" ".join(filter(None, reading)).replace(" n't", "n't") for reading in product(*choices)]


def _is_optional(word: str) -> bool:
    return word.endswith("?") and len(word) > 1
