"""How good labels and their probabilities are against what people say."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
BINS = 10
STEPS = 20  # of a curve of abstention


def macro_f1(gold: Array, given: Array) -> float:
    """Return the mean over labels of F1 = 2·TP / (2·TP + FP + FN); 0 to 1.

    Labels are those of ``gold`` or ``given``; van Rijsbergen 1979, Information Retrieval, ch. 7.
    """
    from sklearn.metrics import f1_score

    return float(f1_score(gold, given, average="macro", zero_division=0)) if len(gold) else np.nan


def macro_recall(gold: Array, given: Array) -> float:
    """Return the mean over labels of ``gold`` of TP / (TP + FN); 0 to 1.

    SemEval's measure of sentiment (Rosenthal et al. 2017, S17-2088, section 3).
    """
    from sklearn.metrics import recall_score

    labels = np.unique(gold)
    if not len(gold):
        return np.nan
    return float(recall_score(gold, given, labels=labels, average="macro", zero_division=0))


def accuracy(gold: Array, given: Array) -> float:
    """Return the share of rows whose label is that of ``gold``; 0 to 1."""
    return float(np.mean(gold == given)) if len(gold) else np.nan


def average_precision(truth: Array, chances: Array) -> float:
    """Return Σ (recall_n − recall_n−1) · precision_n over falling chances; share true to 1.

    Args:
        truth: 0 or 1; nan is returned where nothing is true.
    """
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(truth, chances)) if truth.any() else np.nan


def calibration_error(chances: Array, truth: Array, weight: Array | None = None) -> float:
    """Return the expected calibration error: how far probabilities are from shares, on average.

    Formula: Σ over ten bins of (weight in bin / all) · |mean probability − share true|; 0 to 1.
    Source: Guo et al. 2017, On Calibration of Modern Neural Networks.
    """
    weight = np.ones(len(chances)) if weight is None else weight
    bins = np.minimum((chances * BINS).astype(int), BINS - 1)
    error = 0.0
    for number in range(BINS):
        in_bin = bins == number
        if mass := weight[in_bin].sum():
            mean = np.average(chances[in_bin], weights=weight[in_bin])
            share = np.average(truth[in_bin], weights=weight[in_bin])
            error += mass / weight.sum() * abs(mean - share)
    return float(error)


def brier(gold: Array, chances: Array) -> float:
    """Return the mean over rows of Σ over labels of (chance − true)²; 0 (best) to 2.

    Args:
        gold: number of each row's label; ``chances``: shape (rows, labels), rows sum to 1.
    Source: Brier 1950, Monthly Weather Review 78, equation 2.
    """
    if not len(gold):
        return np.nan
    truth = np.zeros_like(chances, dtype=np.float64)
    truth[np.arange(len(gold)), gold] = 1
    return float(((chances - truth) ** 2).sum(axis=1).mean())


def precision_at(truth: Array, chances: Array, threshold: float) -> float:
    """Return the share that is true of what has a chance of ``threshold`` or more; 0 to 1."""
    given = chances >= threshold
    return float(truth[given].mean()) if given.any() else np.nan


def abstention(is_right: Array, certainty: Array) -> tuple[Array, Array]:
    """Return, for growing shares of the rows that are answered, the share of these that is right.

    Rows are answered from the most certain on (El-Yaniv and Wiener 2010, JMLR 11).

    Returns:
        shares answered, ``STEPS`` of them from 1/STEPS to 1, and shares right; both 0 to 1.
    """
    shares = np.arange(1, STEPS + 1) / STEPS
    if not len(is_right):
        return shares, np.full(STEPS, np.nan)
    ordered = is_right[np.argsort(-certainty, kind="stable")]
    right = np.cumsum(ordered) / np.arange(1, len(ordered) + 1)
    return shares, right[np.ceil(shares * len(ordered)).astype(int) - 1]


def right_when_half_answer(is_right: Array, certainty: Array) -> float:
    """Return the share that is right of the more certain half; 0 to 1."""
    return float(abstention(is_right, certainty)[1][STEPS // 2 - 1])


def quantification_error(gold: Array, given: Array) -> float:
    """Return the mean over labels of |share given − share true|; 0 to 1.

    Absolute error of prevalences (Sebastiani 2020, Information Retrieval Journal 23, equation 9).
    """
    if not len(gold):
        return np.nan
    labels = np.union1d(gold, given)
    return float(np.mean([abs(np.mean(gold == one) - np.mean(given == one)) for one in labels]))


def link_f1(gold: Array, given: Array) -> float:
    """Return F1 of links, such as who answers whom; 0 to 1, nan where there is none at all.

    Kummerfeld et al. 2019, P19-1374, section 4.2.

    Args:
        gold, given: what each row is linked to, a number; below 0: to nothing.
    """
    total = int((gold >= 0).sum() + (given >= 0).sum())
    return 2 * _n_right_links(gold, given) / total if total else np.nan


def link_precision(gold: Array, given: Array) -> float:
    """Return the share that is right of the links that are given; 0 to 1, nan of none."""
    return _n_right_links(gold, given) / n if (n := int((given >= 0).sum())) else np.nan


def link_recall(gold: Array, given: Array) -> float:
    """Return the share of the true links that are given; 0 to 1, nan of none."""
    return _n_right_links(gold, given) / n if (n := int((gold >= 0).sum())) else np.nan


def _n_right_links(gold: Array, given: Array) -> int:
    return int(((gold == given) & (gold >= 0)).sum())
