"""Other clusterers in place of ours: BERTopic's, or one of the user's own."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from feedbackminer.errors import ModelError
from feedbackminer.plugins import make_plugin, plugin_name
from feedbackminer.topics.cluster import NEIGHBOURS, Graph, neighbour_graph
from feedbackminer.topics.features import meaning
from feedbackminer.topics.labels import Labels, relabel_by_size
from feedbackminer.vectors import Matrix

GRAPH, BERTOPIC = "graph", "bertopic"  # ours, and BERTopic's, by name
SETTING, WANTS = "[topics] clusterer", "fit"


class OwnClusterer:
    """Clusters by any clusterer of scikit-learn's interface, on vectors without words.

    Groups smaller than ``min_size`` are given up. What it learns beside labels, such as how fine
    topics are, is its own affair: ``resolution_`` is None.
    """

    resolution_ = None

    def __init__(self, name: str, *, min_size: int, random_state: int) -> None:
        self.name = name
        self.min_size = min_size
        self.random_state = random_state

    def fit(self, X: Matrix, y: None = None) -> Self:  # noqa: ARG002 (scikit-learn passes y)
        """Cluster the joint features of documents.

        Raises:
            ModelError: the clusterer raises, or does not return a whole number a document.
        """
        self.labels_ = relabel_by_size(self._labels(meaning(X)), self.min_size)
        self.graph_: Graph = neighbour_graph(X, NEIGHBOURS)
        return self

    def _labels(self, vectors: Matrix) -> Labels:
        clusterer = self._make()
        try:
            found = (
                clusterer.fit_predict(vectors)
                if hasattr(clusterer, "fit_predict")
                else clusterer.fit(vectors).labels_
            )
            labels = np.asarray(found)
        except Exception as error:
            raise ModelError(f"clusterer {self.name!r}: {type(error).__name__}: {error}") from error
        if labels.shape != (len(vectors),) or not np.issubdtype(labels.dtype, np.integer):
            raise ModelError(
                f"clusterer {self.name!r}: want a whole number for each of {len(vectors)} "
                f"documents (-1: in none), got {labels.dtype} of shape {labels.shape}"
            )
        return labels.astype(np.int64)

    def _make(self) -> Any:
        if self.name == BERTOPIC:
            return BERTopicClusterer(random_state=self.random_state)
        return make_plugin(self.name, SETTING, WANTS, random_state=self.random_state)


class BERTopicClusterer:
    """BERTopic's own reduction and clustering, with its settings: UMAP, then HDBSCAN."""

    def __init__(self, *, random_state: int) -> None:
        self.random_state = random_state

    def fit_predict(self, X: Matrix, y: None = None) -> Labels:  # noqa: ARG002
        """Return a cluster per row, -1 where it is in none."""
        import warnings

        from bertopic import BERTopic

        model = BERTopic()
        model.umap_model.random_state = self.random_state
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of UMAP: with a seed it uses one thread
            reduced = model.umap_model.fit_transform(X)
            labels: Labels = model.hdbscan_model.fit_predict(reduced).astype(np.int64)
        return labels


def clusterer_code(name: str) -> str:
    """Return what changes with the code of a clusterer of the user's own."""
    return "" if name in (GRAPH, BERTOPIC) else plugin_name(name, SETTING, WANTS)
