"""Measures: published examples, ranges and symmetries."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.insight.measures import (
    CALIBRATION_SPREAD,
    Estimate,
    compare_clustered,
    difference,
    effective_voices,
    expected_share,
    false_discovery,
    gini,
    poisson_tail,
    share,
)

COUNTS = st.integers(0, 60)


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        (8, 20, 0.2188, 0.6134),
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I
        (15, 148, 0.0624, 0.1605),  # "
        (0, 20, 0.0, 0.1611),  # "
        (1, 29, 0.0061, 0.1718),  # "
        (20, 20, 0.8389, 1.0),
    ],
)
def test_a_share_has_wilsons_interval(part: int, whole: int, low: float, high: float) -> None:
    result = share(part, whole)
    assert result.value == part / whole
    assert (result.low, result.high) == pytest.approx((low, high), abs=1e-4)


def test_more_confidence_widens_the_interval() -> None:
    wide, narrow = share(8, 20, confidence=0.99), share(8, 20, confidence=0.8)
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high


def test_a_share_of_nothing_is_undefined_not_zero() -> None:
    assert math.isnan(share(0, 0).value)


@given(COUNTS, COUNTS)
def test_a_share_lies_in_its_interval_and_that_between_zero_and_one(one: int, other: int) -> None:
    result = share(one, one + other + 1)
    assert 0 <= result.low <= result.value <= result.high <= 1


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),  # Newcombe 1998, table II, method 10
        ((9, 10), (3, 10), 0.1705, 0.8090),  # "
        ((10, 10), (0, 10), 0.6075, 1.0),  # "
    ],
)
def test_a_difference_has_newcombes_interval(
    one: tuple[int, int], other: tuple[int, int], low: float, high: float
) -> None:
    result = difference(*one, *other)
    assert (result.low, result.high) == pytest.approx((low, high), abs=1e-4)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_a_difference_turned_round_is_its_opposite(a: int, b: int, c: int, d: int) -> None:
    there, back = difference(a, a + b + 1, c, c + d + 1), difference(c, c + d + 1, a, a + b + 1)
    assert there.value == pytest.approx(-back.value)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


def test_a_difference_to_nothing_is_undefined() -> None:
    assert math.isnan(difference(1, 2, 0, 0).value)


# ── how unlike counts are ────────────────────────────────────────────────────────────────────

POSTS_EACH = st.lists(st.integers(1, 500), min_size=2, max_size=50)


@pytest.mark.parametrize(
    ("counts", "value"), [([4, 4, 4], 0.0), ([0, 0, 9], 1.0), ([1, 3], 0.5), ([1, 2, 3], 1 / 3)]
)
def test_counts_are_alike_or_one_has_everything(counts: list[int], value: float) -> None:
    assert gini(counts) == pytest.approx(value)


@given(POSTS_EACH, st.integers(2, 9))
def test_how_unlike_counts_are_does_not_depend_on_their_size_or_order(
    counts: list[int], times: int
) -> None:
    assert 0 <= gini(counts) <= 1
    assert gini([times * n for n in reversed(counts)]) == pytest.approx(gini(counts))


def test_of_one_member_or_of_no_post_it_is_undefined() -> None:
    assert math.isnan(gini([7]))
    assert math.isnan(gini([0, 0]))


# ── expected shares ──────────────────────────────────────────────────────────────────────────

CHANCES = st.lists(st.floats(0, 1), min_size=1, max_size=200)


def expected(chances: list[float], spread: float = CALIBRATION_SPREAD) -> Estimate:
    return expected_share(math.fsum(chances), len(chances), spread=spread)


@given(CHANCES, st.floats(0, 2))
def test_an_expected_share_lies_in_its_interval_and_that_between_zero_and_one(
    chances: list[float], spread: float
) -> None:
    result = expected(chances, spread)
    assert 0 <= result.low <= result.value <= result.high <= 1


@given(COUNTS, COUNTS)
def test_certain_chances_without_spread_have_wilsons_interval(ones: int, zeros: int) -> None:
    whole = ones + zeros + 1
    certain = expected([1.0] * ones + [0.0] * (zeros + 1), spread=0)
    counted = share(ones, whole)
    assert (certain.value, certain.low, certain.high) == pytest.approx(
        (counted.value, counted.low, counted.high)
    )


@given(COUNTS, COUNTS)
def test_spread_widens_the_interval_and_moves_nothing(ones: int, zeros: int) -> None:
    whole = ones + zeros + 1
    counted, spread = share(ones, whole), expected([1.0] * ones + [0.0] * (zeros + 1))
    assert spread.value == counted.value
    assert spread.low <= counted.low + 1e-9
    assert spread.high >= counted.high - 1e-9


@given(st.floats(0.01, 0.99), st.integers(1, 500), st.integers(2, 9))
def test_more_members_of_the_same_chance_narrow_the_interval(
    chance: float, few: int, times: int
) -> None:
    narrow, wide = (expected_share(chance * n, n) for n in (few * times, few))
    assert wide.low < narrow.low
    assert narrow.high < wide.high


def test_no_number_of_members_makes_up_for_what_calibration_is_off() -> None:
    result = expected_share(5e8, 10**9)
    odds = math.exp(1.96 * CALIBRATION_SPREAD)
    assert (result.low, result.high) == pytest.approx((1 / (1 + odds), odds / (1 + odds)), abs=1e-3)


@pytest.mark.parametrize("chance", [0.05, 0.3, 0.6])
def test_the_interval_is_what_drawing_members_and_their_truth_gives(chance: float) -> None:
    rng = np.random.default_rng(1)
    chances = rng.beta(chance * 2, (1 - chance) * 2, size=200)
    result = expected(list(chances), spread=0)
    drawn = rng.choice(chances, size=(10_000, 200))
    shares = (rng.random(drawn.shape) < drawn).mean(axis=1)
    low, high = np.quantile(shares, [0.025, 0.975])
    assert (result.low, result.high) == pytest.approx((low, high), abs=0.015)


def test_an_expected_share_of_nothing_is_undefined_not_zero() -> None:
    assert math.isnan(expected_share(0, 0).value)


def test_more_confidence_widens_the_interval_of_an_expected_share() -> None:
    wide, narrow = (expected_share(8.5, 20, confidence=c) for c in (0.99, 0.8))
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high


# ── voices, rates, chance ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("counts", "want"),
    [([5], 1), ([1, 1, 1, 1], 4), ([7, 7], 2), ([3, 1], 1.6), ([10, 1, 1], 144 / 102)],
)
def test_effective_voices_are_the_inverse_of_the_concentration(
    counts: list[int], want: float
) -> None:
    assert effective_voices(counts) == pytest.approx(want)


@given(st.lists(st.integers(1, 1_000), min_size=1, max_size=50))
def test_effective_voices_lie_between_one_and_all(counts: list[int]) -> None:
    assert 1 - 1e-9 <= effective_voices(counts) <= len(counts) + 1e-9


def test_nobody_has_no_effective_voices() -> None:
    assert math.isnan(effective_voices([]))


def cases(*per_cluster: tuple[int, int, int, int]) -> list[np.ndarray]:
    """Return now, of so many, before, of so many, as arrays with a number for each cluster."""
    return [np.array(column, np.int64) for column in zip(*per_cluster, strict=True)]


def test_a_doubled_share_is_a_ratio_of_two() -> None:
    compared = compare_clustered(*cases(*[(2, 10, 1, 10)] * 50))
    assert compared.ratio.value == pytest.approx(2)
    assert compared.ratio.low < 2 < compared.ratio.high
    assert compared.p < 0.001


def test_clusters_that_hold_all_of_it_are_less_sure_than_many_that_hold_a_little() -> None:
    spread = compare_clustered(*cases(*[(1, 4, 0, 4)] * 20, *[(0, 4, 1, 8)] * 10))
    clumped = compare_clustered(*cases(*[(4, 4, 0, 4)] * 5, *[(0, 4, 0, 4)] * 15,
                                       *[(0, 4, 1, 8)] * 10))  # fmt: skip
    assert spread.ratio.value == pytest.approx(clumped.ratio.value)
    assert spread.p < clumped.p
    assert spread.ratio.low > clumped.ratio.low


def test_fewer_than_before_is_no_hurdle() -> None:
    assert compare_clustered(*cases(*[(1, 10, 3, 10)] * 20)).p > 0.5


def test_what_was_never_there_has_no_finite_ratio_but_a_lower_limit() -> None:
    compared = compare_clustered(*cases(*[(4, 10, 0, 10)] * 20))
    assert compared.ratio.value == math.inf
    assert 1 < compared.ratio.low < compared.ratio.high < math.inf


@pytest.mark.parametrize("counts", [(0, 9, 0, 9), (1, 0, 1, 9), (1, 9, 1, 0)])
def test_what_cannot_be_compared_is_no_change(counts: tuple[int, int, int, int]) -> None:
    compared = compare_clustered(*cases(counts))
    assert math.isnan(compared.ratio.value)
    assert compared.p == 1


def test_nothing_is_surer_than_independent_cases_would_be() -> None:
    one = compare_clustered(*cases((5, 10, 1, 10)))
    alike = compare_clustered(*cases(*[(2, 4, 2, 4)] * 2))
    assert one.p > 0.01
    assert alike.ratio.low < 1 < alike.ratio.high


def test_the_tail_is_of_so_many_or_more() -> None:
    assert poisson_tail(0, 3) == 1
    assert poisson_tail(1, 3) == pytest.approx(1 - math.exp(-3))


def test_false_discovery_is_benjamini_and_hochbergs() -> None:
    p_values = [0.01, 0.04, 0.03, 0.005]
    assert false_discovery(p_values) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert false_discovery([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_a_corrected_value_is_never_smaller_and_keeps_the_order(p_values: list[float]) -> None:
    q_values = false_discovery(p_values)
    assert all(q >= p - 1e-12 for p, q in zip(p_values, q_values, strict=True))
    by_p = [q for _, q in sorted(zip(p_values, q_values, strict=True))]
    assert by_p == sorted(by_p)
