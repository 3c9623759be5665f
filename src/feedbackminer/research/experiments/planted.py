"""Changes and alerts: what is shown of histories without any, and of those that it is planted in.

Its rows are histories of a mined project: threads exchange the moments at which they began.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from feedbackminer.errors import InputError
from feedbackminer.insight.stage import READS
from feedbackminer.insight.watched import IN_PERIOD
from feedbackminer.research.benchmarks import alerts, change
from feedbackminer.research.experiments.data import Item, Items, items_of, read_tables
from feedbackminer.research.experiments.measures import NO_LABEL, QUIET, SHOWN, Outcome
from feedbackminer.research.experiments.spec import Spec
from feedbackminer.research.experiments.task import Task

STEPS = {"changes": change.STEPS, "alerts": alerts.STEPS}


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
