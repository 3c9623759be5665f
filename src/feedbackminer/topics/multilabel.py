"""More than one topic per post: what the parts of a long post speak of beside its main topic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from feedbackminer.topics.features import Features
from feedbackminer.topics.labels import UNSORTED, Labels
from feedbackminer.topics.model import Nearest, TopicModel

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
    model: TopicModel, parts: Iterable[Features], post_of: Labels, labels: Labels
) -> TopicModel:
    """Set how near a part must be to a topic that is not its post's: as near as half its own.

    Args:
        parts: features of parts of long posts; ``post_of``: the index of each one's post.
        labels: the topic of each post, -1 where it has none.
    """
    nearest = Nearest.join(map(model.look_up, parts))
    is_own = nearest.labels == labels[post_of]
    floors = np.full(len(model), np.nan)
    for topic in np.unique(nearest.labels[is_own]):
        inside = nearest.cosines[is_own & (nearest.labels == topic)]
        if len(inside) >= FEWEST:
            floors[topic] = np.quantile(inside.astype(np.float64), QUANTILE)
    measured = floors[~np.isnan(floors)]
    usual = float(np.median(measured)) if len(measured) else 1.0
    return replace(model, part_floors=np.where(np.isnan(floors), usual, floors))


def secondary_topics(
    model: TopicModel, parts: Iterable[Features], post_of: Labels, labels: Labels
) -> list[SecondaryTopic]:
    """Return the topics of parts of posts that are mainly about something else, best part each."""
    nearest = Nearest.join(map(model.look_up, parts))
    main, topics = labels[post_of], nearest.labels
    is_near = nearest.cosines >= model.part_floors[topics]
    best: dict[tuple[int, int], SecondaryTopic] = {}
    for part in np.flatnonzero((main != UNSORTED) & (topics != main) & is_near):
        topic = SecondaryTopic(
            int(post_of[part]), int(part), int(topics[part]), float(nearest.cosines[part])
        )
        if topic.score > best.setdefault((topic.post, topic.topic), topic).score:
            best[topic.post, topic.topic] = topic
    return list(best.values())
