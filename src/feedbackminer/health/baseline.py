"""What is usual, by median and median absolute deviation: one odd week before changes neither.

Source: Rousseeuw and Croux, "Alternatives to the median absolute deviation", 1993.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from feedbackminer.health.weeks import Numbers

ENOUGH_WEEKS = 4  # before, to say what is usual
ENOUGH_POSTS = 20  # in a week, to speak of shares
NAN = math.nan


@dataclass(frozen=True)
class Reading:
    """What a check reads off the weeks: a value, and the range that is usual; nan: none."""

    value: float = NAN
    low: float = NAN
    high: float = NAN
    detail: str = ""

    @property
    def status(self) -> str:
        """Return ``warning`` outside the range, ``unknown`` where there is none, else ``ok``."""
        if math.isnan(self.value) or math.isnan(self.low) or math.isnan(self.high):
            return "unknown"
        return "ok" if self.low <= self.value <= self.high else "warning"


def usual_range(before: Numbers, tolerance: float, noise: float) -> tuple[float, float]:
    """Return the range ``median ± tolerance · sqrt((1.4826 · MAD)² + noise²)``.

    Args:
        before: one value a week, in any unit.
        noise: standard deviation that chance alone gives the latest week, in the same unit; so a
            history without any spread is no reason to warn.
    """
    from scipy.stats import median_abs_deviation

    centre, spread = float(np.median(before)), float(median_abs_deviation(before, scale="normal"))
    reach = tolerance * math.hypot(spread, noise)
    return centre - reach, centre + reach
