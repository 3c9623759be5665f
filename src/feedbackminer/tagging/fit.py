"""Fit a head: scores by logistic regression, probabilities and thresholds by cross-validation.

What calibrates a score was never scored by a model that had seen it: folds keep groups (a thread,
an app, a site) whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedbackminer.tagging import features
from feedbackminer.tagging.features import Matrix
from feedbackminer.tagging.heads import GENRES, Genres, Head, Weights

FOLDS = 5
PASSES = 12  # over the examples
DENSE_WEIGHT, WORDS_WEIGHT = 0.1, 3.0  # how much each sort of feature may say
PRIOR_WEIGHT = 0.5  # and what a prior head says
SMALLEST_SPREAD = 1e-2  # of a feature: one that hardly varies must not decide
NEVER = 2.0  # threshold of a label that is never certain enough to be given
FEWEST_TRUE = 30  # examples of a label, for a genre to have a calibration of its own
FEWEST_GIVEN = 20  # examples over a threshold that its precision is told from
EVEN_ODDS = 0.5
LOWER_AIMS = (0.8, 0.65)  # precision of a label whose threshold cannot aim higher


@dataclass(frozen=True)
class Examples:
    """Texts as a head sees them, with what is true of them; one row each.

    ``truth`` has a column per label: 1, 0, or nan where nobody said. ``weight`` is how much a row
    counts in the fit, ``typical`` how much in calibration (0: not at all): rows that were picked
    for a label are no picture of what a community writes. ``groups`` are never split;
    ``genres`` are numbers of ``GENRES``.
    """

    dense: Matrix
    words: Any
    truth: Matrix
    weight: Matrix
    typical: Matrix
    groups: NDArray[np.object_]
    genres: Genres

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, rows: NDArray[Any]) -> Examples:
        """Return some of the rows."""
        return Examples(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


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


Learner = Callable[[Examples, Recipe], Head]


@dataclass(frozen=True)
class Fitted:
    """A head, and the probabilities that it gave its examples without having seen them."""

    head: Head
    out_of_fold: Matrix


def fit_head(
    examples: Examples, recipe: Recipe, card: Mapping[str, Any], *, learn: Learner | None = None
) -> Fitted:
    """Fit, calibrate and set thresholds.

    Args:
        learn: makes a head of examples, whose scores are not calibrated yet; None: :func:`scoring`.
    Raises:
        ValueError: a label has no example for it, or none against it.
    """
    learn = learn or scoring
    scores = np.full(examples.truth.shape, np.nan, np.float32)
    for rest, held_out in _folds(examples.groups, recipe.seed):
        part = examples.take(held_out)
        scores[held_out] = learn(examples.take(rest), recipe).scores(part.dense, part.words)

    head = _calibrated(learn(examples, recipe), scores, examples)
    probabilities = head.calibrated(scores, examples.genres)

    thresholds = _limits(probabilities, examples, recipe)
    weights = replace(head.weights, thresholds=thresholds)
    return Fitted(replace(head, weights=weights, card=card), probabilities)


def _limits(probabilities: Matrix, examples: Examples, recipe: Recipe) -> Matrix:
    """Return from which probability each label is given in each genre, shape (genres, labels)."""
    limits = np.full((len(GENRES), len(recipe.labels)), NEVER, np.float32)
    for genre, k in np.ndindex(limits.shape):
        rows = _speaking_for(examples, k, genre)
        truth, weight = examples.truth[rows, k], examples.typical[rows]
        aims = (recipe.precision, *(aim for aim in LOWER_AIMS if aim < recipe.precision))
        found = (threshold(probabilities[rows, k], truth, weight, aim) for aim in aims)
        limit = next((limit for limit in found if limit < NEVER), NEVER)
        if limit == NEVER and (probabilities[rows, k] >= EVEN_ODDS).sum() < FEWEST_GIVEN:
            limit = (
                recipe.precision
            )  # too rare to be measured: its probability is taken at its word
        limits[genre, k] = max(recipe.floor, limit)
    return limits


def _speaking_for(examples: Examples, k: int, genre: int) -> NDArray[np.bool_]:
    """Return the rows that calibrate a label in a genre; all, where it has too few of its own."""
    judged = ~np.isnan(examples.truth[:, k]) & (examples.typical > 0)
    of_genre = judged & (examples.genres == genre)
    sides = [(examples.truth[of_genre, k] == side).sum() for side in (0, 1)]
    return of_genre if min(sides) >= FEWEST_TRUE else judged


def threshold(probabilities: Matrix, truth: Matrix, weight: Matrix, precision: float) -> float:
    """Return the lowest probability from which at least ``precision`` of what is given is true."""
    order = np.argsort(-probabilities, kind="stable")
    true, all_given = np.cumsum((truth * weight)[order]), np.cumsum(weight[order])
    counted = np.cumsum((weight > 0)[order])
    reached = np.flatnonzero((counted >= FEWEST_GIVEN) & (true >= precision * all_given))
    return float(probabilities[order][reached[-1]]) if len(reached) else NEVER


def _folds(
    groups: NDArray[np.object_], seed: int
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    from sklearn.model_selection import GroupKFold

    count = min(FOLDS, len(set(groups)))
    if count < 2:
        raise ValueError(f"{len(groups)} examples of {count} group: cross-validation wants two")
    splitter = GroupKFold(count, shuffle=True, random_state=seed)
    return list(splitter.split(np.zeros(len(groups)), groups=groups))


def scoring(examples: Examples, recipe: Recipe, prior: Head | None = None) -> Head:
    """Return a head whose scores are not calibrated yet, by stochastic gradient descent.

    Args:
        prior: a head with the same labels over the same features, whose scores are the starting
            point: only what differs from them is learned.
    """
    if prior:
        centre, scale = prior.weights.centre, prior.weights.scale
    else:
        centre, spread = np.nanmean(examples.dense, axis=0), np.nanstd(examples.dense, axis=0)
        scale = (np.maximum(spread, SMALLEST_SPREAD) / DENSE_WEIGHT).astype(np.float32)
    scaled = np.nan_to_num((examples.dense - centre) / scale)
    n, d = len(recipe.labels), scaled.shape[1]

    prior_scores, prior_spread = None, np.ones(n, np.float32)
    if prior:
        prior_scores = prior.scores(examples.dense, examples.words)
        prior_spread = np.maximum(prior_scores.std(axis=0), 1e-6) / PRIOR_WEIGHT
        prior_scores = prior_scores / prior_spread

    columns = [_column(scaled, examples, k, recipe, prior_scores) for k in range(n)]
    coefficients = np.stack([column for column, _ in columns], axis=1)
    dense, words = coefficients[:d], coefficients[d : d + features.BUCKETS] * WORDS_WEIGHT
    bias = np.array([intercept for _, intercept in columns], np.float32)
    if prior:  # its scores were one more feature: their share of its weights joins the new ones
        share = coefficients[-1] / prior_spread
        dense = dense + prior.weights.dense * share
        words = words + prior.weights.words * share
        bias = bias + prior.weights.bias * share

    return uncalibrated(recipe, centre=centre, scale=scale, dense=dense, words=words, bias=bias)


def uncalibrated(
    recipe: Recipe, *, centre: Matrix, scale: Matrix, dense: Matrix, words: Matrix, bias: Matrix
) -> Head:
    """Return a head that gives nothing yet: its scores are no probabilities."""
    n, n_genres = len(recipe.labels), len(GENRES)
    return Head(
        name=recipe.name,
        labels=recipe.labels,
        exclusive=recipe.exclusive,
        encoder=recipe.encoder,
        weights=Weights(
            centre=centre,
            scale=scale,
            dense=dense,
            words=words,
            bias=bias,
            calibration=np.stack([np.eye(n, dtype=np.float32)] * n_genres),
            offset=np.zeros((n_genres, n), np.float32),
            thresholds=np.full((n_genres, n), NEVER, np.float32),
        ),
        card={},
    )


def _column(
    scaled: Matrix, examples: Examples, k: int, recipe: Recipe, prior_scores: Matrix | None
) -> tuple[Matrix, float]:
    """Fit one label against all else: averaged stochastic gradient descent on the log loss.

    Where there are scores of a prior head, the label's is one more feature, the last.
    """
    from scipy.sparse import csr_matrix, hstack
    from sklearn.linear_model import SGDClassifier

    judged = ~np.isnan(examples.truth[:, k]) & (examples.weight > 0)
    truth = examples.truth[judged, k]
    if truth.min(initial=1) == truth.max(initial=0):
        raise ValueError(f"{recipe.labels[k]}: wants examples for it and against it")
    weight = examples.weight[judged].copy()
    for side in (0, 1):  # both sides weigh the same, as all examples together
        weight[truth == side] *= len(truth) / 2 / weight[truth == side].sum()

    parts = [csr_matrix(scaled[judged]), examples.words[judged] * WORDS_WEIGHT]
    parts += [] if prior_scores is None else [csr_matrix(prior_scores[judged, k : k + 1])]
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
    matrix = np.zeros((len(GENRES), n, n), np.float32)
    offset = np.zeros((len(GENRES), n), np.float32)
    calibrate = _softmax_of_all if head.exclusive else _logistic_of_each
    for genre in range(len(GENRES)):
        matrix[genre], offset[genre] = calibrate(scores, examples, genre)
    return replace(head, weights=replace(head.weights, calibration=matrix, offset=offset))


def _softmax_of_all(scores: Matrix, examples: Examples, genre: int) -> tuple[Matrix, Matrix]:
    """Calibrate all labels together, on the rows that the rarest one of a genre has."""
    truth = examples.truth[(examples.genres == genre) & (examples.typical > 0)]
    rows = _speaking_for(examples, int(np.nansum(truth, axis=0).argmin()), genre)
    best = examples.truth[rows].argmax(axis=1)
    slopes, intercepts = _logistic(scores[rows], best, examples.typical[rows])
    return slopes.T, intercepts


def _logistic_of_each(scores: Matrix, examples: Examples, genre: int) -> tuple[Matrix, Matrix]:
    """Calibrate each label alone."""
    n = scores.shape[1]
    matrix, offset = np.zeros((n, n), np.float32), np.zeros(n, np.float32)
    for k in range(n):
        rows = _speaking_for(examples, k, genre)
        truth = examples.truth[rows, k]
        slopes, intercepts = _logistic(scores[rows, k : k + 1], truth, examples.typical[rows])
        matrix[k, k], offset[k] = slopes[0, 0], intercepts[0]
    return matrix, offset


def _logistic(scores: Matrix, truth: NDArray[Any], weight: Matrix) -> tuple[Matrix, Matrix]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1.0, max_iter=1_000).fit(scores, truth, sample_weight=weight)
    return model.coef_, model.intercept_


def one_hot(labels: Sequence[str], names: Sequence[str]) -> Matrix:
    """Return the truth of labels that exclude each other, shape (len(labels), len(names))."""
    return np.array([[label == name for name in names] for label in labels], np.float32)
