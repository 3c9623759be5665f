"""Parts of the texts in which topics are found once more, to see whether they stay the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from feedbackminer.research.metrics.topics import ABSENT, Labels, agreement

SHARE = 0.8  # of the texts in a sample
SEEDS, SAMPLES, TIME = STABILITIES = ("stability", "stability_samples", "stability_time")


@dataclass(frozen=True)
class Part:
    """Some of the texts.

    Attributes:
        of: the stability that it is for; empty: all texts.
        number: which of several, from 1; of moments 1 is the earliest.
        count: how many there are; the last moment, up to which there are all, is none of them.
    """

    of: str = ""
    number: int = 0
    count: int = 0

    @property
    def title(self) -> str:
        """Say which one it is."""
        if self.of == SAMPLES:
            return f"sample {self.number} of {self.count}"
        return f"up to moment {self.number} of {self.count + 1}" if self.of else ""

    def rows(self, n: int) -> NDArray[np.int64]:
        """Return which of ``n`` texts, of which the earliest come first."""
        if self.of == SAMPLES:
            drawn = np.random.default_rng(self.number).permutation(n)[: round(n * SHARE)]
            return np.sort(drawn)
        return np.arange(n * self.number // (self.count + 1) if self.of else n)


ALL = Part()


def parts_of(samples: int, moments: int) -> Iterator[Part]:
    """Yield samples that are drawn, and what had been written up to each of some moments."""
    for of, count in ((SAMPLES, samples), (TIME, moments)):
        yield from (Part(of, number, count) for number in range(1, count + 1))


def spread_out(given: Labels, part: Part, n: int) -> Labels:
    """Return what a part of ``n`` texts was given, as a row for each of them all."""
    everywhere = np.full(n, ABSENT, np.int64)
    everywhere[part.rows(n)] = given
    return everywhere


def steadiness(of: str, fits: Sequence[Labels]) -> float:
    """Return how alike fits are: samples each with each, moments each with the next."""
    if of != TIME:
        return agreement(fits)
    pairs = [agreement(pair) for pair in pairwise(fits)]
    return float(np.mean(pairs)) if pairs else np.nan
