"""What would betray an erased post elsewhere: its ids, its links, its words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property

import polars as pl

from feedbackminer import tables
from feedbackminer.privacy.seals import ERASED, Sealer, without_quotes
from feedbackminer.text.words import on_one_line

LONG_ID = 8  # a native id of fewer characters means nothing by itself
RUN = 20  # characters in a row that are somebody's own words
_WORD = re.compile(r"\w{4,}")


class Traces:
    """Finds the traces of erased posts in texts that stay.

    Args:
        erased: rows of ``posts`` that are erased.
        remaining: those that stay.
        sealer: knows the erased members.
    """

    def __init__(self, erased: pl.DataFrame, remaining: pl.DataFrame, sealer: Sealer) -> None:
        self._erased, self._remaining, self._sealer = erased, remaining, sealer
        self.natives = native_ids(erased)
        self._names = [*{*erased["post_id"], *erased["url"].drop_nulls(), *_long(self.natives)}]

    def removed(self, texts: pl.Series) -> pl.Series:
        """Return texts without ids and links of erased posts, and without erased members."""
        texts = self._sealer.without_mentions_in(texts)
        if not self._names:
            return texts
        named = texts.str.extract_many(self._names, overlapping=True).to_list()
        cleaned = [_without(text, names) for text, names in zip(texts, named, strict=True)]
        return pl.Series(texts.name, cleaned, dtype=pl.String)

    def without_repeats(self, texts: pl.Series) -> pl.Series:
        """Do so, and return a mark alone where a text repeats erased posts."""
        cleaned = [ERASED if self.repeats(text) else text for text in self.removed(texts)]
        return pl.Series(texts.name, cleaned, dtype=pl.String)

    def is_theirs(self, text: str) -> bool:
        """Tell whether a text has words of erased posts that nobody else said."""
        words = _WORD.findall(text.casefold())
        return any(word in self._words_of_theirs for word in words) or self.repeats(text)

    def repeats(self, text: str) -> bool:
        """Tell whether a text repeats erased posts at length, and nobody else."""
        runs = self._runs.intersection(_runs(text.casefold()))
        return any(not self._others.str.contains(run, literal=True).any() for run in runs)

    def in_cursor(self, position: str) -> bool:
        """Tell whether the position of a source names an erased post."""
        return any(native in position for native in _long(self.natives))

    @cached_property
    def _erased_text(self) -> str:
        return "\n".join(_texts(self._erased)).casefold()

    @cached_property
    def _runs(self) -> frozenset[str]:
        return frozenset(_runs(self._erased_text))

    @cached_property
    def _others(self) -> pl.Series:
        titles = self._remaining["title"].drop_nulls()
        said = pl.concat([self._remaining["body"], titles]).str.to_lowercase()
        return said.to_frame("said").select(tables.single_spaced(pl.col("said"))).to_series()

    @cached_property
    def _words_of_theirs(self) -> frozenset[str]:
        """Return the words of erased posts that no other post has."""
        words = set(_WORD.findall(self._erased_text))
        others = self._others.str.extract_all(_WORD.pattern).explode().drop_nulls().unique()
        return frozenset(words.difference(others))


def change_texts(
    frame: pl.DataFrame, columns: Sequence[str], change: Callable[[pl.Series], pl.Series]
) -> pl.DataFrame:
    """Change the texts of some columns, lists of texts included."""
    for name in columns:
        is_list = isinstance(frame[name].dtype, pl.List)
        texts = (frame[name].explode() if is_list else frame[name]).drop_nulls().unique()
        pairs = zip(texts, change(texts), strict=True)
        changed = {text: new for text, new in pairs if new != text}
        each = (pl.element() if is_list else pl.col(name)).replace(changed)
        frame = frame.with_columns(pl.col(name).list.eval(each) if is_list else each)
    return frame


def native_ids(posts: pl.DataFrame) -> frozenset[str]:
    """Return the ids that the platform knows posts by."""
    pairs = posts.select("source", "post_id").iter_rows()
    return frozenset(post_id.removeprefix(f"{source}:") for source, post_id in pairs)


def echoes(erased: pl.DataFrame, remaining: pl.DataFrame) -> int:
    """Count posts that stay and hold the same words."""
    return int(contains(remaining["body"], blocks(erased)).sum())


def needles(posts: pl.DataFrame) -> list[str]:
    """Return what to look for in files where posts may still stand."""
    return [*posts["post_id"], *_long(native_ids(posts)), *blocks(posts)]


def blocks(posts: pl.DataFrame) -> list[str]:
    """Cut the texts of posts into runs of characters: a copy of two runs' length holds one."""
    said = [*_texts(posts), *map(on_one_line, _texts(posts))]  # as it stands, and as it is read
    lines = [line.strip() for text in said for line in text.splitlines()]
    cut = (line[i : i + RUN] for line in lines for i in range(0, len(line) - RUN + 1, RUN))
    return sorted(set(cut))


def _texts(posts: pl.DataFrame) -> list[str]:
    """Return what posts say themselves."""
    return [*map(without_quotes, posts["body"]), *posts["title"].drop_nulls()]


def _without(text: str, names: Sequence[str] | None) -> str:
    """Replace names that stand alone: ``forum:12`` is no part of ``forum:123``."""
    if not names:
        return text
    each = "|".join(map(re.escape, sorted(set(names), key=len, reverse=True)))
    return re.sub(rf"(?<![\w-])(?:{each})(?![\w-]|\.\w)", ERASED, text)


def _runs(text: str) -> Iterator[str]:
    text = on_one_line(text)
    return (text[i : i + RUN] for i in range(len(text) - RUN + 1))


def _long(ids: Iterable[str]) -> list[str]:
    return [name for name in ids if len(name) >= LONG_ID]


def contains(texts: pl.Series, needles: Sequence[str]) -> pl.Series:
    """Tell which texts hold any of these."""
    if not needles:
        return pl.Series([False] * len(texts), dtype=pl.Boolean)
    return texts.str.contains_any(list(needles))
