"""Themes above topics and subtopics within them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feedbackminer.topics.cluster import Graph, leiden, silhouette
from feedbackminer.topics.labels import UNSORTED, Labels, relabel_by_size
from feedbackminer.vectors import Matrix

FEWEST_TOPICS = 8  # below which a list needs no headings
WITHIN = 0.5  # Leiden's resolution inside a topic
WORTH_A_NAME = 0.1  # share of the topic that a subtopic holds at least
APART = 0.05  # silhouette from which subtopics are worth telling apart
LARGE = 4  # times the smallest topic: what can have subtopics


@dataclass(frozen=True)
class Subtopics:
    """Subtopics 0..m-1: that of each post (-1: none), and the topic and centroid of each."""

    labels: Labels
    parents: Labels
    centroids: Matrix


def themes_of(centroids: Matrix) -> Labels:
    """Group topics by their centroids, as the best silhouette has it; one alone has no theme."""
    from sklearn.cluster import AgglomerativeClustering

    if len(centroids) < FEWEST_TOPICS:
        return np.full(len(centroids), UNSORTED)
    cuts = [
        np.asarray(
            AgglomerativeClustering(count, metric="cosine", linkage="average").fit_predict(
                centroids
            ),
            dtype=np.int64,
        )
        for count in range(3, len(centroids) // 2 + 1)
    ]
    return relabel_by_size(max(cuts, key=lambda labels: silhouette(centroids, labels)), 2)


def subtopics_of(
    joint: Matrix, graph: Graph, labels: Labels, min_size: int
) -> tuple[Labels, Labels]:
    """Divide each large topic where its own documents fall apart.

    Returns:
        a subtopic per document (-1: none), and the topic of each subtopic.
    """
    subtopics = np.full(len(labels), UNSORTED)
    parents: list[int] = []
    for topic in range(int(labels.max(initial=UNSORTED)) + 1):
        inside = labels == topic
        if inside.sum() < LARGE * min_size:
            continue
        groups = leiden(graph.among(inside), WITHIN, seed=0)[inside]
        groups = relabel_by_size(groups, max(min_size, round(WORTH_A_NAME * inside.sum())))
        count = int(groups.max(initial=UNSORTED)) + 1
        if count > 1 and silhouette(joint[inside], groups) >= APART:
            subtopics[inside] = np.where(groups >= 0, groups + len(parents), UNSORTED)
            parents += [topic] * count
    return subtopics, np.array(parents, dtype=np.int64)


def nearest_subtopics(joint: Matrix, labels: Labels, parents: Labels, centroids: Matrix) -> Labels:
    """Return the subtopic whose centroid is nearest, of those of the post's own topic.

    Args:
        joint: joint features of posts; ``labels``: the topic of each, -1 where it has none.
        parents: the topic of each subtopic; ``centroids``: those of the subtopics.
    """
    chosen = np.full(len(joint), UNSORTED)
    for topic in np.unique(parents[parents != UNSORTED]):
        siblings = np.flatnonzero(parents == topic)
        inside = np.flatnonzero(labels == topic)
        chosen[inside] = siblings[(joint[inside] @ centroids[siblings].T).argmax(axis=1)]
    return chosen
