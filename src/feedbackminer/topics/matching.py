"""A topic keeps its id when it is found again: by the posts it holds, and by its meaning."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from feedbackminer.topics.labels import UNSORTED, Labels
from feedbackminer.vectors import Matrix

SAME_POSTS = 1 / 3  # Jaccard overlap from which two topics are the same
SAME_MEANING = 0.92  # cosine from which they are, where they share too few posts to tell
MOSTLY = 0.5  # share of a topic's posts that makes it a part of another


@dataclass(frozen=True)
class LineageEvent:
    """One row of ``lineage`` to be."""

    event: str
    from_id: str
    to_id: str
    why: str


@dataclass(frozen=True)
class PreviousLabels:
    """Topics of the last run: ids, meanings, and which of them each post was in (or -1)."""

    ids: Sequence[str]
    meanings: Matrix
    labels: Labels


def match(labels: Labels, meanings: Matrix, previous: PreviousLabels) -> list[str | None]:
    """Return for each topic 0..k-1 the id of the earlier one that it continues, or None.

    Optimal one-to-one assignment (Kuhn 1955) on shared posts plus cosine of meaning.
    """
    if not len(meanings) or not len(previous.ids):
        return [None] * len(meanings)
    overlap = _jaccard(labels, previous.labels, len(meanings), len(previous.ids))
    alike: NDArray[np.floating[Any]] = np.zeros(overlap.shape)
    if previous.meanings.shape[1] == meanings.shape[1]:  # else another encoder made them
        alike = meanings @ previous.meanings.T
    ids: list[str | None] = [None] * len(meanings)
    for new, old in zip(*linear_sum_assignment(-(overlap + alike)), strict=True):
        if overlap[new, old] >= SAME_POSTS or alike[new, old] >= SAME_MEANING:
            ids[new] = previous.ids[old]
    return ids


def lineage_events(
    labels: Labels, ids: Sequence[str], previous: PreviousLabels
) -> list[LineageEvent]:
    """Return what became of topics: which were born, split off, merged away and retired."""
    shared = _shared(labels, previous.labels, len(ids), len(previous.ids))
    events = []
    for new, topic_id in enumerate(ids):
        if topic_id in previous.ids:
            continue
        came_from, share = _most(shared[new])
        if share >= MOSTLY:
            why = f"{share:.0%} of its posts were there"
            events.append(LineageEvent("split", previous.ids[came_from], topic_id, why))
        else:
            events.append(LineageEvent("birth", "", topic_id, "no earlier topic has its posts"))

    for old, topic_id in enumerate(previous.ids):
        if topic_id in ids:
            continue
        went_to, share = _most(shared[:, old])
        if share >= MOSTLY:
            why = f"{share:.0%} of its posts went there"
            events.append(LineageEvent("merge", topic_id, ids[went_to], why))
        else:
            why = "no topic has its posts now"
            events.append(LineageEvent("retirement", topic_id, "", why))
    return events


def new_ids(count: int, used: Iterable[str], prefix: str = "t") -> list[str]:
    """Return ids never used before: t001, t002, …"""
    numbers = [int(m[1]) for i in used if (m := re.fullmatch(rf"{prefix}(\d+)", i))]
    first = max(numbers, default=0) + 1
    return [f"{prefix}{number:03d}" for number in range(first, first + count)]


def _shared(new: Labels, old: Labels, n_new: int, n_old: int) -> NDArray[np.float64]:
    counts = np.zeros((n_new, n_old))
    both = (new != UNSORTED) & (old != UNSORTED)
    np.add.at(counts, (new[both], old[both]), 1)
    return counts


def _jaccard(new: Labels, old: Labels, n_new: int, n_old: int) -> NDArray[np.float64]:
    """Compare over the posts that there were already: new ones make no topic another."""
    shared = _shared(new, old, n_new, n_old)
    had_topic = old != UNSORTED
    n_of_new = np.bincount(new[had_topic & (new != UNSORTED)], minlength=n_new)
    n_of_old = np.bincount(old[had_topic], minlength=n_old)
    union = n_of_new[:, None] + n_of_old - shared
    overlap: NDArray[np.float64] = shared / np.maximum(union, 1)
    return overlap


def _most(counts: NDArray[np.float64]) -> tuple[int, float]:
    total = counts.sum()
    return (int(counts.argmax()), float(counts.max() / total)) if total else (0, 0.0)
