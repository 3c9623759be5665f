"""Topics that the settings name: found where their examples lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from feedbackminer.topics.features import meaning
from feedbackminer.topics.labels import UNSORTED, Labels, without_dust
from feedbackminer.vectors import Matrix, centres

SEED_NEAR = 0.45  # cosine of a theme's examples to a topic's centre that are the same


def at_least_one_topic(labels: Labels) -> Labels:
    """Where all is dust, all is one topic: a digest always has something to show."""
    return labels if (labels != UNSORTED).any() else np.zeros_like(labels)


@dataclass(frozen=True)
class GuidedTopics:
    """Documents with their topics, and those that each theme of the settings means."""

    labels: Labels
    of_theme: Mapping[str, Labels]
    notices: list[str]

    def given(self, own: Labels) -> dict[int, str]:
        """Return the topic that holds most of each theme's documents after a refinement."""
        given: dict[int, str] = {}
        for name, inside in self.of_theme.items():
            held = own[inside][own[inside] != UNSORTED]
            if len(held):
                given.setdefault(int(np.bincount(held).argmax()), name)
        return given


def apply_guided_topics(
    themes: Mapping[str, Matrix], joined: Matrix, found: Labels, min_size: int
) -> GuidedTopics:
    """Mark the documents of each theme: a topic found near it, or what is nearer to it than own."""
    if not themes:
        return GuidedTopics(found, {}, [])
    names = list(themes)
    wanted = centres(
        np.vstack([themes[name] for name in names]),
        np.repeat(np.arange(len(names)), [len(themes[name]) for name in names]),
    )
    vectors, middle = meaning(joined), meaning(centres(joined, found))
    alike = wanted @ middle.T
    near = dict(zip(*linear_sum_assignment(-alike), strict=True))
    to_own = np.einsum("ij,ij->i", vectors, middle[np.maximum(found, 0)])
    labels, of_theme, notices = found.copy(), {}, []
    for number, name in enumerate(names):
        topic = near.get(number)
        if topic is not None and alike[number, topic] >= SEED_NEAR:
            of_theme[name] = np.flatnonzero(found == topic)
            continue
        to_theme = vectors @ wanted[number]
        inside = np.flatnonzero((to_theme > to_own) & (to_theme >= SEED_NEAR))
        if len(inside) < min_size:
            notices.append(f"no posts are near the theme {name!r} ([topics.themes])")
            continue
        labels[inside] = labels.max() + 1
        of_theme[name] = inside
    return GuidedTopics(without_dust(labels, 1), of_theme, notices)
