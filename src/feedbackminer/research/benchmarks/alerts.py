"""Alerts: in how many months without any change one is raised, and how soon a rise is seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl

from feedbackminer.errors import InputError
from feedbackminer.insight.alerts import (
    DAY,
    MONTH,
    Levels,
    Watch,
    last_moment,
    recent_facts,
)
from feedbackminer.insight.facts import Facts, Subject
from feedbackminer.insight.measures import Estimate
from feedbackminer.insight.timeline import Timeline, Whole, edges_of, moves_as_one
from feedbackminer.insight.watched import N_WHOLES
from feedbackminer.research.benchmarks.planting import Bed, beds, threads_of
from feedbackminer.research.metrics.alarms import false_alarm_rate
from feedbackminer.research.metrics.alarms import power as share_seen
from feedbackminer.settings.sections import AlertSettings
from feedbackminer.vocabulary.alerts import REAL, RISING
from feedbackminer.vocabulary.moments import as_utc, midnight

SEED = 1  # other histories than those that levels are made of
STEPS = (2.0, 3.0)
LASTS = 3  # windows that a planted rise lasts


@dataclass(frozen=True)
class Raised:
    """Of months without any change: in what share something stood out, and something real."""

    n: int
    any: Estimate
    real: Estimate
    promised: float  # the share that the method page would print


@dataclass(frozen=True)
class Power:
    """Of rises of one size that were planted: what share was seen, and after how many days."""

    step: float
    n: int
    seen: Estimate
    days: float | None  # the median of those that were seen


def watch(
    tables: Mapping[str, pl.DataFrame], settings: AlertSettings, at: datetime | None
) -> tuple[Watch, Levels]:
    """Return what is watched in a project up to a moment, and its levels.

    Args:
        at: none: the end of the posts.
    Raises:
        InputError: it is too small, or too short.
    """
    end = as_utc(at) if at else last_moment(tables["posts"], datetime.now(UTC))
    watched = Watch.of(recent_facts(tables, end, settings.days), settings)
    if not watched.is_enough:
        raise InputError("nothing to measure: it wants 20 members and eleven weeks before the end")
    return watched, watched.calibrate()


def false_alarms(
    watch: Watch, levels: Levels, n: int, settings: AlertSettings, looks: int = 1
) -> Raised:
    """Shuffle a history ``n`` times anew, and count those in which a month of checks raises any."""
    raised = list(look(watch, levels, n, settings, looks))
    any_, real = (false_alarm_rate(np.array(flags, bool)) for flags in zip(*raised, strict=True))
    return Raised(n, any_, real, levels.false_alarms(settings.false_alarms))


def look(
    watch: Watch,
    levels: Levels,
    n: int,
    settings: AlertSettings,
    looks: int = 1,
    *,
    seed: int = SEED,
) -> Iterator[tuple[bool, bool]]:
    """Shuffle a history ``n`` times anew, and check each through a month.

    One calibration serves them all: histories drawn from one set of moments are exchangeable, so
    each would be held against the same ones, save for the draw.

    Args:
        looks: checks a day, at equal distances.
    Yields:
        whether something stood out, and whether it was real.
    """
    rng = np.random.default_rng(seed)
    for _ in range(n):
        history = replace(watch, timeline=watch.timeline.shuffled(rng))
        moments = [
            at for at in _moments(watch, looks) if _stands_out(history, at, levels, settings)
        ]
        moved = Watch.of(_moved(watch, history.timeline.start), settings) if moments else watch
        yield (
            bool(moments),
            any(
                one.cause == REAL
                for at in moments
                for one in moved.standing_out(at, levels, settings.false_alarms)
            ),
        )


def power(
    watch: Watch, levels: Levels, n: int, settings: AlertSettings, members: int
) -> Iterator[Power]:
    """Plant rises in shuffled histories, and count those that are seen, and after how long."""
    for step, days in plant(watch, levels, n, settings, members):
        delays = [day for day in days if day]
        median = float(np.median(delays)) if delays else None
        yield Power(step, len(days), share_seen(np.array(days, bool)), median)


def plant(
    watch: Watch,
    levels: Levels,
    n: int,
    settings: AlertSettings,
    members: int,
    *,
    seed: int = SEED,
) -> Iterator[tuple[float, list[int]]]:
    """Plant rises in a row that has so many members in a usual window, and check each day.

    Threads of it move from other times into the last windows, until each has as many times the
    usual members. A row of more members loses threads before.

    Yields:
        how many times the usual, and of each history the day on which that was seen; 0: on none.
    Raises:
        InputError: no row has so many members.
    """
    rng = np.random.default_rng(seed)
    end = midnight(watch.facts.period.until or datetime.max)
    rows = [number for number, rule in enumerate(watch.rules, start=N_WHOLES) if rule == RISING]
    year = edges_of(watch.edges(end))

    def usual_of(timeline: Timeline, row: int) -> float:
        return float(timeline.count(year).voices[row].mean())

    planted = list(beds(watch.timeline, rows, n, members, usual_of=usual_of, rng=rng))
    if not planted:
        raise InputError(f"nothing has {members} members in a usual window; want fewer members")
    begin = end - LASTS * watch.days * DAY
    edges = edges_of([begin + k * watch.days * DAY for k in range(LASTS + 1)])
    for step in STEPS:
        yield (
            step,
            [
                _seen_on(replace(watch, timeline=timeline), bed.row, begin, levels, settings)
                for bed in planted
                for timeline in [_with_rise(bed, edges, step, rng)]
            ],
        )


def _seen_on(
    risen: Watch, row: int, begin: datetime, levels: Levels, settings: AlertSettings
) -> int:
    """Return the first day after ``begin`` on which a row stands out; 0 if none."""
    days = range(1, LASTS * risen.days + 1)
    judged = ((day, risen.judged(begin + day * DAY, levels, settings.false_alarms)) for day in days)
    return next((day for day, answer in judged if answer.is_shown[row, -1]), 0)


def _moments(watch: Watch, looks: int) -> list[datetime]:
    end = midnight(watch.facts.period.until or datetime.max)
    return [end - k * DAY / looks for k in range(MONTH * looks)]


def _stands_out(history: Watch, at: datetime, levels: Levels, settings: AlertSettings) -> bool:
    return bool(history.judged(at, levels, settings.false_alarms).is_shown[:, -1].any())


def _moved(watch: Watch, start: Whole) -> Facts:
    """Return the facts of a history whose threads began at other moments."""
    facts, column = watch.facts, moves_as_one(watch.wholes[0])
    known = facts.posts.drop_nulls(["thread_id", "voice", "created_at"])
    names = known[column].unique().sort()
    shift = pl.Series(start - watch.timeline.start).cast(pl.Duration("us"))
    shifts = pl.DataFrame({column: names, "shift": shift})

    def moved(frame: pl.DataFrame, moment: str = "created_at") -> pl.DataFrame:
        there = frame.join(shifts, on=column, how="left", maintain_order="left")
        later = pl.col(moment) + pl.col("shift").fill_null(timedelta(0))
        return there.with_columns(later.alias(moment)).drop("shift")

    def of(subjects: tuple[Subject, ...]) -> tuple[Subject, ...]:
        return tuple(replace(one, posts=moved(one.posts)) for one in subjects)

    threads = moved(facts.threads, "opened_at") if column == "thread_id" else facts.threads
    return replace(
        facts,
        posts=moved(facts.posts),
        topics=of(facts.topics),
        points=of(facts.points),
        threads=threads,
    )


def _with_rise(bed: Bed, edges: Whole, step: float, rng: np.random.Generator) -> Timeline:
    """Move threads of a row into windows, until each has so many times its usual members."""
    timeline, row, wanted = bed.timeline, bed.row, step * bed.usual
    start = timeline.start.copy()
    threads = rng.permutation(threads_of(timeline, row))
    spare = iter(threads[(start[threads] < edges[0]) | (start[threads] >= edges[-1])])
    for place, (first, last) in enumerate(pairwise(edges)):
        while replace(timeline, start=start).count(edges).voices[row, place] < wanted:
            thread = next(spare, None)
            if thread is None:
                break
            start[thread] = rng.integers(first, last)
    return replace(timeline, start=start)
