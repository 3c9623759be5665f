"""Changes, alerts, outcomes: what is shown where nothing is, and where it was planted.

Rows of the first two are histories of a mined project: threads exchange the moments at which they
began. Those of outcomes are topics of it, each with a day on which nothing was done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from feedbackminer.errors import InputError
from feedbackminer.insight.stage import READS
from feedbackminer.insight.watched import IN_PERIOD
from feedbackminer.research.benchmarks import alerts, change, outcomes
from feedbackminer.research.experiments.data import Item, Items, items_of, read_tables
from feedbackminer.research.experiments.measures import NO_LABEL, QUIET, SHOWN, Outcome
from feedbackminer.research.experiments.spec import Spec
from feedbackminer.research.experiments.task import Task

STEPS = {"changes": change.STEPS, "alerts": alerts.STEPS}
HALVED = "halved"


def read_histories(spec: Spec, folder: Path) -> Items:
    """Return a row for each history that is looked at.

    Raises:
        InputError: there is no such project.
    """
    tables, versions = read_tables(folder / spec.data.project, READS)
    return items_of(_rows(spec.histories, STEPS[spec.stage]), tables, versions)


def _rows(n: int, steps: Sequence[float]) -> Iterator[Item]:
    for number in range(1, n + 1):
        yield f"{number}", f"History {number}, in which nothing changes", QUIET, None
    for step in steps:
        for number in range(1, n + 1):
            told = f"History {number}, in which {step:g} times as many as usual speak of something"
            yield f"{number} times {step:g}", told, f"{step:g} times", None


def read_days(spec: Spec, folder: Path) -> Items:
    """Return a row for each day that is asked about, as it was and with a halving after it.

    Raises:
        InputError: there is no such project.
    """
    tables, versions = read_tables(folder / spec.data.project, READS)
    numbers = range(1, spec.histories + 1)
    quiet = ((f"{n}", f"Day {n}, on which nothing was done", QUIET, None) for n in numbers)
    halved = (
        (f"{n} {HALVED}", f"Day {n}, after which half as many members speak of it", HALVED, None)
        for n in numbers
    )
    return items_of((*quiet, *halved), tables, versions)


def our_changes(task: Task) -> Outcome:
    """Look for changes in the period that the settings name."""
    settings = task.settings.insight
    watched = change.watch(task.tables, settings)
    of = settings.false_alarms, task.members
    looked = change.look(watched, task.n_histories, of[0], seed=change.SEED + task.seed)
    planted = change.plant(watched, task.n_histories, *of, seed=change.SEED + task.seed)
    return _outcome(task, (one.shown[IN_PERIOD] for one in looked), planted)


def our_alerts(task: Task) -> Outcome:
    """Check for alerts once a day through the last month."""
    settings, n = task.settings.alerts, task.n_histories
    watch, levels = alerts.watch(task.tables, settings, None)
    seed = alerts.SEED + task.seed
    raised = alerts.look(watch, levels, n, settings, seed=seed)
    planted = alerts.plant(watch, levels, n, settings, task.members, seed=seed)
    return _outcome(task, (anything for anything, _ in raised), planted)


def our_outcomes(task: Task) -> Outcome:
    """Tell what became of days on which nothing was done, and of halvings after them."""
    n = task.n_histories
    pairs = outcomes.draw(task.tables, task.settings.insight, n, seed=outcomes.SEED + task.seed)
    if len(pairs) < n:
        raise InputError(
            f"{len(pairs)} topics and days can be asked about, of {n} `histories`; want fewer"
        )
    shown = [*(pair.is_false for pair in pairs), *(pair.halved.is_fall for pair in pairs)]
    return task.labels(SHOWN if is_it else NO_LABEL for is_it in shown)


def _outcome(
    task: Task, quiet: Iterable[bool], planted: Iterable[tuple[float, Iterable[Any]]]
) -> Outcome:
    shown = [*quiet]
    for _, seen in planted:
        shown += map(bool, seen)
    if len(shown) < len(task.gold):
        raise InputError(
            f"too little has {task.members} members in a usual window to plant in "
            f"{task.n_histories} histories; want other `members`, or fewer `histories`"
        )
    return task.labels(SHOWN if is_it else NO_LABEL for is_it in shown)
