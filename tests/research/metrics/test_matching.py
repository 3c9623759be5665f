"""Matching of key points: its surest half, with what people did not agree on right or wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.research.metrics.matching import match_precision

UNDECIDED = np.nan
TRUTH = st.sampled_from([0.0, 1.0, UNDECIDED])


def test_the_example_of_the_description_is_computed_by_hand() -> None:
    sureness = np.array([0.9, 0.8, 0.7, 0.6, 0.1, 0.1, 0.1, 0.1])
    truth = np.array([1, 0, UNDECIDED, 1, 1, 1, 1, 1])  # the last four are the less sure half
    strict = match_precision(sureness, truth, relaxed=False)
    assert strict.average_precision == pytest.approx((1 / 1 + 2 / 4) / 2)
    assert strict.times_right == pytest.approx((1 / 1 + 2 / 4) / 2 * 2 / 4)
    relaxed = match_precision(sureness, truth, relaxed=True)
    assert relaxed.average_precision == pytest.approx((1 / 1 + 2 / 3 + 3 / 4) / 3)


@given(st.lists(st.tuples(st.floats(0, 1), TRUTH), min_size=1, max_size=30))
def test_relaxed_is_no_less_than_strict_and_both_are_shares(
    matches: list[tuple[float, float]],
) -> None:
    sureness, truth = np.array(matches).T
    strict, relaxed = (match_precision(sureness, truth, relaxed=is_it) for is_it in (False, True))
    assert 0 <= strict.times_right <= relaxed.times_right + 1e-12 <= 1 + 1e-9
    assert strict.times_right <= strict.average_precision + 1e-12


def test_all_right_is_one_and_none_right_is_nothing() -> None:
    sureness = np.linspace(1, 0, 6)
    assert match_precision(sureness, np.ones(6), relaxed=False).times_right == 1
    assert match_precision(sureness, np.zeros(6), relaxed=True).average_precision == 0
