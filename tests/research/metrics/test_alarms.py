"""Alarms that are false, and changes that are seen: shares with their intervals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from feedbackminer.research.metrics.alarms import false_alarm_rate, power


@pytest.mark.parametrize("rate", [false_alarm_rate, power])
def test_a_rate_has_the_interval_of_wilson(rate: object) -> None:
    flags = np.arange(200) < 9
    estimate = rate(flags)  # type: ignore[operator]
    interval = binomtest(9, 200).proportion_ci(method="wilson")
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx(
        (0.045, interval.low, interval.high)
    )
    assert np.isnan(rate(flags[:0]).value)  # type: ignore[operator]
