"""Themes above topics and subtopics within them."""

from __future__ import annotations

import numpy as np

from feedbackminer.topics.cluster import Graph, leiden, silhouette
from feedbackminer.topics.labels import UNSORTED, Labels, without_dust
from feedbackminer.vectors import Matrix

FEWEST_TOPICS = 8  # below which a list needs no headings
WITHIN = 0.5  # Leiden's resolution inside a topic
WORTH_A_NAME = 0.1  # share of the topic that a subtopic holds at least
APART = 0.05  # silhouette from which the parts of a topic are worth telling apart
LARGE = 4  # times the smallest topic: what can have parts


def themes_of(middle: Matrix) -> Labels:
    """Group topics by their centres, as the best silhouette has it; one alone has no theme."""
    from sklearn.cluster import AgglomerativeClustering

    if len(middle) < FEWEST_TOPICS:
        return np.full(len(middle), UNSORTED)
    cuts = [
        np.asarray(
            AgglomerativeClustering(count, metric="cosine", linkage="average").fit_predict(middle),
            dtype=np.int64,
        )
        for count in range(3, len(middle) // 2 + 1)
    ]
    return without_dust(max(cuts, key=lambda labels: silhouette(middle, labels)), 2)


def subtopics_of(
    joined: Matrix, graph: Graph, labels: Labels, min_size: int
) -> tuple[Labels, list[int]]:
    """Divide each large topic where its own documents fall apart.

    Returns:
        a subtopic per document (-1: none), and the topic of each subtopic.
    """
    parts = np.full(len(labels), UNSORTED)
    topic_of: list[int] = []
    for topic in range(int(labels.max(initial=UNSORTED)) + 1):
        inside = labels == topic
        if inside.sum() < LARGE * min_size:
            continue
        own = leiden(graph.among(inside), WITHIN, seed=0)[inside]
        own = without_dust(own, max(min_size, round(WORTH_A_NAME * inside.sum())))
        count = int(own.max(initial=UNSORTED)) + 1
        if count > 1 and silhouette(joined[inside], own) >= APART:
            parts[inside] = np.where(own >= 0, own + len(topic_of), UNSORTED)
            topic_of += [topic] * count
    return parts, topic_of
