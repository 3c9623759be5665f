"""Ratings: stars from 1 to 5, on whatever scale they were given; never the bare number."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.collect import ratings
from feedbackminer.collect.ratings import Scale


@pytest.mark.parametrize(
    ("value", "want"),
    [
        ("5", 5), (1, 1), ("4.5", 4.5), ("3,5", 3.5), (0, None), (6, None), ("five", None),
        ("3/5", 3), ("2.0 out of 5 stars", 2), ("4 von 5", 4), ("4 sur 5", 4), ("7/10", 3.8),
        ("★★★☆☆", 3), ("★★½", 2.5), ("⭐⭐⭐⭐", 4), ("☆☆☆☆☆", None),
        ("3 stars", 3), ("1 star", 1), ("4 Sterne", 4), ("60%", 3.4), ("100 %", 5), ("0%", 1),
        (True, None), (None, None), ("", None), ("n/a", None), ("3/4/2024", None), (-2, None),
        ("120%", None), ("6/5", None),
    ],
)  # fmt: skip
def test_a_rating_is_one_to_five_stars_or_none(value: Any, want: float | None) -> None:
    assert ratings.stars(value) == want


@pytest.mark.parametrize(
    ("amounts", "best"),
    [
        ([1, 4, 5], 5), ([0, 5], 5), ([1, 9], 10), ([0, 88], 100), ([3, 700], 0), ([-1, 3], 0),
        ([5] * 99 + [55], 5),  # one slip of the keyboard
        ([], 5),
    ],
)  # fmt: skip
def test_a_column_shows_its_scale(amounts: list[float], best: float) -> None:
    scale = Scale()
    for amount in amounts:
        scale.add(amount)
    assert scale.best == best


@given(st.floats(0, 10), st.floats(0, 10))
def test_scaling_keeps_the_order_and_the_bounds(one: float, other: float) -> None:
    low, high = sorted((one, other))
    fewer, more = ratings.stars(low, 10), ratings.stars(high, 10)
    assert fewer is not None
    assert more is not None
    assert 1 <= fewer <= more <= 5


@given(st.text() | st.floats() | st.integers())
def test_any_value_is_stars_or_none(value: Any) -> None:
    stars = ratings.stars(value)
    assert stars is None or 1 <= stars <= 5
