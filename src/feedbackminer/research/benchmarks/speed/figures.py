"""What the turns of contenders amount to: medians, how good topics are, how seconds grow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from statistics import median

import numpy as np

from feedbackminer.research.benchmarks.speed.contenders import CONTENDERS, NONE, OURS
from feedbackminer.research.benchmarks.speed.machine import Machine


@dataclass(frozen=True)
class Turn:
    """What one run of one contender took, and made of the posts.

    ``no_topic`` is the share of posts that have none. NMI and ARI are over all posts; those without
    a topic count as one topic.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: float
    nmi: float
    ari: float
    no_topic: float
    n_topics: float
    stages: Mapping[str, float]


@dataclass(frozen=True)
class Spread:
    """The median over turns, the least and the most."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True)
class Figure:
    """One contender over so many posts; ``times_ours`` are ratios of medians."""

    contender: str
    title: str
    posts: int
    turns: int
    seconds: Spread
    cpu_seconds: Spread
    peak_bytes: Spread
    nmi: Spread
    ari: Spread
    no_topic: Spread
    n_topics: Spread
    stages: Mapping[str, float]
    posts_a_second: float
    times_ours: float | None  # None: ours has no figure
    cpu_times_ours: float | None


@dataclass(frozen=True)
class Growth:
    """By which power of the posts seconds grow, fitted by least squares on logarithms."""

    contender: str
    title: str
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Absence:
    """A contender that has no figures from so many posts on, and why."""

    contender: str
    title: str
    posts: int
    why: str


@dataclass(frozen=True)
class Report:
    """What was measured, on what."""

    machine: Machine
    posts: Sequence[str]  # a line for each number of posts: what they are
    figures: Sequence[Figure] = ()
    growth: Sequence[Growth] = ()
    absent: Sequence[Absence] = ()


def quality_of(topics: Sequence[int], labels: Sequence[str]) -> dict[str, float]:
    """Hold topics against what people say; see :class:`Turn`."""
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    return {
        "nmi": float(normalized_mutual_info_score(labels, topics)),
        "ari": float(adjusted_rand_score(labels, topics)),
        "no_topic": topics.count(NONE) / len(topics),
        "n_topics": len(set(topics) - {NONE}),
    }


def summarise(turns: Mapping[tuple[str, int], Sequence[Turn]]) -> Iterator[Figure]:
    """Yield a figure for each contender and number of posts, in the order that they were run."""
    for (name, n_posts), of_one in turns.items():
        ours = turns.get((OURS, n_posts), ())
        spreads = {
            name: Spread.of([getattr(turn, name) for turn in of_one])
            for name in (column.name for column in fields(Turn))
            if name != "stages"
        }
        stages = {s: median(turn.stages[s] for turn in of_one) for s in of_one[0].stages}
        yield Figure(
            contender=name,
            title=CONTENDERS[name].title,
            posts=n_posts,
            turns=len(of_one),
            stages=stages,
            posts_a_second=n_posts / spreads["seconds"].median,
            times_ours=_ratio("seconds", of_one, ours),
            cpu_times_ours=_ratio("cpu_seconds", of_one, ours),
            **spreads,
        )


def growth_of(figures: Sequence[Figure]) -> Iterator[Growth]:
    """Yield how each contender grows, of those that were run over two numbers of posts or more."""
    of_each: dict[str, list[Figure]] = defaultdict(list)
    for figure in figures:
        of_each[figure.contender].append(figure)
    for name, rows in of_each.items():
        if len(rows) > 1:
            n_posts = [row.posts for row in rows]
            yield Growth(
                contender=name,
                title=rows[0].title,
                seconds=slope(n_posts, [row.seconds.median for row in rows]),
                cpu_seconds=slope(n_posts, [row.cpu_seconds.median for row in rows]),
            )


def slope(n_posts: Sequence[int], seconds: Sequence[float]) -> float:
    """Return the exponent: 1 where twice the posts take twice as long."""
    return float(np.polyfit(np.log(n_posts), np.log(seconds), 1)[0])


def _ratio(name: str, turns: Sequence[Turn], ours: Sequence[Turn]) -> float | None:
    if not ours:
        return None
    of_one, of_ours = (median(float(getattr(t, name)) for t in ts) for ts in (turns, ours))
    return of_one / of_ours
