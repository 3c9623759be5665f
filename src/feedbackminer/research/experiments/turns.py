"""What became of topics between two outcomes over the same texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from feedbackminer.research.experiments.measures import Outcome
from feedbackminer.research.metrics.topics import Labels

SAME = 0.5  # overlap by Jaccard of two topics that are one
PART = 0.25  # share of a topic that is a part of it
MOST = 0.5  # share of a topic that is most of it
WORDS = 3  # that a topic is named by
Shares = NDArray[np.float64]


@dataclass(frozen=True)
class Turn:
    """What became of topics: same, split, merged, changed, new, gone.

    Topics are named by their ids and their strongest words.
    """

    what: str
    a: tuple[str, ...]
    b: tuple[str, ...]
    n_texts: int


def find_turns(a: Outcome, b: Outcome) -> Iterator[Turn]:
    """Tell what became of each topic of ``a``, and where those of ``b`` come from."""
    overlap = _Overlap.of(a, b)
    told_of_b: set[int] = set()
    told_of_a: set[int] = set()
    for one, other in overlap.same:
        yield overlap.turn("same", [one], [other])
        told_of_a.add(one)
        told_of_b.add(other)
    for one, parts in _divided(overlap.of_a, overlap.of_b, told_of_a, told_of_b):
        yield overlap.turn("split", [one], parts)
    for other, parts in _divided(overlap.of_b.T, overlap.of_a.T, told_of_b, told_of_a):
        yield overlap.turn("merged", parts, [other])
    for one in range(len(overlap.a)):
        if one not in told_of_a:
            others = np.flatnonzero(overlap.of_a[one] >= PART).tolist()
            yield overlap.turn("changed" if others else "gone", [one], others)
            told_of_b.update(others)
    for other in range(len(overlap.b)):
        if other not in told_of_b:
            ones = np.flatnonzero(overlap.of_b[:, other] >= PART).tolist()
            yield overlap.turn("changed" if ones else "new", ones, [other])


def _divided(
    of_whole: Shares, of_part: Shares, wholes: set[int], parts: set[int]
) -> Iterator[tuple[int, list[int]]]:
    """Yield topics that fell apart, with their parts, and note both as told.

    Args:
        of_whole: which share of each topic each part holds; ``of_part``: which share of the part
            that is; both of shape (topics, parts).
        wholes, parts: those that were told before.
    """
    for whole in range(len(of_whole)):
        is_part = (of_whole[whole] >= PART) & (of_part[whole] >= MOST)
        found = [part for part in np.flatnonzero(is_part).tolist() if part not in parts]
        if whole not in wholes and len(found) > 1:
            wholes.add(whole)
            parts.update(found)
            yield whole, found


@dataclass(frozen=True)
class _Overlap:
    """How many texts two topics share; topics are in the order of their names."""

    a: Sequence[str]
    b: Sequence[str]
    counts: NDArray[np.int64]  # shape (topics of a, topics of b)
    sizes_a: NDArray[np.int64]
    sizes_b: NDArray[np.int64]

    @classmethod
    def of(cls, a: Outcome, b: Outcome) -> _Overlap:
        counts = np.zeros((len(a.names) + 1, len(b.names) + 1), np.int64)
        np.add.at(counts, (a.given, b.given), 1)  # -1 is the last row or column
        in_a = np.flatnonzero(counts[:-1].sum(axis=1))
        in_b = np.flatnonzero(counts[:, :-1].sum(axis=0))
        return cls(
            a=[titled(a, number) for number in in_a.tolist()],
            b=[titled(b, number) for number in in_b.tolist()],
            counts=counts[in_a][:, in_b],
            sizes_a=counts.sum(axis=1)[in_a],
            sizes_b=counts.sum(axis=0)[in_b],
        )

    @property
    def of_a(self) -> NDArray[np.float64]:
        """Return which share of each topic of a is in each of b."""
        return self.counts / self.sizes_a[:, None]

    @property
    def of_b(self) -> NDArray[np.float64]:
        """Return which share of each topic of b is in each of a."""
        return self.counts / self.sizes_b[None, :]

    @property
    def same(self) -> list[tuple[int, int]]:
        """Return the pairs that are one topic: each topic is in one pair at most."""
        union = self.sizes_a[:, None] + self.sizes_b[None, :] - self.counts
        alike = self.counts / np.maximum(union, 1)
        return [(int(one), int(other)) for one, other in np.argwhere(alike > SAME)]

    def turn(self, what: str, ones: Sequence[int], others: Sequence[int]) -> Turn:
        """Return what became of some topics; texts are those of a, or of b where a has none."""
        n = self.sizes_a[list(ones)].sum() if len(ones) else self.sizes_b[list(others)].sum()
        return Turn(what, tuple(self.a[i] for i in ones), tuple(self.b[i] for i in others), int(n))


def titled(outcome: Outcome, number: int) -> str:
    """Return what a topic is called: its id and its strongest words."""
    name = outcome.name(number)
    words = ", ".join(outcome.words.get(name, ())[:WORDS])
    return f"{name} ({words})" if words else name


def find_moved(a: Outcome, b: Outcome) -> Labels:
    """Return the texts that left a topic that both have: its name may be another."""
    overlap = _Overlap.of(a, b)
    becomes = {overlap.a[one]: overlap.b[other] for one, other in overlap.same}
    moved = [
        row
        for row, (one, other) in enumerate(zip(a.given.tolist(), b.given.tolist(), strict=True))
        if (name := titled(a, one)) in becomes and titled(b, other) != becomes[name]
    ]
    return np.array(moved, dtype=np.int64)
