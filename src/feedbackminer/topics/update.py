"""Topics grown: new posts join those there are; what fits nowhere waits until it is a topic."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from feedbackminer.settings.sections import TopicSettings
from feedbackminer.text.nlp import load_spacy
from feedbackminer.topics.cluster import GraphClusterer
from feedbackminer.topics.corpus import Corpus, document_of, smallest_topic
from feedbackminer.topics.features import Words, meaning
from feedbackminer.topics.labels import UNSORTED, Labels
from feedbackminer.topics.matching import SAME_MEANING, Event
from feedbackminer.topics.model import TopicModel, calibrated, describe, nearest_part, own_scores
from feedbackminer.topics.multilabel import further_topics
from feedbackminer.topics.naming.namer import Namer
from feedbackminer.topics.previous import Known, Past, Rows, read_model, read_words
from feedbackminer.topics.result import State
from feedbackminer.topics.table import Maker
from feedbackminer.vectors import Matrix, centres, from_bytes, unit

FIT = ("fitted_as", "fitted_in", "fitted_on", "resolution")

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


def update_topics(
    corpus: Corpus,
    known: Known,
    past: Past,
    *,
    settings: TopicSettings,
    ignore: set[str],
    run_id: str,
) -> State:
    topics = past.alive("topic")
    words = read_words(known.vocabulary)
    model = read_model(words, topics)
    found = list(past.place["topic"])
    parts = list(past.place["subtopic"])
    scores = np.array([past.scores.get(i, 0.0) for i in corpus.post_ids])
    pending = np.array([i for i, topic_id in enumerate(found) if topic_id is None], dtype=np.int64)
    grown = extend_topics(model, words, corpus, pending, settings=settings)
    newborn: Rows = []
    notices: list[str] = []
    if grown.newborn:
        nlp, notices = load_spacy()
        newborn = _newborn(corpus, past, grown, pending, nlp, ignore, run_id)
        model = model.joined_by(grown.newborn)
    ids = [*(row["topic_id"] for row in topics), *(row["topic_id"] for row in newborn)]
    number = {topic_id: i for i, topic_id in enumerate(ids)}
    subtopics = [row for row in past.alive("subtopic") if row["parent_id"] in number]
    part_of = [number[row["parent_id"]] for row in subtopics]
    middle = from_bytes([row["centroid"] for row in subtopics])
    nearest = nearest_part(grown.joined, grown.labels, part_of, middle)
    own = own_scores(model, corpus.vectors[pending], grown.labels)
    for place, label, part, score in zip(pending, grown.labels, nearest, own, strict=True):
        found[place] = ids[label] if label >= 0 else None
        parts[place] = subtopics[part]["topic_id"] if part >= 0 else None
        scores[place] = score
    labels = np.array([number.get(topic_id or "", UNSORTED) for topic_id in found])
    why = "posts that fitted nowhere are dense enough"
    return State(
        [*past.rows, *newborn],
        words,
        topics[0]["fitted_in"],
        found,
        parts,
        scores,
        [(one, ids[one.topic]) for one in further_topics(model, corpus, labels)],
        [Event("birth", "", row["topic_id"], why) for row in newborn],
        notices,
    )


def _newborn(
    corpus: Corpus,
    past: Past,
    grown: Extension,
    pending: Labels,
    nlp: Any,
    ignore: set[str],
    run_id: str,
) -> Rows:
    """Return the rows of topics that were born of the pool."""
    assert grown.newborn is not None  # noqa: S101 (the caller's promise)
    n_before = len(past.alive("topic"))
    labels = np.full(len(corpus), UNSORTED)
    is_new = grown.labels >= n_before
    labels[pending[is_new]] = grown.labels[is_new] - n_before
    scores = own_scores(grown.newborn, corpus.vectors, labels)
    ids = past.complete([None] * len(grown.newborn.centres), "topic")
    like = past.alive("topic")[0]
    common = {name: like[name] for name in FIT}
    namer = Namer.of(corpus, nlp, ignore, n_topics=2)
    used = [row["found_label"] for row in past.alive("topic")]
    maker = Maker(corpus, past, namer, common, run_id)
    return maker.of_model(grown.newborn, labels, scores, ids, used)
