"""Clusterers for BERTopic: vectors in, one label per post out, -1 for unsorted.

They follow scikit-learn: parameters stored untouched, learned state ends in ``_``.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
Labels = NDArray[np.int64]
UNSORTED = -1


class DensityClusterer:
    """EVoC's density clusters of conversations, then the nearest centre for every post.

    A thread is about something even where its replies alone are not ("that fixed it"), so threads
    are clustered, each by the mean of its posts. EVoC gives clusterings from fine to coarse; the
    finest with at most ``max_topics`` is taken (if none is, the coarsest, its nearest topics
    joined). Then each post joins the topic with the nearest
    centre, if it is no farther from it than the topic's own outermost posts (``accept_quantile``).
    docs/decisions/0003-topics.md has the figures.
    """

    def __init__(
        self,
        *,
        groups: NDArray[np.int64] | None = None,
        min_groups: int = 0,
        max_topics: int = 60,
        accept_quantile: float = 0.05,
        random_state: int = 42,
    ) -> None:
        self.groups = groups
        self.min_groups = min_groups
        self.max_topics = max_topics
        self.accept_quantile = accept_quantile
        self.random_state = random_state

    def fit(self, X: Matrix, y: None = None) -> Self:  # noqa: ARG002 (BERTopic passes y)
        """Cluster unit vectors, shape (posts, dimensions)."""
        if np.allclose(X, X[:1], atol=1e-3):  # all the same: density would split them by rounding
            self.labels_ = np.zeros(len(X), dtype=np.int64)
            return self
        groups = np.arange(len(X)) if self.groups is None else self.groups
        layer = self._layer(centres(X, groups), len(X))
        if layer.max(initial=UNSORTED) == UNSORTED:
            self.labels_ = np.zeros(len(X), dtype=np.int64)
        else:
            self.labels_ = accept_nearest(X, layer[groups], self.accept_quantile)
        return self

    def _layer(self, vectors: Matrix, n_posts: int) -> Labels:
        import numba
        from evoc import EVoC

        model = EVoC(
            base_min_cluster_size=self.min_groups or default_min_groups(len(vectors)),
            random_state=self.random_state,
        )
        threads = numba.get_num_threads()
        numba.set_num_threads(1)  # several race, and a rerun would sort a few posts elsewhere
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # numba's notes on its own compilation
                model.fit_predict(vectors)
        finally:
            numba.set_num_threads(threads)
        limit = min(self.max_topics, topics_a_digest_can_hold(n_posts))
        layers = [np.asarray(layer, dtype=np.int64) for layer in model.cluster_layers_]
        return join_nearest(nearest_layer(layers, limit), vectors, limit)


class SmallClusterer:
    """Average-linkage groups for communities too small to have dense spots.

    Where no two posts are alike, all of them are one group: a digest always has something to show.
    """

    def __init__(self, *, distance: float = 0.62) -> None:
        self.distance = distance

    def fit(self, X: Matrix, y: None = None) -> Self:  # noqa: ARG002 (BERTopic passes y)
        """Group unit vectors, shape (posts, dimensions)."""
        from sklearn.cluster import AgglomerativeClustering

        if len(X) < 2:
            self.labels_ = np.zeros(len(X), dtype=np.int64)
            return self
        model = AgglomerativeClustering(
            n_clusters=None, distance_threshold=self.distance, metric="cosine", linkage="average"
        )
        labels = np.asarray(model.fit_predict(X), dtype=np.int64)
        sizes = np.bincount(labels)
        labels[sizes[labels] < 2] = UNSORTED
        self.labels_ = labels if (labels >= 0).any() else np.zeros(len(X), dtype=np.int64)
        return self


def nearest_layer(layers: Sequence[Labels], wanted: int) -> Labels:
    """Return the layer whose number of topics is nearest to ``wanted``, by ratio."""
    counts = [int(layer.max(initial=UNSORTED)) + 1 for layer in layers]
    return min(
        zip(layers, counts, strict=True), key=lambda pair: abs(math.log(max(pair[1], 1) / wanted))
    )[0]


def default_min_groups(n_groups: int) -> int:
    """Smallest topic worth a name: 5 threads, or one thread in 600."""
    return max(5, n_groups // 600)


def topics_a_digest_can_hold(n_posts: int) -> int:
    """Three quarters of the square root of the posts, at least 5: 30 topics for 1,600 posts."""
    return max(5, round(0.75 * math.sqrt(n_posts)))


def join_nearest(labels: Labels, vectors: Matrix, count: int) -> Labels:
    """Join topics with the nearest centres until there are ``count`` of them."""
    from sklearn.cluster import AgglomerativeClustering

    middle = centres(vectors, labels)
    if len(middle) <= count:
        return labels
    model = AgglomerativeClustering(n_clusters=count, metric="cosine", linkage="average")
    joined: Labels = np.append(model.fit_predict(middle), UNSORTED)[labels]  # -1 stays -1
    return joined


def centres(vectors: Matrix, labels: Labels) -> Matrix:
    """Return the unit mean vector of each label 0..k-1, shape (k, dimensions)."""
    count = int(labels.max(initial=UNSORTED)) + 1
    sums = np.zeros((count, vectors.shape[1]), dtype=np.float32)
    members = labels >= 0
    np.add.at(sums, labels[members], vectors[members])
    return unit(sums)


def accept_nearest(vectors: Matrix, labels: Labels, quantile: float) -> Labels:
    """Give each post the topic with the nearest centre, if it is near enough.

    Near enough: a cosine no lower than the ``quantile`` of the topic's own dense posts.
    """
    scores = vectors @ centres(vectors, labels).T
    nearest = scores.argmax(axis=1)
    best = scores[np.arange(len(vectors)), nearest]
    floors = np.array(
        [np.quantile(scores[labels == topic, topic], quantile) for topic in range(scores.shape[1])]
    )
    accepted: Labels = np.where(best >= floors[nearest], nearest, UNSORTED)
    return accepted


def lean_on_thread(
    vectors: Matrix, groups: NDArray[np.int64], is_opener: NDArray[np.bool_], weight: float
) -> Matrix:
    """Move each post's vector towards its thread's subject: the mean post plus the opener.

    "That fixed it, cheers" says nothing alone; what it is about stands in its thread.
    """
    subject = centres(vectors, groups)
    np.add.at(subject, groups[is_opener], vectors[is_opener])
    return unit((1 - weight) * vectors + weight * unit(subject)[groups])


def unit(vectors: Matrix) -> Matrix:
    """Scale rows to length one; a zero row stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Matrix = vectors / np.maximum(lengths, 1e-12)
    return scaled
