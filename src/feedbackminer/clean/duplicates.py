"""Near-duplicates: posts that say, in nearly the same words, what a post said before.

They keep their rows. One by the same member, or from another source, counts once with the post
it repeats; the same words of another member are another voice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import dataframely as dy
import polars as pl

from feedbackminer.tables import Repeats, check, column_types, passage
from feedbackminer.text.words import EAST_ASIAN_SIGNS

NEARLY = 0.8  # Jaccard similarity of two posts' words, 0 to 1, from which they say the same
FEWEST_WORDS = 8  # distinct; fewer ("thanks, that works now") are alike by chance
HASHES, BANDS = 120, 20  # at a similarity of 0.8 this finds 998 of 1,000 pairs
# Each East Asian sign is a word.
_WORD = re.compile(rf"[{EAST_ASIAN_SIGNS}]|[^\W{EAST_ASIAN_SIGNS}]+")


def find_repeats(texts: pl.DataFrame, posts: pl.DataFrame) -> dy.DataFrame[Repeats]:
    """Return the posts that repeat an earlier one.

    Args:
        texts: the ``texts`` table.
        posts: the ``posts`` table, which tells who said it where and when.
    """
    passages = texts.select("post_id", passage=passage())
    who = posts.select("post_id", "author_id", "source", "created_at")
    ordered = passages.join(who, on="post_id").sort("created_at", "post_id", nulls_last=True)
    ids, authors, sources = (ordered[c].to_list() for c in ("post_id", "author_id", "source"))
    of_member: dict[tuple[int, str], int] = {}
    rows = []
    for i, first in enumerate(first_alike(ordered["passage"].to_list())):
        original = of_member.setdefault((first, authors[i]), i) if authors[i] else i
        if sources[i] != sources[first]:
            original = first
        if i != first:
            rows.append((ids[i], ids[first], ids[original] if original != i else None))
    frame = pl.DataFrame(rows, schema=column_types(Repeats), orient="row")
    return check(frame, Repeats, where="clean")


def first_alike(passages: Sequence[str]) -> Iterator[int]:
    """Yield for each passage the index of the first that says nearly the same, or its own.

    MinHash (Broder 1997) proposes, the exact similarity of the words decides. Only passages that
    are the first of their kind are searched, so thousands of copies cost no more than one.
    """
    from rensa import RMinHash, RMinHashLSH

    index = RMinHashLSH(threshold=NEARLY, num_perm=HASHES, num_bands=BANDS)
    words_of: dict[int, frozenset[str]] = {}
    first_of: dict[frozenset[str], int] = {}
    for i, passage_ in enumerate(passages):
        words = frozenset(_WORD.findall(passage_.casefold()))
        if len(words) < FEWEST_WORDS:
            yield i
            continue
        if words not in first_of:
            hashed = RMinHash(num_perm=HASHES, seed=0)
            hashed.update(sorted(words))
            alike = {f: _jaccard(words, words_of[f]) for f in sorted(index.query(hashed))}
            first = max(alike, key=alike.__getitem__, default=i)
            if alike.get(first, 0.0) < NEARLY:
                first = i
                words_of[i] = words
                index.insert(i, hashed)
            first_of[words] = first
        yield first_of[words]


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)
