"""Which words mark a topic: those that stand in more of its threads than in other threads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from feedbackminer.topics.labels import Labels
from feedbackminer.topics.naming.phrases import stems

TWICE = 1.0  # log of how much more often than elsewhere a word must stand in a topic, base 2
FEWEST = 3  # threads of a topic that a word must stand in, where the topic has so many
Held = NDArray[np.bool_]


@dataclass(frozen=True)
class WordUse:
    """Which stems stand in which passages, and the thread of each passage."""

    matrix: Any  # sparse, shape (passages, stems)
    columns: dict[str, int]
    threads: Labels

    @classmethod
    def of(cls, passages: Sequence[str], threads: Labels) -> Self:
        """Read all passages."""
        from sklearn.feature_extraction.text import CountVectorizer

        counter = CountVectorizer(analyzer=stems, binary=True, dtype=np.int32)
        try:
            matrix = counter.fit_transform(passages)
        except ValueError:  # no word at all
            return cls(None, {}, threads)
        return cls(matrix, counter.vocabulary_, threads)

    def by(self, labels: Labels) -> Marks:
        """Bring together what a thread says on one topic."""
        pairs = np.stack([self.threads, labels], axis=1)
        documents, row_of = np.unique(pairs, axis=0, return_inverse=True)
        return Marks(self, documents[:, 1], row_of.ravel())


@dataclass(frozen=True)
class Marks:
    """Weighs words, and phrases, of topics; a document is what a thread says on one topic."""

    use: WordUse
    labels: Labels  # of documents
    row_of: Labels  # the document of each passage

    @cached_property
    def _matrix(self) -> Any:
        """Which stems stand in which documents, by column."""
        from scipy.sparse import csr_matrix

        if self.use.matrix is None:
            return None
        n = len(self.row_of)
        ones = (np.ones(n, np.int32), (self.row_of, np.arange(n)))
        together = csr_matrix(ones, shape=(len(self.labels), n)) @ self.use.matrix
        return together.tocsc()

    def weight(self, phrase: str, topic: int) -> float:
        """Return how surely a phrase marks a topic; 0: it does not.

        The root of the log-likelihood ratio of standing in a document of the topic and in another
        (Dunning, Computational Linguistics 19, 1993), which favours what many of them say over
        what few do that nobody else says. A phrase stands where all of its words do.
        """
        is_inside = self.labels == topic
        held = self._held(phrase)
        inside, outside = int(held[is_inside].sum()), int(held[~is_inside].sum())
        n_inside, n_outside = int(is_inside.sum()), int((~is_inside).sum())
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

    def _held(self, phrase: str) -> Held:
        """Return which documents hold all words of a phrase."""
        columns = [self.use.columns.get(stem) for stem in stems(phrase)]
        if self._matrix is None or not columns or None in columns:
            return np.zeros(len(self.labels), bool)
        held: Held = self._matrix[:, columns].getnnz(axis=1) == len(columns)
        return held


def _sum_of_logs(counts: NDArray[np.int64], expected: NDArray[np.float64]) -> float:
    from scipy.special import rel_entr

    return float(rel_entr(counts, expected).sum())
