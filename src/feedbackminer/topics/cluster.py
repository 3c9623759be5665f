"""Clusterers: vectors in, one label per document out, -1 where a document fits nowhere.

They follow scikit-learn: parameters stored untouched, learned state ends in ``_``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Self

import numpy as np
from numpy.typing import NDArray

from feedbackminer.threads import in_threads
from feedbackminer.topics.labels import UNSORTED, Labels, consensus, relabel_by_size
from feedbackminer.vectors import Matrix, centroids, sums

NEIGHBOURS = 15
RESOLUTIONS, USUAL = (1.0, 2.0, 4.0, 8.0), 2.0
COARSER, FINER = 0.05, 0.005  # what other resolutions than the usual must add to its silhouette
ALIKE = 0.8  # median cosine to the common centroid from which all is one topic
AVERAGE_SIZE = 12  # documents of a topic, at least: finer ones cannot be found again
RUNS = 40  # of Leiden, of whose agreement the consensus is made
RATED = 10  # runs that a resolution is judged by: of few documents one has topics too many or few
ENOUGH = 20_000  # documents in all of them
LOOSENED = 1 / 3  # share of its weight that an edge loses between topics of the last fit


@dataclass(frozen=True)
class Graph:
    """Weighted edges between documents, each pair once."""

    one: Labels
    other: Labels
    weight: NDArray[np.float64]
    n_documents: int

    @cached_property
    def edges(self) -> list[tuple[str, str, float]]:
        """Return the edges as Leiden wants them: ends are named by strings."""
        ends = (map(str, self.one.tolist()), map(str, self.other.tolist()))
        return list(zip(*ends, self.weight.tolist(), strict=True))

    @classmethod
    def empty(cls, n_documents: int) -> Self:
        """Return a graph without edges."""
        nothing = np.zeros(0, dtype=np.int64)
        return cls(nothing, nothing, np.zeros(0), n_documents)

    def among(self, inside: NDArray[np.bool_]) -> Graph:
        """Keep the edges between some of the documents; the others stand alone."""
        kept = inside[self.one] & inside[self.other]
        return Graph(self.one[kept], self.other[kept], self.weight[kept], self.n_documents)


class GraphClusterer:
    """Leiden communities of the nearest-neighbour graph, by the consensus of several runs.

    How fine: of several resolutions the one whose topics have the best silhouette. One run of
    Leiden differs from the next; topics are what forty of them agree on. Edges between documents
    that were in different topics before (``previous``, -1: in none) weigh a third less, so that
    what could as well be cut otherwise is cut as it was.
    docs/decisions/0004-lasting-topics.md has the figures.
    """

    def __init__(
        self,
        *,
        min_size: int = 5,
        max_topics: int = 100,
        resolution: float | None = None,
        previous: Labels | None = None,
        random_state: int = 42,
    ) -> None:
        self.min_size = min_size
        self.max_topics = max_topics
        self.resolution = resolution
        self.previous = previous
        self.random_state = random_state

    def fit(self, X: Matrix, y: None = None) -> Self:  # noqa: ARG002 (scikit-learn passes y)
        """Cluster unit vectors, shape (documents, dimensions)."""
        if np.median(X @ centroids(X, np.zeros(len(X), dtype=np.int64))[0]) >= ALIKE:
            self.labels_ = np.zeros(len(X), dtype=np.int64)
            self.resolution_, self.graph_ = self.resolution or USUAL, Graph.empty(len(X))
            return self
        self.graph_ = neighbour_graph(X, NEIGHBOURS)
        self.resolution_ = self.resolution or self._best_resolution(X, self.graph_)
        self.labels_ = relabel_by_size(self._consensus(self.graph_), self.min_size)
        return self

    def again(self, inside: NDArray[np.bool_], seed: int) -> Labels:
        """Cluster some of the documents once more; the others are unsorted."""
        if not len(self.graph_.weight):  # all was one topic
            return np.where(inside, 0, UNSORTED)
        labels = leiden(self.graph_.among(inside), self.resolution_, seed, iterations=1)
        return relabel_by_size(np.where(inside, labels, UNSORTED), self.min_size)

    def _best_resolution(self, X: Matrix, graph: Graph) -> float:
        """Return the resolution of the best silhouette with no more topics than allowed.

        It is the data's, not the seed's: another seed must not change how fine topics are.
        """
        ratings = {}
        seeds = range(min(RATED, max(1, ENOUGH // len(X))))
        for resolution in RESOLUTIONS:
            runs = list(self._runs(graph, resolution, seeds))
            count = np.mean([labels.max(initial=UNSORTED) + 1 for labels in runs])
            can_be_found_again = resolution == USUAL or count <= len(X) / AVERAGE_SIZE
            if can_be_found_again and count <= self.max_topics:
                ratings[resolution] = np.mean([silhouette(X, labels) for labels in runs])
        margin = {r: (COARSER if r < USUAL else FINER) if r != USUAL else 0.0 for r in ratings}
        return max(ratings, key=lambda r: ratings[r] - margin[r], default=RESOLUTIONS[0])

    def _consensus(self, graph: Graph) -> Labels:
        seeds = np.random.default_rng(self.random_state)
        if self.previous is not None:
            one, other = self.previous[graph.one], self.previous[graph.other]
            were_apart = (one != other) & (one != UNSORTED) & (other != UNSORTED)
            graph = replace(graph, weight=graph.weight * np.where(were_apart, 1 - LOOSENED, 1.0))
        runs = self._runs(graph, self.resolution_, [_seed(seeds) for _ in range(RUNS)])
        return consensus(list(runs))

    def _runs(self, graph: Graph, resolution: float, seeds: Iterable[int]) -> Iterator[Labels]:
        find = partial(leiden, graph, resolution)
        for labels in in_threads(find, seeds, at_once=1):
            yield relabel_by_size(labels, self.min_size)


class SmallClusterer:
    """Average-linkage groups for communities too small to have a graph worth the name.

    Where no two posts are alike, all of them are one group: a digest always has something to show.
    """

    def __init__(self, *, distance: float = 0.62) -> None:
        self.distance = distance

    def fit(self, X: Matrix, y: None = None) -> Self:  # noqa: ARG002 (scikit-learn passes y)
        """Group unit vectors, shape (documents, dimensions)."""
        from sklearn.cluster import AgglomerativeClustering

        labels = np.zeros(len(X), dtype=np.int64)
        if len(X) > 1:
            model = AgglomerativeClustering(
                n_clusters=None,
                distance_threshold=self.distance,
                metric="cosine",
                linkage="average",
            )
            labels = np.asarray(model.fit_predict(X), dtype=np.int64)
        sorted_ = relabel_by_size(labels, 2)
        self.labels_ = sorted_ if (sorted_ >= 0).any() else np.zeros(len(X), dtype=np.int64)
        return self


def neighbour_graph(vectors: Matrix, neighbours: int) -> Graph:
    """Join each document with its nearest by cosine; unit rows."""
    from sklearn.neighbors import NearestNeighbors

    count = min(neighbours, len(vectors) - 1)
    search = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(vectors)
    near = search.kneighbors_graph(mode="distance")
    near.data = np.maximum(1 - near.data**2 / 2, 1e-6)  # of unit rows this is the cosine
    edges = near.maximum(near.T).tocoo()
    once = edges.row < edges.col
    return Graph(
        edges.row[once].astype(np.int64),
        edges.col[once].astype(np.int64),
        edges.data[once].astype(np.float64),
        len(vectors),
    )


def leiden(graph: Graph, resolution: float, seed: int, *, iterations: int = 2) -> Labels:
    """Return communities by modularity (Traag et al. 2019, doi:10.1038/s41598-019-41695-z).

    A document without an edge is a community of its own.
    """
    import graspologic_native

    labels = np.arange(graph.n_documents) + graph.n_documents
    if not len(graph.weight):
        return labels
    _, community_of = graspologic_native.leiden(
        graph.edges, resolution=resolution, iterations=iterations, seed=seed
    )
    labels[np.fromiter(map(int, community_of), dtype=np.int64)] = list(community_of.values())
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def silhouette(vectors: Matrix, labels: Labels) -> float:
    """Return the mean silhouette by cosine, range -1 to 1; -1 where there are not two topics.

    Rousseeuw 1987, doi:10.1016/0377-0427(87)90125-7. Of unit rows the mean distance to a topic is
    the distance to its mean, so no pair of documents need be looked at.
    """
    inside = labels != UNSORTED
    rows = vectors[inside]
    _, topic, size = np.unique(labels[inside], return_inverse=True, return_counts=True)
    if not 2 <= len(size) < len(topic):
        return -1.0
    means = sums(rows, topic, len(size)) / size[:, None]
    distances = 1 - rows @ means.T

    document, n = np.arange(len(topic)), size[topic]
    own = distances[document, topic] * n / np.maximum(n - 1, 1)  # not to itself
    distances[document, topic] = np.inf
    other = distances.min(axis=1)
    scores = np.where(n > 1, (other - own) / np.maximum(np.maximum(own, other), 1e-12), 0.0)
    return float(scores.mean())


def _seed(seeds: np.random.Generator) -> int:
    return int(seeds.integers(1 << 31))
