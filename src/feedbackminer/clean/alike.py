"""Texts that are alike: nearly the same words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from feedbackminer.text.words import EAST_ASIAN_SIGNS

NEARLY = 0.8  # Jaccard similarity of two posts' words, 0 to 1, from which they say the same
FEWEST_WORDS = 8  # distinct; fewer ("thanks, that works now") are alike by chance
HASHES, BANDS = 120, 20  # at a similarity of 0.8 this finds 998 of 1,000 pairs
# Each East Asian sign is a word.
_WORD = re.compile(rf"[{EAST_ASIAN_SIGNS}]|[^\W{EAST_ASIAN_SIGNS}]+")


def first_alike(
    passages: Sequence[str], *, least: float = NEARLY, bands: int = BANDS
) -> Iterator[int]:
    """Yield for each passage the index of the first that says nearly the same, or its own.

    MinHash (Broder 1997) proposes, the exact similarity of the words decides. Only passages that
    are the first of their kind are searched, so thousands of copies cost no more than one.

    Args:
        passages: what there is to read of each post.
        least: similarity from which two are alike.
        bands: of the index; more find more pairs of low similarity, and take longer.
    """
    from rensa import RMinHash, RMinHashLSH

    index = RMinHashLSH(threshold=least, num_perm=HASHES, num_bands=bands)
    words_of: dict[int, frozenset[str]] = {}
    first_of: dict[frozenset[str], int] = {}
    for i, passage_ in enumerate(passages):
        words = distinct_words(passage_)
        if len(words) < FEWEST_WORDS:
            yield i
            continue
        if words not in first_of:
            hashed = RMinHash(num_perm=HASHES, seed=0)
            hashed.update(sorted(words))
            alike = {f: similarity(words, words_of[f]) for f in sorted(index.query(hashed))}
            first = max(alike, key=alike.__getitem__, default=i)
            if alike.get(first, 0.0) < least:
                first = i
                words_of[i] = words
                index.insert(i, hashed)
            first_of[words] = first
        yield first_of[words]


def distinct_words(passage: str) -> frozenset[str]:
    """Return the words of a passage, whatever their case, order and number."""
    return frozenset(_WORD.findall(passage.casefold()))


def similarity(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the Jaccard similarity of two sets that are not both empty, 0 to 1."""
    return len(one & other) / len(one | other)
