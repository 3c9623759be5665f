"""How good probabilities and decisions are, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
DRAWS = 500
BINS = 10


def judge(
    chances: Array, truth: Array, weight: Array, threshold: float, seed: int
) -> dict[str, Any]:
    """Judge one label: precision and recall at its threshold, ranking, calibration.

    Args:
        chances: probabilities; ``truth``: 0 or 1; ``weight``: how much each row counts.
    Returns:
        ``positives``, and as [value, low, high] ``precision``, ``recall`` and
        ``average_precision``; ``calibration_error`` as in :func:`calibration_error`.
    """
    from sklearn.metrics import average_precision_score

    given = chances >= threshold

    def precision(rows: Array) -> float:
        return _share(truth[rows], weight[rows] * given[rows])

    def recall(rows: Array) -> float:
        return _share(given[rows], weight[rows] * truth[rows])

    def ranking(rows: Array) -> float:
        if not truth[rows].any():
            return float("nan")
        return float(average_precision_score(truth[rows], chances[rows]))

    named = {"precision": precision, "recall": recall, "average_precision": ranking}
    return {
        "positives": int(truth.sum()),
        **{name: bootstrap(of, len(truth), seed) for name, of in named.items()},
        "calibration_error": round(calibration_error(chances, truth, weight), 4),
    }


def bootstrap(of: Callable[[Array], float], n: int, seed: int) -> list[float | None]:
    """Return a statistic of rows with its 95 % percentile interval; null where undefined."""
    drawing = np.random.default_rng(seed)
    drawn = [of(drawing.integers(0, n, n)) for _ in range(DRAWS)] if n else []
    known = [value for value in drawn if value == value]
    value = of(np.arange(n)) if n else float("nan")
    if value != value or not known:
        return [None, None, None]
    low, high = np.percentile(known, [2.5, 97.5])
    return [round(float(x), 4) for x in (value, low, high)]


def precision(true: Array) -> list[float | None]:
    """Return the share of what was given that is true, with its interval, and of how many."""
    return [*bootstrap(lambda rows: float(true[rows].mean()), len(true), 0), len(true)]


def calibration_error(chances: Array, truth: Array, weight: Array) -> float:
    """Return the expected calibration error: how far probabilities are from shares, on average.

    Formula: Σ over ten bins of (weight in bin / all) · |mean probability − share true|; 0 to 1.
    Source: Guo et al. 2017, On Calibration of Modern Neural Networks.
    """
    bins = np.minimum((chances * BINS).astype(int), BINS - 1)
    error = 0.0
    for place in range(BINS):
        here = bins == place
        if mass := weight[here].sum():
            gap = np.average(chances[here], weights=weight[here]) - np.average(
                truth[here], weights=weight[here]
            )
            error += mass / weight.sum() * abs(gap)
    return float(error)


def _share(holds: Array, weight: Array) -> float:
    total = weight.sum()
    return float((holds * weight).sum() / total) if total else float("nan")
