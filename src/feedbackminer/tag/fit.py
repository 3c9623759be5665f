"""Fit a head: scores by logistic regression, probabilities and thresholds by cross-validation.

What calibrates a score was never scored by a model that had seen it: folds keep groups (a thread,
an app, a site) whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedbackminer.tag import features
from feedbackminer.tag.features import Matrix
from feedbackminer.tag.heads import PLACES, Head, Places, Weights

FOLDS = 5
PASSES = 12  # over the examples
DENSE_WEIGHT, WORDS_WEIGHT = 0.1, 3.0  # how much each sort of feature may say
PRIOR_WEIGHT = 0.5  # and what a head knew before
SMALLEST_SPREAD = 1e-2  # of a feature: one that hardly varies must not decide
NEVER = 2.0  # threshold of a label that is never certain enough to be given
FEWEST_TRUE = 30  # examples of a label, for a place to have a calibration of its own
FEWEST_GIVEN = 20  # examples over a threshold that its precision is told from


@dataclass(frozen=True)
class Examples:
    """Texts as a head sees them, with what is true of them; one row each.

    ``truth`` has a column per label: 1, 0, or nan where nobody said. ``weight`` is how much a row
    counts in the fit, ``typical`` how much in calibration (0: not at all): rows that were picked
    for a label are no picture of what a community writes. ``groups`` are never split;
    ``places`` are numbers of ``PLACES``.
    """

    dense: Matrix
    words: Any
    truth: Matrix
    weight: Matrix
    typical: Matrix
    groups: NDArray[np.object_]
    places: Places

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, rows: NDArray[Any]) -> Examples:
        """Return some of the rows."""
        return Examples(
            self.dense[rows],
            self.words[rows],
            self.truth[rows],
            self.weight[rows],
            self.typical[rows],
            self.groups[rows],
            self.places[rows],
        )


@dataclass(frozen=True)
class Recipe:
    """How a head is fitted; stored in its card."""

    name: str
    labels: tuple[str, ...]
    exclusive: bool
    encoder: str
    precision: float = 0.85  # that each threshold aims at
    floor: float = 0.0  # that no threshold is below: a label may be right nearly always by chance
    alpha: float = 1e-4  # strength of the penalty
    seed: int = 0


@dataclass(frozen=True)
class Fitted:
    """A head, and the probabilities that it gave its examples without having seen them."""

    head: Head
    out_of_fold: Matrix


def fit_head(
    examples: Examples, recipe: Recipe, card: Mapping[str, Any], *, prior: Head | None = None
) -> Fitted:
    """Fit, calibrate and set thresholds.

    Args:
        prior: a head with the same labels over the same features, whose scores are the starting
            point: only what differs from them is learned.
    Raises:
        ValueError: a label has no example for it, or none against it.
    """
    scores = np.full(examples.truth.shape, np.nan, np.float32)
    for rest, held_out in _folds(examples.groups, recipe.seed):
        part = examples.take(held_out)
        scores[held_out] = _scoring(examples.take(rest), recipe, prior).scores(
            part.dense, part.words
        )
    head = _calibrated(_scoring(examples, recipe, prior), scores, examples)
    chances = head.calibrated(scores, examples.places)
    limits = [
        [_limit(chances, examples, k, place, recipe) for k in range(len(recipe.labels))]
        for place in range(len(PLACES))
    ]
    weights = replace(head.weights, thresholds=np.array(limits, np.float32))
    return Fitted(replace(head, weights=weights, card=card), chances)


def _limit(chances: Matrix, examples: Examples, k: int, place: int, recipe: Recipe) -> float:
    rows = _speaking_for(examples, k, place)
    told = chances[rows, k], examples.truth[rows, k], examples.typical[rows]
    return max(recipe.floor, threshold(*told, recipe.precision))


def _speaking_for(examples: Examples, k: int, place: int) -> NDArray[np.bool_]:
    """Return the rows that calibrate a label in a place; all, where it has too few of its own."""
    known = ~np.isnan(examples.truth[:, k]) & (examples.typical > 0)
    own = known & (examples.places == place)
    sides = [(examples.truth[own, k] == side).sum() for side in (0, 1)]
    return own if min(sides) >= FEWEST_TRUE else known


def threshold(chances: Matrix, truth: Matrix, weight: Matrix, precision: float) -> float:
    """Return the lowest probability from which at least ``precision`` of what is given is true."""
    order = np.argsort(-chances, kind="stable")
    true, all_given = np.cumsum((truth * weight)[order]), np.cumsum(weight[order])
    counted = np.cumsum((weight > 0)[order])
    reached = np.flatnonzero((counted >= FEWEST_GIVEN) & (true >= precision * all_given))
    return float(chances[order][reached[-1]]) if len(reached) else NEVER


def _folds(
    groups: NDArray[np.object_], seed: int
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    from sklearn.model_selection import GroupKFold

    count = min(FOLDS, len(set(groups)))
    if count < 2:
        raise ValueError(f"{len(groups)} examples of {count} group: cross-validation wants two")
    splitter = GroupKFold(count, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros(len(groups)), groups=groups))


def _scoring(examples: Examples, recipe: Recipe, prior: Head | None) -> Head:
    """Return a head whose scores are not calibrated yet."""
    if prior:
        centre, scale = prior.weights.centre, prior.weights.scale
    else:
        centre, spread = examples.dense.mean(axis=0), examples.dense.std(axis=0)
        scale = (np.maximum(spread, SMALLEST_SPREAD) / DENSE_WEIGHT).astype(np.float32)
    own = (examples.dense - centre) / scale
    n, d = len(recipe.labels), own.shape[1]
    before, spread_before = None, np.ones(n, np.float32)
    if prior:
        before = prior.scores(examples.dense, examples.words)
        spread_before = np.maximum(before.std(axis=0), 1e-6) / PRIOR_WEIGHT
        before = before / spread_before
    told = [_column(own, examples, k, recipe, before) for k in range(n)]
    coefficients = np.stack([column for column, _ in told], axis=1)
    dense, words = coefficients[:d], coefficients[d : d + features.BUCKETS] * WORDS_WEIGHT
    bias = np.array([bias for _, bias in told], np.float32)
    if prior:
        share = coefficients[-1] / spread_before
        dense = dense + prior.weights.dense * share
        words = words + prior.weights.words * share
        bias = bias + prior.weights.bias * share
    p = len(PLACES)
    uncalibrated = np.stack([np.eye(n, dtype=np.float32)] * p), np.zeros((p, n), np.float32)
    weights = Weights(
        centre, scale, dense, words, bias, *uncalibrated, np.full((p, n), NEVER, np.float32)
    )
    return Head(recipe.name, recipe.labels, recipe.exclusive, recipe.encoder, weights, {})


def _column(
    own: Matrix, examples: Examples, k: int, recipe: Recipe, before: Matrix | None
) -> tuple[Matrix, float]:
    """Fit one label against all else: averaged stochastic gradient descent on the log loss.

    Where there are scores of a head ``before``, the label's is one more feature, the last.
    """
    from scipy.sparse import csr_matrix, hstack
    from sklearn.linear_model import SGDClassifier

    known = ~np.isnan(examples.truth[:, k]) & (examples.weight > 0)
    truth = examples.truth[known, k]
    if truth.min(initial=1) == truth.max(initial=0):
        raise ValueError(f"{recipe.labels[k]}: wants examples for it and against it")
    weight = examples.weight[known].copy()
    for side in (0, 1):  # both sides weigh the same, as all examples together
        weight[truth == side] *= len(truth) / 2 / weight[truth == side].sum()
    parts = [csr_matrix(own[known]), examples.words[known] * WORDS_WEIGHT]
    parts += [] if before is None else [csr_matrix(before[known, k : k + 1])]
    X = hstack(parts, format="csr")
    model = SGDClassifier(
        loss="log_loss", alpha=recipe.alpha, max_iter=PASSES, tol=None, average=True,
        random_state=recipe.seed,
    )  # fmt: skip
    model.fit(X, truth, sample_weight=weight)
    return model.coef_[0].astype(np.float32), float(model.intercept_[0])


def _calibrated(head: Head, scores: Matrix, examples: Examples) -> Head:
    """Turn scores into log-odds by logistic regression on what was scored unseen."""
    n = len(head.labels)
    matrix = np.zeros((len(PLACES), n, n), np.float32)
    offset = np.zeros((len(PLACES), n), np.float32)
    for place in range(len(PLACES)):
        for k in range(n):
            rows = _speaking_for(examples, k, place)
            if head.exclusive:  # one softmax of all labels, from what the rarest one has
                here = examples.truth[(examples.places == place) & (examples.typical > 0)]
                rows = _speaking_for(examples, int(np.nansum(here, axis=0).argmin()), place)
                columns, truth = scores[rows], examples.truth[rows].argmax(axis=1)
                slopes, intercepts = _logistic(columns, truth, examples.typical[rows])
                matrix[place], offset[place] = slopes.T, intercepts
                break
            columns, truth = scores[rows, k : k + 1], examples.truth[rows, k]
            slopes, intercepts = _logistic(columns, truth, examples.typical[rows])
            matrix[place, k, k], offset[place, k] = slopes[0, 0], intercepts[0]
    return replace(head, weights=replace(head.weights, calibration=matrix, offset=offset))


def _logistic(scores: Matrix, truth: NDArray[Any], weight: Matrix) -> tuple[Matrix, Matrix]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1.0, max_iter=1_000).fit(scores, truth, sample_weight=weight)
    return model.coef_, model.intercept_


def one_hot(labels: Sequence[str], names: Sequence[str]) -> Matrix:
    """Return the truth of labels that exclude each other, shape (len(labels), len(names))."""
    return np.array([[label == name for name in names] for label in labels], np.float32)
