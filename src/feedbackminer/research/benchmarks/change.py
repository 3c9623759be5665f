"""Changes: how often one is shown where nothing changes, and how often one that was planted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from feedbackminer.errors import InputError
from feedbackminer.insight.facts import build_facts
from feedbackminer.insight.measures import Estimate
from feedbackminer.insight.period import period_of
from feedbackminer.insight.timeline import Flags, Timeline, Whole
from feedbackminer.insight.watched import EVER, IN_PERIOD, N_WHOLES, Watched
from feedbackminer.research.benchmarks.planting import Bed, beds, threads_of
from feedbackminer.research.metrics.alarms import false_alarm_rate
from feedbackminer.research.metrics.alarms import power as share_seen
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.tables import of_members

STEPS = (1.5, 2.0, 3.0)
SEED = 1


@dataclass(frozen=True)
class Alarms:
    """Of histories without any change: in what share a change, or a surge, or any was shown."""

    n: int
    change: Estimate
    surge: Estimate
    any: Estimate
    promised: float  # the share that the method page would print, on average


@dataclass(frozen=True)
class Power:
    """Of steps of one size that were planted: what share was found in the period they are in."""

    step: float
    n: int
    found: Estimate


def watch(tables: Mapping[str, pl.DataFrame], settings: InsightSettings) -> Watched:
    """Return what can change in a project.

    Raises:
        InputError: it is too small, or the period has nothing before it.
    """
    period = period_of(of_members(tables["posts"], tables["members"]), settings)
    watched = Watched.of(build_facts(tables, period.history), period)
    if IN_PERIOD not in watched.questions or not any(row.subject.keywords for row in watched.rows):
        raise InputError(
            "nothing to measure: it wants topics, 20 members, and a period with one as long before "
            "it; choose another with --period and --until"
        )
    return watched


def false_alarms(watched: Watched, n: int, alarms: float) -> Alarms:
    """Shuffle a history ``n`` times anew, and count in how many something is shown."""
    looked = list(look(watched, n, alarms))
    change, surge = (np.array([one.shown[name] for one in looked]) for name in (IN_PERIOD, EVER))
    return Alarms(
        n,
        change=false_alarm_rate(change),
        surge=false_alarm_rate(surge),
        any=false_alarm_rate(change | surge),
        promised=float(np.mean([one.promised for one in looked])),
    )


@dataclass(frozen=True)
class Looked:
    """Whether a change, and a surge, is shown in a history, and what is promised of it."""

    shown: Mapping[str, bool]
    promised: float


def look(watched: Watched, n: int, alarms: float, *, seed: int = SEED) -> Iterator[Looked]:
    """Shuffle a history ``n`` times anew, and look for changes in each as in any other."""
    rng = np.random.default_rng(seed)
    for _ in range(n):
        found = replace(watched, timeline=watched.timeline.shuffled(rng)).ask(alarms)
        shown = {
            name: name in found and bool(found[name].answer.is_shown.any())
            for name in (IN_PERIOD, EVER)
        }
        flags = [one.answer.is_alarm for one in found.values()]
        yield Looked(shown, float(np.any(flags, axis=0).mean()))


def power(watched: Watched, n: int, alarms: float, members: int) -> Iterator[Power]:
    """Plant steps in shuffled histories, and count those that are found."""
    for step, found in plant(watched, n, alarms, members):
        yield Power(step, len(found), share_seen(found))


def plant(
    watched: Watched, n: int, alarms: float, members: int, *, seed: int = SEED
) -> Iterator[tuple[float, Flags]]:
    """Plant steps in a topic that has so many members in a usual period, and look for each.

    Threads of the topic move from other times into the last period, until it has as many times its
    usual members; a topic of more members loses threads before.

    Yields:
        how many times the usual, and of each history whether that was found in it.
    """
    rng = np.random.default_rng(seed)
    topics = [
        number
        for number, row in enumerate(watched.rows, start=N_WHOLES)
        if row.subject.key == row.subject.topic_id
    ]
    edges = watched.questions[IN_PERIOD].edges

    def usual_of(timeline: Timeline, row: int) -> float:
        return float(timeline.count(edges).voices[row, :-1].mean())

    planted = list(beds(watched.timeline, topics, n, members, usual_of=usual_of, rng=rng))
    for step in STEPS:
        found = []
        for bed in planted:
            timeline = _with_step(bed, edges, step, rng)
            answer = replace(watched, timeline=timeline).ask(alarms)[IN_PERIOD].answer
            found.append(answer.is_shown[bed.row, -1])
        yield step, np.array(found, bool)


def _with_step(bed: Bed, edges: Whole, step: float, rng: np.random.Generator) -> Timeline:
    timeline, row, wanted = bed.timeline, bed.row, step * bed.usual
    start = timeline.start.copy()
    threads = rng.permutation(threads_of(timeline, row))
    for thread in threads[(start[threads] < edges[-2]) | (start[threads] >= edges[-1])]:
        planted = replace(timeline, start=start)
        if planted.count(edges).voices[row, -1] >= wanted:
            break
        start[thread] = rng.integers(edges[-2], edges[-1])
    return replace(timeline, start=start)
