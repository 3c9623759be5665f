"""Labels of posts: -1 where a post has no topic, else 0..k-1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

Labels = NDArray[np.int64]
UNSORTED = -1
MOST = 0.5  # share of the runs that have found a topic
SAME = 0.2  # mean Jaccard overlap from which topics of different runs are one


def new_numbers(kept: Sequence[int] | Labels, count: int) -> Labels:
    """Return the new number of each label 0..count-1, and of -1 at the end.

    The ``kept`` ones are numbered in their order; the others become -1.
    """
    numbers = np.full(count + 1, UNSORTED)
    numbers[kept] = np.arange(len(kept))
    return numbers


def relabel_by_size(labels: Labels, min_size: int) -> Labels:
    """Number topics from the largest down; those below ``min_size`` become unsorted."""
    names, codes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    order = np.argsort(-sizes, kind="stable")
    large = [i for i in order if sizes[i] >= min_size and names[i] != UNSORTED]
    relabelled: Labels = new_numbers(large, len(names))[codes].astype(np.int64)
    return relabelled


def consensus(runs: Sequence[Labels]) -> Labels:
    """Return what several clusterings of the same documents have in common.

    The meta-clustering algorithm (Strehl and Ghosh 2002, JMLR 3): topics of different runs that
    share their documents are one topic, if at least half of the runs have it, and a document is
    in the one that most runs put it in; -1 is in none in any run.
    """
    from sklearn.cluster import AgglomerativeClustering

    counts = [int(run.max(initial=UNSORTED)) + 1 for run in runs]
    holds = hstack([_one_hot(run, n) for run, n in zip(runs, counts, strict=True)]).tocsr()
    if holds.shape[1] < 2:
        return max(runs, key=lambda run: int(run.max(initial=UNSORTED)))

    shared = (holds.T @ holds).toarray()
    sizes = shared.diagonal()
    apart = 1 - shared / (sizes[:, None] + sizes - shared)
    model = AgglomerativeClustering(
        None, distance_threshold=1 - SAME, metric="precomputed", linkage="average"
    )
    same = model.fit_predict(apart)

    run_of = np.repeat(np.arange(len(runs)), counts)
    seen_in = [len(np.unique(run_of[same == topic])) for topic in range(int(same.max()) + 1)]
    usual = np.flatnonzero(np.array(seen_in) >= MOST * max(seen_in))
    votes = (holds @ _one_hot(same, len(seen_in))).toarray()[:, usual]
    labels: Labels = np.where(votes.max(axis=1) > 0, votes.argmax(axis=1), UNSORTED)
    return labels


def _one_hot(labels: Labels, count: int) -> csr_matrix:
    inside = np.flatnonzero(labels != UNSORTED)
    ones = np.ones(len(inside), dtype=np.float32)
    return csr_matrix((ones, (inside, labels[inside])), shape=(len(labels), count))


def best_jaccard(labels: Labels, again: Labels, count: int) -> NDArray[np.float64]:
    """Return the Jaccard overlap of each topic 0..count-1 with the most alike of another run."""
    from scipy.sparse import coo_matrix

    again = np.unique(again, return_inverse=True)[1]
    inside = labels >= 0
    shared = coo_matrix(
        (np.ones(inside.sum()), (labels[inside], again[inside])),
        shape=(count, int(again.max(initial=-1)) + 1),
    ).toarray()
    sizes = np.bincount(again, minlength=shared.shape[1])
    union = np.bincount(labels[inside], minlength=count)[:, None] + sizes - shared
    best: NDArray[np.float64] = (shared / np.maximum(union, 1)).max(axis=1, initial=0.0)
    return best


def evenly_spaced(count: int, limit: int) -> Labels:
    """Return ``limit`` of ``count`` indices at equal distances; all where there are no more."""
    return np.linspace(0, count - 1, min(count, limit)).astype(np.int64)
