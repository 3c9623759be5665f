"""Heads from what the reader and the words of texts say, weighed on posts that neither has seen.

Stacked generalisation (Wolpert 1992). All parts are linear in the features of a head, so what comes
out is one head like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from feedbackminer.embed.reader import Reader
from feedbackminer.tagging import features
from feedbackminer.tagging.features import Matrix
from feedbackminer.tagging.fit import Examples, Recipe, uncalibrated
from feedbackminer.tagging.heads import Head

# Of the weights; small: there are some sixty columns and few examples of a label.
OF_POSTS, OF_SENTENCES = 0.01, 0.03
SMALLEST_SPREAD = 1e-3  # of a column: one that hardly varies must not decide


@dataclass(frozen=True)
class Linear:
    """Scores that are linear in the features of a head; ``m`` columns."""

    dense: Matrix  # (d, m)
    words: Matrix  # (BUCKETS, m)
    bias: Matrix  # (m,)

    def scores(self, dense: Matrix, words: Any) -> Matrix:
        """Return the scores of texts, shape (texts, m)."""
        scores: Matrix = np.nan_to_num(dense) @ self.dense + words @ self.words + self.bias
        return scores


def of_reader(reader: Reader, what: str, n_dense: int) -> Linear:
    """Return what the reader was trained to tell of posts or of sentences.

    Args:
        what: "post", whose states come first among the dense features, or "sentence".
        n_dense: how many dense features there are.
    """
    weights = reader.outputs[what].T
    dense = np.zeros((n_dense, weights.shape[1]), np.float32)
    dense[: len(weights)] = weights
    words = np.zeros((features.BUCKETS, weights.shape[1]), np.float32)
    return Linear(dense, words, reader.outputs[f"{what}_bias"])


def of_words(head: Head, n_dense: int) -> Linear:
    """Return the scores of a head that reads words alone."""
    dense = np.zeros((n_dense, len(head.labels)), np.float32)
    return Linear(dense, head.weights.words, head.weights.bias)


def of_columns(first: int, n_dense: int) -> Linear:
    """Return the dense features from ``first`` on, each as it is."""
    dense = np.eye(n_dense, dtype=np.float32)[:, first:]
    n_columns = dense.shape[1]
    words = np.zeros((features.BUCKETS, n_columns), np.float32)
    return Linear(dense, words, np.zeros(n_columns, np.float32))


def stacked(
    examples: Examples, recipe: Recipe, *, parts: Sequence[Linear], strength: float
) -> Head:
    """Weigh the columns of all parts by logistic regression, one label against all else."""
    columns = [part.scores(examples.dense, examples.words) for part in parts]
    together = np.hstack(columns)
    centre, spread = together.mean(axis=0), np.maximum(together.std(axis=0), SMALLEST_SPREAD)
    fitted = [
        _weights((together - centre) / spread, examples, k, strength)
        for k in range(len(recipe.labels))
    ]
    weights = np.stack([weights / spread for weights, _ in fitted], axis=1).astype(np.float32)
    bias = np.array([intercept for _, intercept in fitted]) - centre @ weights

    n_dense = examples.dense.shape[1]
    dense = np.zeros((n_dense, len(recipe.labels)), np.float32)
    words = np.zeros((features.BUCKETS, len(recipe.labels)), np.float32)
    first = 0
    for part in parts:
        own = weights[first : first + len(part.bias)]
        first += len(part.bias)
        dense += part.dense @ own
        words += part.words @ own
        bias = bias + part.bias @ own
    return uncalibrated(
        recipe,
        centre=np.zeros(n_dense, np.float32),
        scale=np.ones(n_dense, np.float32),
        dense=dense,
        words=words,
        bias=bias.astype(np.float32),
    )


def _weights(columns: Matrix, examples: Examples, k: int, strength: float) -> tuple[Matrix, float]:
    from sklearn.linear_model import LogisticRegression

    judged = ~np.isnan(examples.truth[:, k]) & (examples.weight > 0)
    truth = examples.truth[judged, k]
    if truth.min(initial=1) == truth.max(initial=0):
        return np.zeros(columns.shape[1], np.float32), -9.0  # nothing to learn: hardly ever true
    model = LogisticRegression(C=strength, max_iter=2_000)
    model.fit(columns[judged], truth, sample_weight=examples.weight[judged])
    return model.coef_[0], float(model.intercept_[0])
