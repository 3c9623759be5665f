"""How good texts are matched to key points, by the surest half of the matches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feedbackminer.research.metrics.labels import Array

KEPT = 0.5  # of the texts, those whose match is surest


@dataclass(frozen=True)
class Matching:
    """Of texts, each with the key point that it matches best.

    Attributes:
        average_precision: as the script of the shared task computes it; 0 to 1.
        times_right: the same times the share that is right, as its description has it; 0 to 1.
    """

    average_precision: float
    times_right: float


def match_precision(sureness: Array, truth: Array, *, relaxed: bool) -> Matching:
    """Return how good matches are: the mean, over what is right, of the share right up to it.

    Friedman-Melamed et al. 2021, "Overview of the 2021 key point analysis shared task", section
    3.1: the less sure half of the texts is left out.

    Args:
        sureness: of the best match of each text.
        truth: 1 where it is a match, 0 where it is none, nan where people did not agree.
        relaxed: what they did not agree on is right; else it is wrong.
    """
    kept = np.argsort(-sureness, kind="stable")[: max(1, int(len(sureness) * KEPT))]
    right = np.nan_to_num(truth[kept], nan=float(relaxed))
    if not right.any():
        return Matching(0.0, 0.0)
    precisions = np.cumsum(right) / np.arange(1, len(right) + 1)
    average = float(precisions[right > 0].mean())
    return Matching(average, average * float(right.mean()))
