"""Formulas: each with its range, unit and source. What is undefined is nan, never 0."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.int64]
NAN = math.nan
# Standard deviation, between communities, of the log-odds by which calibrated chances are off.
CALIBRATION_SPREAD = 0.4


@dataclass(frozen=True)
class Estimate:
    """A value with the limits of its confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """A ratio of shares with its interval, and the p-value of "no more than before"."""

    ratio: Estimate
    p: float


def share(part: int, whole: int, *, confidence: float = 0.95) -> Estimate:
    """Share of ``whole`` with Wilson's score interval; range 0 to 1.

    Wilson (1927), doi:10.1080/01621459.1927.10502953.
    """
    from scipy.stats import binomtest

    if whole == 0:
        return Estimate(NAN, NAN, NAN)
    # Held against itself: the interval alone is wanted, and any other p-value takes far longer.
    test = binomtest(part, whole, part / whole)
    interval = test.proportion_ci(confidence, method="wilson")
    return Estimate(part / whole, interval.low, interval.high)


def expected_share(
    part: float,
    whole: int,
    *,
    spread: float = CALIBRATION_SPREAD,
    confidence: float = 0.95,
) -> Estimate:
    """Share of ``whole`` where ``part``, a sum of chances, is the expected count; range 0 to 1.

    Who the members are is drawn, and of each whether it is so: that is binomial with the mean
    chance. Wilson's interval is symmetric in log-odds (Newcombe 1998,
    doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E), with half-width
    2 asinh(z / (2 sqrt(n p (1 - p)))); what calibration is off, an error of the log-odds too, adds
    in quadrature. Where the mean chance is 0 or 1, Wilson's interval stands.

    Args:
        part: the expected number of members, 0 to ``whole``.
        spread: standard deviation of the error of calibration, in log-odds.
    """
    from scipy.special import expit, logit
    from scipy.stats import norm

    if whole == 0:
        return Estimate(NAN, NAN, NAN)
    mean = part / whole
    if not 0 < mean < 1:
        return share(round(mean) * whole, whole, confidence=confidence)

    z = float(norm.ppf((1 + confidence) / 2))
    sampling = 2 * math.asinh(z / (2 * math.sqrt(whole * mean * (1 - mean))))
    half_width = math.hypot(sampling, z * spread)
    low, high = (float(expit(logit(mean) + side * half_width)) for side in (-1, 1))
    return Estimate(mean, low, high)


def effective_voices(posts_per_member: Iterable[int]) -> float:
    """How many equally loud members would be as concentrated: 1 / sum of squared shares.

    Range 1 to the number of members; nan without posts. The inverse of the
    Herfindahl-Hirschman index; Laakso and Taagepera (1979), doi:10.1177/001041407901200101.
    """
    counts = list(posts_per_member)
    total = sum(counts)
    return total**2 / sum(n * n for n in counts) if total else NAN


def gini(counts: Iterable[int]) -> float:
    """Return how unlike counts are: 0 where all are alike, towards 1 where one has everything.

    Range 0 to 1; nan without posts. The mean difference of two members by twice the mean, drawn
    without replacement; Gini (1912), as in Deltas (2003), doi:10.1162/rest.2003.85.1.226.
    """
    ordered = np.sort(np.fromiter(counts, dtype=np.float64))
    n, total = len(ordered), ordered.sum()
    if n < 2 or not total:
        return NAN
    ranks = np.arange(1, n + 1)
    return float(((2 * ranks - n - 1) * ordered).sum() / ((n - 1) * total))


def difference(
    part: int, whole: int, other_part: int, other_whole: int, *, confidence: float = 0.95
) -> Estimate:
    """Return the first share less the second, with Newcombe's hybrid score interval.

    Range -1 to 1; nan where one is of nothing. Newcombe (1998), method 10,
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.
    """
    one = share(part, whole, confidence=confidence)
    other = share(other_part, other_whole, confidence=confidence)
    value = one.value - other.value
    return Estimate(
        value,
        value - math.hypot(one.value - one.low, other.high - other.value),
        value + math.hypot(one.high - one.value, other.value - other.low),
    )


def compare_clustered(
    now: Whole, now_of: Whole, before: Whole, before_of: Whole, *, confidence: float = 0.95
) -> Comparison:
    """Compare two shares whose cases come in clusters: arrays with a number for each cluster.

    The logarithm of the ratio of ``sum(now) / sum(now_of)`` to ``sum(before) / sum(before_of)`` is
    linearised, and its variance is that of the clusters' parts in it (Woodruff 1971,
    doi:10.1080/01621459.1971.10482278), no less than it is where all cases are independent. Half a
    case stands for none before, so that a ratio to nothing, which is inf, has an interval.

    Returns:
        the ratio, and the one-sided p-value of "no more than before".
    """
    from scipy.stats import norm, t

    n_now, n_before = float(now.sum()), float(before.sum()) or 0.5
    all_now, all_before = float(now_of.sum()), float(before_of.sum())
    if not n_now or not all_now or not all_before:
        return Comparison(Estimate(NAN, NAN, NAN), 1.0)
    share_now, share_before = n_now / all_now, n_before / all_before
    parts = (now - share_now * now_of) / n_now - (before - share_before * before_of) / n_before
    n = len(parts)
    independent = (1 - share_now) / n_now + (1 - share_before) / n_before
    error = math.sqrt(max(float((parts**2).sum()) * n / max(n - 1, 1), independent))
    log_ratio = math.log(share_now / share_before)
    z = float(norm.ppf((1 + confidence) / 2))
    low, high = (math.exp(log_ratio + side * z * error) for side in (-1, 1))
    value = share_now / share_before if before.sum() else math.inf
    # No surer than the few clusters that hold the cases of now let it be.
    n_clusters = max(int((now > 0).sum()), 2)
    p = float(t.sf(log_ratio / error, n_clusters - 1)) if error else 1.0
    return Comparison(Estimate(value, low, high), p)


def poisson_tail(count: int, mean: float) -> float:
    """Return the chance of ``count`` or more where ``mean`` are expected."""
    from scipy.stats import poisson

    return float(poisson.sf(count - 1, mean))


def false_discovery(p_values: Sequence[float]) -> list[float]:
    """Return q-values by Benjamini and Hochberg (1995), in the order given."""
    from scipy.stats import false_discovery_control

    return [float(q) for q in false_discovery_control(p_values)] if p_values else []
