"""The name of the product, which everybody writes: it does not tell one matter from another.

“How can I use BraTS within 3D Slicer?” and “How do I import modules to 3D Slicer?” are near to each
other for their last words alone. So the name is read as “the product” when sentences are compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from feedbackminer.text.words import on_one_line

STANDS_FOR_IT = "the product"
LEAST_SENTENCES = 200  # of fewer, a twentieth is what a few members speak of
ENOUGH = 20_000  # of more, evenly spaced ones are looked at
OFTEN = 0.05  # share of all sentences from which a word may be the product's name
IS_NAME = 0.5  # share of a word's mentions, not first in a sentence, that have a capital letter
# Two words are one name (“3D Slicer”) where one of them seldom stands elsewhere, and the product is
# often called so: shares of the mentions of the first, and of the product's.
TOGETHER, CALLED_SO = 0.5, 0.1
_WORD = r"[\p{L}\p{N}]+"


@dataclass(frozen=True)
class Product:
    """What a product is called; by no name: nobody knows."""

    names: tuple[str, ...] = ()

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self.names, key=lambda name: (-len(name), name))
        spelled = (r"\s+".join(map(re.escape, name.split())) for name in longest_first)
        # Not within a longer name, an address or code: “SlicerRT”, “slicer.org”, “slicer.util”.
        return re.compile(rf"(?<![\w.@/])(?:{'|'.join(spelled)})(?![\w@/]|[.-]\w)", re.IGNORECASE)

    def is_in(self, sentence: str) -> bool:
        """Tell whether a sentence names it."""
        return bool(self.names) and self._pattern.search(sentence) is not None

    def without(self, sentence: str) -> str:
        """Return a sentence as it is compared with others."""
        return self._pattern.sub(STANDS_FOR_IT, sentence) if self.names else sentence


def find_product(sentences: Sequence[str], named: str = "") -> Product:
    """Return what the product is called.

    Args:
        sentences: of many members: the word that most of them have, if it is a name, is found.
        named: the name, as the settings have it.
    """
    found = _found(sentences[:: len(sentences) // ENOUGH + 1])
    if named := on_one_line(named):
        # Beside a name that is known, only a shorter or longer form of it is another one.
        words = set(named.lower().split())
        found = (name for name in found if words & set(name.split()))
    return Product(tuple(sorted({*filter(None, [named]), *found})))


def _found(sentences: Sequence[str]) -> Iterator[str]:
    """Yield the word that is a name in most sentences, and names of two words with it."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    if len(sentences) < LEAST_SENTENCES:
        return
    spelled = pl.DataFrame({"spelled": sentences}).select(
        pl.col("spelled").str.extract_all(_WORD), sentence=pl.int_range(pl.len())
    )
    mentions = spelled.explode("spelled").with_columns(
        word=pl.col("spelled").str.to_lowercase(), is_first=pl.col("sentence").diff() != 0
    )
    is_capital = pl.col("spelled") != pl.col("word")
    words = mentions.group_by("word").agg(
        n=pl.len(),
        n_sentences=pl.col("sentence").n_unique(),
        as_name=is_capital.filter(~pl.col("is_first")).mean(),
    )
    names = words.filter(
        pl.col("as_name") >= IS_NAME, ~pl.col("word").is_in(ENGLISH_STOP_WORDS)
    ).sort("n_sentences", "word", descending=[True, False])
    if names.is_empty() or names["n_sentences"][0] < OFTEN * len(sentences):
        return
    count = dict(names.select("word", "n").iter_rows())
    name, n_name = names["word"][0], names["n"][0]
    pairs = mentions.select("word", after=pl.col("word").shift(-1).over("sentence"))
    beside = pairs.filter((pl.col("word") == name) | (pl.col("after") == name)).drop_nulls()
    n_of_pairs = 0
    for first, second, n in (
        beside.group_by("word", "after").len().sort("word", "after").iter_rows()
    ):
        other = second if first == name else first
        if other in count and n >= TOGETHER * count[other] and n >= CALLED_SO * n_name:
            n_of_pairs += n
            yield f"{first} {second}"
    if n_of_pairs < TOGETHER * n_name:  # else it is said in full, and its words are common ones
        yield name
