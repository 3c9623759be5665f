"""What benchmarks plant in: shuffled histories with a row of so many members as is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from feedbackminer.insight.timeline import Timeline, Whole

ALIKE = 0.25  # how near a row must be to the members in a usual window that are wanted
ATTEMPTS = 50  # for each history that is wanted


@dataclass(frozen=True)
class Bed:
    """A history without any change, and a row of it to plant something in.

    Attributes:
        usual: members of the row in a usual window.
    """

    timeline: Timeline
    row: int
    usual: float


def beds(
    timeline: Timeline,
    rows: Sequence[int],
    n: int,
    members: int,
    *,
    usual_of: Callable[[Timeline, int], float],
    rng: np.random.Generator,
) -> Iterator[Bed]:
    """Yield up to ``n`` shuffled histories, each with a row that is as large as wanted.

    Rows take turns; one of more members loses threads.

    Args:
        members: in a usual window.
        usual_of: tells how many a row has.
    """
    for attempt in range(ATTEMPTS * n):
        history, row = timeline.shuffled(rng), rows[attempt % len(rows)]
        usual = usual_of(history, row)
        if usual > members:
            threads = rng.permutation(threads_of(history, row))
            history = history.without(row, threads[int(len(threads) * members / usual) :])
            usual = usual_of(history, row)
        if abs(usual - members) <= ALIKE * members:
            yield Bed(history, row, usual)
            n -= 1
        if not n:
            return


def threads_of(timeline: Timeline, row: int) -> Whole:
    """Return the threads of a row."""
    return np.unique(timeline.entries.thread[timeline.entries.row == row])
