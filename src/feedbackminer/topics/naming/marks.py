"""Which words mark a topic: those that stand in more of its threads than in other threads."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property, partial, reduce
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from feedbackminer.topics.labels import Labels
from feedbackminer.topics.naming.phrases import stem, stems
from feedbackminer.topics.naming.words import WordUse
from feedbackminer.vectors import sums

TWICE = 1.0  # log of how much more often than elsewhere a word must stand in a topic, base 2
FEWEST = 3  # threads of a topic that a word must stand in, where the topic has so many


@dataclass(frozen=True)
class Marks:
    """Weighs words, and phrases, of topics; a document is what a thread says on one topic."""

    columns: dict[str, int]
    matrix: Any  # which of the stems in columns stand in which documents, sparse, by column
    labels: Labels  # of documents

    @classmethod
    def of(cls, use: WordUse, labels: Labels) -> Self:
        """Bring together what a thread says on one topic.

        Args:
            labels: of the passages.
        """
        pairs = np.stack([use.threads, labels], axis=1)
        documents, row_of = np.unique(pairs, axis=0, return_inverse=True)
        columns, stem_of = use.folded(stem)
        together = sums(use.counts, row_of.ravel(), len(documents)) @ stem_of
        return cls(columns, together.tocsc(), documents[:, 1])

    @cached_property
    def _sizes(self) -> Counter[int]:
        """How many documents each topic has."""
        return Counter(self.labels.tolist())

    def weight(self, phrase: str, topic: int) -> float:
        """Return how surely a phrase marks a topic; 0: it does not.

        The root of the log-likelihood ratio of standing in a document of the topic and in another
        (Dunning, Computational Linguistics 19, 1993), which favours what many of them say over
        what few do that nobody else says. A phrase stands where all of its words do.
        """
        held = self._held(phrase)
        inside = int(np.count_nonzero(self.labels[held] == topic))
        outside = len(held) - inside
        n_inside = self._sizes[topic]
        n_outside = len(self.labels) - n_inside
        if inside < min(FEWEST, n_inside):
            return 0.0
        if not n_outside:
            return inside / n_inside
        odds = ((inside + 0.5) / (n_inside + 1)) / ((outside + 0.5) / (n_outside + 1))
        if math.log2(odds) < TWICE:
            return 0.0
        counts = np.array([inside, outside, n_inside - inside, n_outside - outside])
        share = (inside + outside) / (n_inside + n_outside)
        expected = np.outer([share, 1 - share], [n_inside, n_outside]).ravel()
        return math.sqrt(max(0.0, 2 * _sum_of_logs(counts, expected)))

    def _held(self, phrase: str) -> Labels:
        """Return the documents that hold all words of a phrase."""
        words = {*stems(phrase)}
        if not words or not words <= self.columns.keys():
            return np.zeros(0, np.int64)
        starts, rows = self.matrix.indptr, self.matrix.indices
        columns = map(self.columns.__getitem__, words)
        held = (rows[starts[column] : starts[column + 1]] for column in columns)
        return reduce(partial(np.intersect1d, assume_unique=True), held)


def _sum_of_logs(counts: NDArray[np.int64], expected: NDArray[np.float64]) -> float:
    from scipy.special import rel_entr

    return float(rel_entr(counts, expected).sum())
