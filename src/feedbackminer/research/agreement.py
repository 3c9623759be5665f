"""How far the heads agree with what a community's own people said of posts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from feedbackminer.curation import heads
from feedbackminer.engine.run import Run
from feedbackminer.research.metrics.intervals import Array, bootstrap
from feedbackminer.tagging.head_tagger import find
from feedbackminer.tagging.heads import Head
from feedbackminer.vocabulary.tags import ANSWERS


@dataclass(frozen=True)
class Agreement:
    """One label of one head; ``precision`` and ``recall`` are [value, low, high], 95 %."""

    head: str
    label: str
    n_true: int  # posts of which people said it
    n_given: int  # posts that the head gives it to, among those that people judged
    precision: list[float | None]
    recall: list[float | None]


def agreements(run: Run, *, seed: int = 0) -> Iterator[Agreement]:
    """Hold the project's heads against what people said, label by label.

    A head that was fitted to the project has seen these labels, and looks better than it is.

    Yields:
        nothing where nobody has said anything of a post.
    """
    for name in ANSWERS:
        head = Head.load(find(name, run.project.heads))
        rows = heads.examples_of(run, name, head)
        rows = rows.take(np.flatnonzero(rows.weight == heads.BY_HUMAN))
        if not len(rows):
            continue
        chances = head.probabilities(rows.dense, rows.words, rows.genres)
        given = head.decide(chances, rows.genres)
        for k, label in enumerate(head.labels):
            is_judged = ~np.isnan(rows.truth[:, k])
            is_true = rows.truth[is_judged, k] == 1
            yield _agreement(name, label, is_true, given[is_judged, k], seed)


def _agreement(head: str, label: str, true: Array, given: Array, seed: int) -> Agreement:
    both, n = true & given, len(true)
    return Agreement(
        head=head,
        label=label,
        n_true=int(true.sum()),
        n_given=int(given.sum()),
        precision=bootstrap(lambda rows: _share(both[rows], given[rows]), n, seed),
        recall=bootstrap(lambda rows: _share(both[rows], true[rows]), n, seed),
    )


def _share(part: Array, whole: Array) -> float:
    return float(part.sum() / whole.sum()) if whole.any() else float("nan")
