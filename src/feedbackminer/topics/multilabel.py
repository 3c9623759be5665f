"""More than one topic per post: what the parts of a long post speak of beside its main topic."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from feedbackminer.topics.features import Features
from feedbackminer.topics.labels import UNSORTED, Labels
from feedbackminer.topics.model import TopicModel

QUANTILE = 0.5  # a part belongs to another topic if it is as near as half of that topic's own
FEWEST = 5  # parts of its own that a topic's floor is drawn from; else the usual one holds


@dataclass(frozen=True)
class SecondaryTopic:
    """One more topic of a post: indices of the post and of the part that says so."""

    post: int
    part: int
    topic: int
    score: float  # cosine of the part to the topic's centroid


def with_part_floors(
    model: TopicModel, parts: Features, post_of: Labels, labels: Labels
) -> TopicModel:
    """Set how near a part must be to a topic that is not its post's: as near as half its own.

    Args:
        parts: features of parts of long posts; ``post_of``: the index of each one's post.
        labels: the topic of each post, -1 where it has none.
    """
    nearest, cosines = _nearest_topics(model, parts)
    is_own = nearest == labels[post_of]
    floors = np.full(len(model), np.nan)
    for topic in np.unique(nearest[is_own]):
        inside = cosines[is_own & (nearest == topic)]
        if len(inside) >= FEWEST:
            floors[topic] = np.quantile(inside, QUANTILE)
    measured = floors[~np.isnan(floors)]
    usual = float(np.median(measured)) if len(measured) else 1.0
    return replace(model, part_floors=np.where(np.isnan(floors), usual, floors))


def secondary_topics(
    model: TopicModel, parts: Features, post_of: Labels, labels: Labels
) -> list[SecondaryTopic]:
    """Return the topics of parts of posts that are mainly about something else, best part each."""
    nearest, cosines = _nearest_topics(model, parts)
    main = labels[post_of]
    is_other = (main != UNSORTED) & (nearest != main) & (cosines >= model.part_floors[nearest])
    best: dict[tuple[int, int], SecondaryTopic] = {}
    for part in np.flatnonzero(is_other):
        topic = SecondaryTopic(
            int(post_of[part]), int(part), int(nearest[part]), float(cosines[part])
        )
        if topic.score > best.setdefault((topic.post, topic.topic), topic).score:
            best[topic.post, topic.topic] = topic
    return list(best.values())


def _nearest_topics(model: TopicModel, parts: Features) -> tuple[Labels, NDArray[np.float64]]:
    """Return the topic that most speaks for each part, and its cosine to that topic's centroid."""
    nearest = model.nearest(parts)
    return nearest, model.cosines(parts, nearest).astype(np.float64)
