"""Choose few key points that together say what most members say, none twice."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedbackminer.keypoints.matching import Chances, Matrix, Wording, compare

SAYS_SO = 0.55  # probability from which a sentence is taken to say a key point
SAME = 0.4  # and from which of two key points one is taken to say what the other says
HOLDS = 0.54  # mean probability from which the sentences of a point say each other
NEAR = 0.2  # and from which the one that fewer say is shown with the other
MOST_CANDIDATES = 3_000  # the fittest of more
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Choice:
    """A chosen candidate, and the sentences that say the same, by their rows."""

    candidate: int
    rows: Rows
    chances: NDArray[np.float32]
    near: int | None = None  # the candidate of the choice that it is shown with


def choose(
    candidates: Wording,
    of: Rows,
    fitness: Matrix,
    sentences: Wording,
    voices: Rows,
    *,
    chances: Chances,
    least_voices: int,
    limit: int,
) -> list[Choice]:
    """Return key points, the one that says most first; each sentence says one at most.

    Greedy: each next point is the one that adds most voices that no point before it has, weighed by
    how fit it is as a headline (Nemhauser, Wolsey and Fisher 1978 on what that is worth).

    Args:
        candidates: sentences, or parts of them.
        of: the row of the sentence that each candidate is, or is a part of.
        fitness: of each candidate as a headline, 0 to 1.
        voices: who says each sentence, as numbers from 0.
        chances: tells how probable it is that sentences say points.
        least_voices: that a point must have.
        limit: on the number of points.
    """
    if not len(of):
        return []
    fittest = np.argsort(-fitness, kind="stable")[:MOST_CANDIDATES]
    of, fitness = of[fittest], fitness[fittest]
    points = candidates[fittest]
    likely = compare(points, sentences, chances, of=of)
    matches = likely.multiply(likely >= SAYS_SO).tocsr()
    by_voice = _by_voice(matches, voices)
    picked = np.array([*_greedy(by_voice, fitness, least_voices, limit)], np.int64)
    groups = _apart(matches[picked], voices, picked, least_voices)
    central = np.array(
        [_central(group, matches, of, fitness, points, sentences) for group in groups], np.int64
    )
    heads = points[central]
    distinct = central[_distinct(compare(heads, heads, chances).toarray(), of[central])]
    apart = (
        _held_together(choice, of, sentences.vectors, chances)
        for choice in _apart(matches[distinct], voices, distinct, least_voices)
    )
    choices = _with_enough(apart, voices, least_voices)
    vectors = points.vectors[[choice.candidate for choice in choices]]
    near = _near(chances(vectors, vectors))
    original = [int(fittest[choice.candidate]) for choice in choices]
    return [
        replace(choice, candidate=row, near=None if root is None else original[root])
        for choice, row, root in zip(choices, original, near, strict=True)
    ]


def _central(
    group: Choice, matches: Any, of: Rows, fitness: Matrix, points: Wording, sentences: Wording
) -> int:
    """Return the candidate that says best what a point's sentences say: its own, or one of theirs.

    A point that was chosen for all it adds may say more than those who are left with it; and what
    one alone names (“on Windows XP”) is not what the others say.
    """
    able = np.append(group.candidate, np.flatnonzero(np.isin(of, group.rows)))
    sums = np.asarray(matches[able][:, group.rows].sum(axis=1)).ravel()
    words = points.words[able]
    named_by = np.asarray((sentences.words[group.rows] > 0).mean(axis=0)).ravel()
    shared = (words @ named_by) / np.maximum(np.asarray(words.sum(axis=1)).ravel(), 1e-9)
    return int(able[(sums * fitness[able] * shared**2).argmax()])


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


def _distinct(chances: NDArray[np.float32], of: Rows) -> list[int]:
    """Return the rows of points that say something which none before them says.

    Args:
        chances: that the second of two points says the first, those that add most first.
        of: the sentence that each is of: of one there is one point.
    """
    is_same = (np.maximum(chances, chances.T) >= SAME) | (of[:, None] == of)
    kept: list[int] = []
    for row, same in enumerate(is_same):
        if not same[kept].any():
            kept.append(row)
    return kept


def _near(chances: NDArray[np.float32]) -> list[int | None]:
    """Return for each point the nearest before it that is shown by itself; none: there is none.

    Args:
        chances: that the second of two points says the first, those that most say first.
    """
    near: list[int | None] = []
    for row, of_row in enumerate(np.maximum(chances, chances.T).tolist()):
        roots = (root for root in range(row) if near[root] is None and of_row[root] >= NEAR)
        near.append(max(roots, key=of_row.__getitem__, default=None))
    return near


def _apart(matches: Any, voices: Rows, heads: Rows, least_voices: int) -> list[Choice]:
    """Give each sentence to the one point that it most likely says; drop what has too few left."""
    chances = matches.tocsc()
    said: dict[int, list[tuple[int, float]]] = {}
    for row in range(chances.shape[1]):
        part = slice(chances.indptr[row], chances.indptr[row + 1])
        if len(of_row := chances.data[part]):
            point = int(chances.indices[part][of_row.argmax()])
            said.setdefault(point, []).append((row, float(of_row.max())))

    choices = [
        Choice(
            candidate=int(heads[point]),
            rows=np.array([row for row, _ in pairs]),
            chances=np.array([chance for _, chance in pairs], np.float32),
        )
        for point, pairs in said.items()
    ]
    return _with_enough(choices, voices, least_voices)


def _with_enough(choices: Iterable[Choice], voices: Rows, least_voices: int) -> list[Choice]:
    """Return the points that enough members say, the one that most say first."""
    kept = [c for c in choices if len(np.unique(voices[c.rows])) >= least_voices]
    return sorted(kept, key=lambda c: (-len(np.unique(voices[c.rows])), c.candidate))


def _held_together(choice: Choice, of: Rows, vectors: Matrix, chances: Chances) -> Choice:
    """Leave out, one by one, the sentence that least says the others, until they say each other.

    Each says the head for itself; where they are far from each other, some only touch it.
    """
    of_pairs = chances(vectors[choice.rows], vectors[choice.rows])
    np.fill_diagonal(of_pairs, 0)
    is_head = choice.rows == of[choice.candidate]
    kept = np.arange(len(choice.rows))
    while len(kept) > 1:
        means = of_pairs[np.ix_(kept, kept)].sum(axis=1) / (len(kept) - 1)
        if means.mean() >= HOLDS:
            break
        kept = np.delete(kept, np.where(is_head[kept], 1, means).argmin())
    return replace(choice, rows=choice.rows[kept], chances=choice.chances[kept])
