"""The checks: each holds the latest week against those before it, from the data alone.

A check returns a value and the range that is usual; outside of it is a warning. Where too few
weeks or posts are there to say what is usual it returns nan, which is never a warning.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import pairwise
from types import MappingProxyType

import numpy as np
import polars as pl

from feedbackminer.health.baseline import ENOUGH_POSTS, ENOUGH_WEEKS, Reading, usual_range
from feedbackminer.health.weeks import Numbers, Recent
from feedbackminer.vocabulary.tags import CHECKS as NAMES

LEAST_SHIFT = 0.05  # of a share or a mix: less is no reason to stop anything
FORECAST_WEEKS = 4  # whose median foretells the next
LONGEST_SILENCE = 2.0  # times the longest before
SHORTEST_SILENCE = 0.5  # days
DAY = timedelta(days=1)
LEAST_NOISE = 0.15  # of how far weeks usually lie apart

Check = Callable[[Recent, float], Reading]


def posts_per_day(recent: Recent, tolerance: float) -> Reading:
    """Hold the posts of the latest week against a forecast: the median of the four before it.

    Usual is by what such forecasts were missed in earlier weeks, on the scale of log(1 + posts),
    and the noise of a count, 1/sqrt(1 + posts) on that scale, so that a small community is not
    alarmed by chance.

    Range: 0 and more. Unit: posts a day. Source: a naive forecast and its errors, Hyndman and
    Athanasopoulos, "Forecasting: Principles and Practice", 3rd ed., 2021, chapter 5.
    """
    counts = recent.count(recent.posts)
    logs = np.log1p(counts)
    n_past = recent.n_weeks - FORECAST_WEEKS
    if n_past < ENOUGH_WEEKS:
        return _young(recent, ENOUGH_WEEKS + FORECAST_WEEKS)

    # Of each week, the latest first: the four before it.
    earlier = (logs[week + 1 : week + 1 + FORECAST_WEEKS] for week in range(n_past + 1))
    forecast, *past = (float(np.median(weeks)) for weeks in earlier)
    missed = logs[1 : n_past + 1] - np.array(past)
    low, high = usual_range(missed, tolerance, math.exp(-forecast / 2))

    per_week = counts[0], math.expm1(forecast + low), math.expm1(forecast + high)
    value, low, high = (number / 7 for number in per_week)
    low = max(low, 0.0)
    detail = f"{value:.1f} posts a day, where {low:.1f} to {high:.1f} are usual"
    return Reading(value, low, high, detail)


def dropped_share(recent: Recent, tolerance: float) -> Reading:
    """Share of posts that cleaning set aside: of bots, without words, in other languages.

    Formula and range of what is usual: as :func:`_share`. Rows that are refused before they are
    posts have no date; they are in the account of their collect.
    """
    return _share(recent, "is_dropped", tolerance, "of posts were dropped in cleaning")


def unsorted_share(recent: Recent, tolerance: float) -> Reading:
    """Share of texts that belong to no topic; as :func:`_share`."""
    return _share(recent, "is_unsorted", tolerance, "of texts belong to no topic")


def unsure_share(recent: Recent, tolerance: float) -> Reading:
    """Share of texts of which a sentiment, kind or severity is unsure; as :func:`_share`."""
    return _share(recent, "is_unsure", tolerance, "of texts have a tag that is unsure")


def language_mix(recent: Recent, tolerance: float) -> Reading:
    """Distance of the languages of the latest week from those of the weeks before.

    Formula: total variation, half the sum of |p - q| over languages: the share of posts that
    would have to be in another language to make the mixes equal. Usual is up to what weeks before
    differed by from the others, and by chance: the sum of sqrt(p (1 - p) / n) / 2.

    Range: 0 to 1. Unit: share. Posts too short to tell their language do not count. Source: Levin
    and Peres, "Markov Chains and Mixing Times", 2nd ed., 2017, section 4.1.
    """
    posts = recent.posts.drop_nulls("language")
    weeks = recent.count(posts)
    if too_little := _too_little(recent, weeks):
        return too_little

    languages = posts["language"].unique().sort().to_list()
    counts = np.stack([recent.count(posts.filter(language=name)) for name in languages])
    enough = np.flatnonzero(weeks >= ENOUGH_POSTS)[1:]
    before = counts[:, 1:].sum(axis=1)
    mix, usual_mix = counts[:, 0] / weeks[0], before / before.sum()
    apart = [_distance(counts[:, week], before - counts[:, week]) for week in enough]
    noise = float(np.sqrt(usual_mix * (1 - usual_mix) / weeks[0]).sum() / 2)
    high = usual_range(np.array(apart), tolerance, noise)[1]
    value = _distance(counts[:, 0], before)

    most = np.argsort(-np.abs(mix - usual_mix))[:2]
    shares = (f"{languages[i]} {mix[i]:.0%} (before {usual_mix[i]:.0%})" for i in most)
    return Reading(value, 0.0, min(max(high, LEAST_SHIFT), 1.0), ", ".join(shares))


def embedding_drift(recent: Recent, tolerance: float) -> Reading:
    """How far what the latest week is about lies from the weeks before.

    Formula: the distance of the mean vectors times sqrt(n m / (n + m)), which takes the number of
    posts out of it, over the median that weeks before have against all others before.

    Range: 0 and more; 1 is usual. Unit: the distance of a usual week. Source: the statistic of
    Szekely and Rizzo, "Energy statistics", 2013, with squared distances.
    """
    weeks = recent.count_weeks(recent.vector_weeks)
    if too_little := _too_little(recent, weeks):
        return too_little

    from scipy.sparse import csr_array

    n = len(recent.vectors)
    is_in_week = csr_array((np.ones(n), (recent.vector_weeks, np.arange(n))), (len(weeks), n))
    sums = is_in_week @ recent.vectors
    n_before, before = weeks[1:].sum(), sums[1:].sum(axis=0)
    enough = np.flatnonzero(weeks >= ENOUGH_POSTS)[1:]
    apart = np.array(
        [_apart(sums[w], weeks[w], before - sums[w], n_before - weeks[w]) for w in enough]
    )

    unit = float(np.median(apart))
    if not unit:
        return Reading(detail="the weeks before do not differ at all")
    value = _apart(sums[0], weeks[0], before, n_before) / unit
    high = usual_range(apart / unit, tolerance, LEAST_NOISE)[1]
    return Reading(
        value, 0.0, high, f"{value:.1f} times as far from the weeks before as a usual week"
    )


def silent_source(recent: Recent, _tolerance: float) -> Reading:
    """How much longer the most silent source is silent than it ever was in the weeks before.

    Formula: time since its last post / the longest time between two of its posts, half a day at
    least. Usual is up to 2. Only sources that posted in four of the weeks before, and 20 times.

    Range: 0 and more. Unit: longest silences. Source: ours; a gap of a Poisson process is twice as
    long as the longest of n others with a chance of about 1 in n squared.
    """
    by_source = recent.posts.filter(_is_read(recent)).group_by("source")
    silences = [_silence(rows, recent) for _, rows in by_source]
    longest_first = sorted((one for one in silences if one), reverse=True)
    if not longest_first:
        return Reading(detail="no source posts often enough to say when it is silent")
    sentences = [
        f"{source} is silent for {days:.1f} days, before for {longest:.1f} at most"
        for ratio, source, days, longest in longest_first
        if ratio > LONGEST_SILENCE
    ]
    detail = "; ".join(sentences) or "every source posts"
    return Reading(longest_first[0][0], 0.0, LONGEST_SILENCE, detail)


def _is_read(recent: Recent) -> pl.Expr:
    return pl.col("source").is_in(recent.sources) if recent.sources else pl.lit(True)


def _silence(rows: pl.DataFrame, recent: Recent) -> tuple[float, str, float, float] | None:
    """Return how silent a source is, its name, and its silence now and at most (days)."""
    before = rows.filter(pl.col("week") > 0)["week"]
    if recent.end is None or before.n_unique() < ENOUGH_WEEKS or len(before) < ENOUGH_POSTS:
        return None
    moments = [*rows["created_at"].sort(), recent.end]
    *gaps, now = ((after - before) / DAY for before, after in pairwise(moments))
    longest = max(*gaps, SHORTEST_SILENCE)
    return now / longest, str(rows["source"][0]), now, longest


# Each name that settings know is the function of that name, in the order of the names.
CHECKS: Mapping[str, Check] = MappingProxyType({name: globals()[name] for name in NAMES})


def _share(recent: Recent, column: str, tolerance: float, what: str) -> Reading:
    """Hold a share of the latest week against the shares of the weeks before.

    Formula: posts where it holds / posts where it is asked. Usual is the median of the weeks
    before, by their spread and the noise of a binomial share, sqrt(p (1 - p) / n), but not by
    less than 5 points. Range: 0 to 1. Unit: share of posts.
    """
    posts = recent.posts.drop_nulls(column)
    weeks = recent.count(posts)
    if too_little := _too_little(recent, weeks):
        return too_little

    hits = recent.count(posts.filter(pl.col(column)))
    enough = np.flatnonzero(weeks >= ENOUGH_POSTS)[1:]
    pooled = (hits[1:].sum() + 1) / (weeks[1:].sum() + 2)
    noise = math.sqrt(pooled * (1 - pooled) / weeks[0])
    shares = hits[enough] / weeks[enough]

    low, high = usual_range(shares, tolerance, noise)
    median = float(np.median(shares))
    low, high = max(min(low, median - LEAST_SHIFT), 0.0), min(max(high, median + LEAST_SHIFT), 1.0)
    value = hits[0] / weeks[0]
    return Reading(value, low, high, f"{value:.0%} {what}, where {low:.0%} to {high:.0%} are usual")


def _too_little(recent: Recent, weeks: Numbers) -> Reading | None:
    """Return why nothing can be said, where that is so."""
    if weeks[0] < ENOUGH_POSTS:
        return Reading(
            detail=f"{weeks[0]:.0f} posts in the latest week; {ENOUGH_POSTS} can be judged"
        )
    if (n := int((weeks[1:] >= ENOUGH_POSTS).sum())) < ENOUGH_WEEKS:
        return _young(recent, ENOUGH_WEEKS, n)
    return None


def _young(recent: Recent, wanted: int, n: int | None = None) -> Reading:
    n = recent.n_weeks if n is None else n
    return Reading(detail=f"{n} weeks before to compare with; {wanted} are enough")


def _distance(one: Numbers, other: Numbers) -> float:
    return float(np.abs(one / one.sum() - other / other.sum()).sum() / 2)


def _apart(one: Numbers, n: float, other: Numbers, m: float) -> float:
    return float(np.linalg.norm(one / n - other / m)) * math.sqrt(n * m / (n + m))
