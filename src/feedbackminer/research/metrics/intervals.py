"""Figures with bootstrap intervals: a label that was given, and what of it is true."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedbackminer.research.metrics.labels import average_precision, calibration_error

Array = NDArray[Any]
DRAWS = 500


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
    given = chances >= threshold

    def precision(rows: Array) -> float:
        return _share(truth[rows], weight[rows] * given[rows])

    def recall(rows: Array) -> float:
        return _share(given[rows], weight[rows] * truth[rows])

    def ranking(rows: Array) -> float:
        return average_precision(truth[rows], chances[rows])

    statistics = {"precision": precision, "recall": recall, "average_precision": ranking}
    return {
        "positives": int(truth.sum()),
        **{name: bootstrap(of, len(truth), seed) for name, of in statistics.items()},
        "calibration_error": round(calibration_error(chances, truth, weight), 4),
    }


def bootstrap(statistic: Callable[[Array], float], n: int, seed: int) -> list[float | None]:
    """Return a statistic of rows with its 95 % percentile interval; null where undefined.

    Percentiles, and not the bias-corrected intervals of ``scipy.stats.bootstrap``: the cards of
    the shipped heads were published with these, and new figures must compare with them.

    Args:
        statistic: of row numbers, shape (n,); nan where it is undefined for them.
    Returns:
        [value, low, high]; value and limits have the unit of the statistic.
    """
    generator = np.random.default_rng(seed)
    drawn = [statistic(generator.integers(0, n, n)) for _ in range(DRAWS)] if n else []
    defined = [value for value in drawn if not np.isnan(value)]
    value = statistic(np.arange(n)) if n else float("nan")
    if np.isnan(value) or not defined:
        return [None, None, None]

    low, high = np.percentile(defined, [2.5, 97.5])
    return [round(float(x), 4) for x in (value, low, high)]


def precision(is_true: Array) -> list[float | None]:
    """Return the share of what was given that is true: [value, low, high, of how many]."""
    interval = bootstrap(lambda rows: float(is_true[rows].mean()), len(is_true), 0)
    return [*interval, len(is_true)]


def _share(holds: Array, weight: Array) -> float:
    total = weight.sum()
    return float((holds * weight).sum() / total) if total else float("nan")
