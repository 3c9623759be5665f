"""More than one topic per post: what the parts of a long post speak of beside its main topic."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from feedbackminer.topics.corpus import Corpus
from feedbackminer.topics.labels import UNSORTED, Labels
from feedbackminer.topics.model import TopicModel

QUANTILE = 0.5  # a part belongs to another topic if it is as near as half of that topic's own
FEWEST = 5  # parts of its own that a topic's floor is drawn from; else the usual one holds


@dataclass(frozen=True)
class Further:
    """One more topic of a post: places of the post and of the part that says so."""

    post: int
    part: int
    topic: int
    score: float  # cosine of the part to the topic's centre


def with_part_floors(model: TopicModel, corpus: Corpus, labels: Labels) -> TopicModel:
    """Set how near a part must be to a topic that is not its post's: as near as half its own."""
    nearest, cosine = _place(model, corpus)
    is_own = nearest == labels[corpus.parts.of_post]
    floors = np.full(len(model.centres), np.nan)
    for topic in np.unique(nearest[is_own]):
        own = cosine[is_own & (nearest == topic)]
        if len(own) >= FEWEST:
            floors[topic] = np.quantile(own, QUANTILE)
    known = floors[~np.isnan(floors)]
    usual = float(np.median(known)) if len(known) else 1.0
    return replace(model, part_floors=np.where(np.isnan(floors), usual, floors))


def further_topics(model: TopicModel, corpus: Corpus, labels: Labels) -> list[Further]:
    """Return the topics of parts of posts that are mainly about something else, best part each."""
    nearest, cosine = _place(model, corpus)
    main = labels[corpus.parts.of_post]
    is_other = (main != UNSORTED) & (nearest != main) & (cosine >= model.part_floors[nearest])
    best: dict[tuple[int, int], Further] = {}
    for part in np.flatnonzero(is_other):
        one = Further(
            int(corpus.parts.of_post[part]), int(part), int(nearest[part]), float(cosine[part])
        )
        known = best.setdefault((one.post, one.topic), one)
        if one.score > known.score:
            best[one.post, one.topic] = one
    return list(best.values())


def _place(model: TopicModel, corpus: Corpus) -> tuple[Labels, np.ndarray]:
    """Return the topic that most speaks for each part, and its cosine to that topic's centre."""
    if not len(corpus.parts.passages):
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    weights = model.words.weigh(corpus.parts.passages)
    joined = model.words.join(corpus.parts.vectors, weights)
    nearest = model.nearest(joined, weights)
    return nearest, np.einsum("ij,ij->i", joined, model.centres[nearest]).astype(np.float64)
