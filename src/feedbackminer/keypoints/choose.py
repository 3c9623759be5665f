"""Choose few key points that together say what most members say, none twice."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedbackminer.keypoints.matching import Matcher, Wording

SAYS_SO = 0.65  # probability from which a sentence is taken to say a key point
SAME = 0.65  # and from which two key points are taken to say the same
MOST_CANDIDATES = 3_000  # the fittest of more
BLOCK = 256  # candidates that are compared at once
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Choice:
    """A chosen sentence and the sentences that say the same, by their rows."""

    row: int
    rows: Rows
    chances: NDArray[np.float32]


def choose(
    wording: Wording,
    voices: Rows,
    fitness: NDArray[np.float32],
    *,
    matcher: Matcher,
    least_voices: int,
    limit: int,
) -> list[Choice]:
    """Return key points, the one that says most first; each sentence says one at most.

    Greedy: each next point is the one that adds most voices that no point before it has, weighed by
    how fit it is as a headline (Nemhauser, Wolsey and Fisher 1978 on what that is worth).

    Args:
        voices: who says each sentence, as numbers from 0.
        fitness: of each as a headline, 0 to 1; 0: it is no candidate.
        least_voices: that a point must have.
        limit: on the number of points.
    """
    candidates = np.flatnonzero(fitness > 0)
    candidates = candidates[np.argsort(-fitness[candidates], kind="stable")][:MOST_CANDIDATES]
    if not len(candidates):
        return []
    matches = _matches(wording, candidates, matcher)
    by_voice = _by_voice(matches, voices)
    picked = list(_greedy(by_voice, fitness[candidates], least_voices, limit))
    heads = candidates[picked]
    groups = _same(wording.take(heads), matcher)
    return _apart(matches[picked], voices, heads, groups, least_voices)


def _matches(wording: Wording, candidates: Rows, matcher: Matcher) -> Any:
    """Return who says which candidate with what probability, sparse: (candidates, sentences)."""
    from scipy.sparse import csr_matrix, vstack

    blocks = []
    for start in range(0, len(candidates), BLOCK):
        rows = candidates[start : start + BLOCK]
        chances = matcher.probabilities(wording.take(rows), wording)
        chances[np.arange(len(rows)), rows] = 1.0  # it says itself
        blocks.append(csr_matrix(np.where(chances >= SAYS_SO, chances, 0)))
    return vstack(blocks).tocsr()


def _by_voice(matches: Any, voices: Rows) -> Any:
    """Return the probability with which each voice says each candidate, by its best sentence."""
    from scipy.sparse import csr_matrix

    pairs = matches.tocoo()
    order = np.lexsort((pairs.data, voices[pairs.col], pairs.row))
    row, voice, data = pairs.row[order], voices[pairs.col][order], pairs.data[order]
    is_last = np.ones(len(row), bool)  # of those of one voice on one candidate: the best
    is_last[:-1] = (np.diff(row) != 0) | (np.diff(voice) != 0)
    shape = (matches.shape[0], int(voices.max(initial=0)) + 1)
    return csr_matrix((data[is_last], (row[is_last], voice[is_last])), shape=shape)


def _greedy(
    by_voice: Any, fitness: NDArray[np.float32], least_voices: int, limit: int
) -> Iterator[int]:
    """Yield candidates by what they add; gains only shrink, so few are computed again."""
    unsaid = np.ones(by_voice.shape[1], np.float32)
    gains = (by_voice @ unsaid) * fitness
    heap = [(-gain, row) for row, gain in enumerate(gains.tolist())]
    heapq.heapify(heap)
    while heap and limit:
        _, row = heapq.heappop(heap)
        said = slice(by_voice.indptr[row], by_voice.indptr[row + 1])
        columns, chances = by_voice.indices[said], by_voice.data[said]
        added = float(chances @ unsaid[columns])
        gain = added * float(fitness[row])
        if heap and gain < -heap[0][0]:
            heapq.heappush(heap, (-gain, row))
            continue
        if len(columns) >= least_voices and added >= least_voices / 2:
            unsaid[columns] *= 1 - chances
            limit -= 1
            yield row


def _same(heads: Wording, matcher: Matcher) -> list[list[int]]:
    """Group candidates of which one says the other: the first of a group is its headline.

    Args:
        heads: the candidates, those that add most first.
    """
    chances = matcher.probabilities(heads, heads)
    alike = np.maximum(chances, chances.T) >= SAME
    groups: list[list[int]] = []
    for number in range(len(alike)):
        home = next((group for group in groups if alike[group[0], number]), None)
        if home is None:
            groups.append([number])
        else:
            home.append(number)
    return groups


def _apart(
    matches: Any, voices: Rows, heads: Rows, groups: list[list[int]], least_voices: int
) -> list[Choice]:
    """Give each sentence to the one point that it most likely says; drop what has too few left."""
    point_of = {head: number for number, group in enumerate(groups) for head in group}
    chances = matches.tocsc()
    said: dict[int, list[tuple[int, float]]] = {}
    for row in range(chances.shape[1]):
        part = slice(chances.indptr[row], chances.indptr[row + 1])
        if len(of_row := chances.data[part]):
            point = point_of[int(chances.indices[part][of_row.argmax()])]
            said.setdefault(point, []).append((row, float(of_row.max())))

    choices = [
        Choice(
            row=int(heads[groups[point][0]]),
            rows=np.array([row for row, _ in pairs]),
            chances=np.array([chance for _, chance in pairs], np.float32),
        )
        for point, pairs in said.items()
    ]
    kept = [c for c in choices if len(np.unique(voices[c.rows])) >= least_voices]
    return sorted(kept, key=lambda c: (-len(np.unique(voices[c.rows])), c.row))
