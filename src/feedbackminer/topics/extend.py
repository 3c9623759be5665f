"""Topics grown: new posts join those there are; what fits nowhere waits until it is a topic."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from feedbackminer.settings import TopicSettings
from feedbackminer.topics.cluster import UNSORTED, GraphClusterer, Labels
from feedbackminer.topics.corpus import Corpus, document_of, smallest_topic
from feedbackminer.topics.identity import SAME_MEANING
from feedbackminer.topics.model import TopicModel, calibrated, describe
from feedbackminer.topics.space import Matrix, Words, centres, meaning, unit

FEWEST_POSTS = 10  # that a topic is born of
NEARLY = 0.9  # of how near the posts of an ordinary topic are to its centre: dense enough


@dataclass(frozen=True)
class Extension:
    """Where posts belong: -1 nowhere, 0..k-1 a topic there was, from k on a newborn one."""

    labels: Labels
    joined: Matrix
    newborn: TopicModel | None


def extend_topics(
    model: TopicModel, words: Words, corpus: Corpus, pending: Labels, *, settings: TopicSettings
) -> Extension:
    """Assign pending posts, at a cost that grows with their number alone.

    Args:
        pending: places in the corpus of the posts that have no topic yet.
    """
    weights = words.weigh([corpus.passages[i] for i in pending])
    joined = words.join(corpus.leaning[pending], weights)
    labels, _ = model.assign(joined, weights)
    pool = np.flatnonzero(labels == UNSORTED)
    docs = document_of(corpus, fewest=settings.small_community)
    fewest = settings.min_threads or smallest_topic(int(docs.max(initial=-1)) + 1)
    group = _dense_groups(joined[pool], docs[pending[pool]], fewest, model, settings.seed)
    if group.max(initial=UNSORTED) == UNSORTED:
        return Extension(labels, joined, None)
    newborn = describe(words, joined[pool], weights[pool], group)
    newborn = calibrated(newborn, joined[pool], group, settings.accept_quantile)
    usual = np.full(len(newborn.centres), np.median(model.part_floors))
    newborn = replace(newborn, part_floors=usual)
    labels[pool] = np.where(group >= 0, group + len(model.centres), UNSORTED)
    return Extension(labels, joined, newborn)


def _dense_groups(
    vectors: Matrix, docs: Labels, fewest: int, model: TopicModel, seed: int
) -> Labels:
    """Return groups of the pool that are as dense as a topic, and about something else.

    Args:
        docs: the document of each post; ``fewest`` of them hold a group: one thread is no topic.
    """
    nobody = np.full(len(vectors), UNSORTED)
    if len(vectors) < 2 * FEWEST_POSTS:
        return nobody
    found = GraphClusterer(min_size=FEWEST_POSTS, random_state=seed).fit(vectors).labels_
    middle = centres(vectors, found)
    usual = NEARLY * float(np.median(model.typical)) if len(model.typical) else -1.0
    kept = []
    for group in range(len(middle)):
        inside = found == group
        is_near = _nearness(vectors[inside]) >= usual
        is_broad = len(np.unique(docs[inside][is_near])) >= fewest
        if is_broad and is_near.mean() >= 0.5 and _is_new(middle[group : group + 1], model):
            kept.append(group)
    number = np.full(len(middle) + 1, UNSORTED)  # the last for what is in no group
    number[kept] = np.arange(len(kept))
    groups: Labels = number[found]
    return groups


def _nearness(vectors: Matrix) -> Matrix:
    """Return the cosine of each of a group's members to the centre of the others."""
    near: Matrix = np.einsum("ij,ij->i", vectors, unit(vectors.sum(axis=0) - vectors))
    return near


def _is_new(middle: Matrix, model: TopicModel) -> bool:
    if not len(model.centres):
        return True
    return bool((meaning(middle) @ meaning(model.centres).T).max() < SAME_MEANING)
