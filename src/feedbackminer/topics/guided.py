"""Topics that the settings name: found where their examples lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from feedbackminer.topics.features import meaning
from feedbackminer.topics.labels import UNSORTED, Labels, relabel_by_size
from feedbackminer.vectors import Matrix, centroids

SEED_NEAR = 0.45  # cosine of a theme's examples to a topic's centroid that are the same


def at_least_one_topic(labels: Labels) -> Labels:
    """Where all is dust, all is one topic: a digest always has something to show."""
    return labels if (labels != UNSORTED).any() else np.zeros_like(labels)


@dataclass(frozen=True)
class GuidedTopics:
    """Documents with their topics, and those that each theme of the settings means."""

    labels: Labels
    members: Mapping[str, Labels]  # theme -> its documents
    notices: list[str]

    def names(self, labels: Labels) -> dict[int, str]:
        """Return, by topic, the theme most of whose documents it holds after a refinement."""
        names: dict[int, str] = {}
        for theme, members in self.members.items():
            topics = labels[members][labels[members] != UNSORTED]
            if len(topics):
                names.setdefault(int(np.bincount(topics).argmax()), theme)
        return names


def apply_guided_topics(
    themes: Mapping[str, Matrix], joint: Matrix, labels: Labels, min_size: int
) -> GuidedTopics:
    """Mark each theme's documents: a topic found near it, or what is nearer to it than own."""
    if not themes:
        return GuidedTopics(labels, {}, [])
    theme_centroids = centroids(
        np.vstack(list(themes.values())),
        np.repeat(np.arange(len(themes)), [len(examples) for examples in themes.values()]),
    )
    vectors, topic_centroids = meaning(joint), meaning(centroids(joint, labels))
    alike = theme_centroids @ topic_centroids.T
    topic_of = dict(zip(*linear_sum_assignment(-alike), strict=True))
    to_own = np.einsum("ij,ij->i", vectors, topic_centroids[np.maximum(labels, 0)])

    guided, members, notices = labels.copy(), {}, []
    for number, name in enumerate(themes):
        topic = topic_of.get(number)
        if topic is not None and alike[number, topic] >= SEED_NEAR:
            members[name] = np.flatnonzero(labels == topic)
            continue
        to_theme = vectors @ theme_centroids[number]
        inside = np.flatnonzero((to_theme > to_own) & (to_theme >= SEED_NEAR))
        if len(inside) < min_size:
            notices.append(f"no posts are near the theme {name!r} ([topics.themes])")
            continue
        guided[inside] = guided.max() + 1
        members[name] = inside
    return GuidedTopics(relabel_by_size(guided, 1), members, notices)
