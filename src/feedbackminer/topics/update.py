"""Topics grown: new posts join those there are; what fits nowhere waits until it is a topic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from feedbackminer.settings.sections import TopicSettings
from feedbackminer.topics.cluster import GraphClusterer
from feedbackminer.topics.corpus import Corpus, document_of, part_features, smallest_topic
from feedbackminer.topics.features import FeatureBlocks, meaning
from feedbackminer.topics.hierarchy import nearest_subtopics
from feedbackminer.topics.labels import UNSORTED, Labels, evenly_spaced, new_numbers
from feedbackminer.topics.matching import SAME_MEANING, LineageEvent
from feedbackminer.topics.model import TopicModel, calibrate, describe, own_scores
from feedbackminer.topics.multilabel import secondary_topics
from feedbackminer.topics.previous import PreviousTopics
from feedbackminer.topics.topic_set import Level, TopicSet
from feedbackminer.vectors import Matrix, centroids, from_bytes, unit

POOL = 10_000  # waiting posts that topics are born of, at most
FEWEST_POSTS = 10  # that a topic is born of
NEARLY = 0.9  # of how near the posts of an ordinary topic are to its centroid: dense enough


def update_topics(corpus: Corpus, previous: PreviousTopics, *, settings: TopicSettings) -> TopicSet:
    """Let posts that have no topic join one, or found a new one where enough of them are alike.

    Posts that have a topic keep it. Every part of a long post is looked at again, for what was
    born may be what it speaks of.
    """
    before, model = previous.labels("topic"), previous.model()
    pending = np.flatnonzero(before.labels == UNSORTED)
    passages = [corpus.passages[i] for i in pending.tolist()]
    features = FeatureBlocks(model.lexicon, passages, corpus.blended[pending])

    joined, newborn = _assign_pending(corpus, pending, features, model, settings)
    n_kept, n_born = len(model), len(newborn)
    model = model.extended_by(newborn) if n_born else model
    ids = [*before.ids, *previous.complete_ids([None] * n_born, "topic")]
    labels = before.labels.copy()
    labels[pending] = joined

    subtopics = _previous_subtopics(previous, ids)
    subtopics.labels[pending] = _subtopics_of(features, joined, subtopics)
    scores = np.array([previous.scores.get(i, 0.0) for i in corpus.post_ids])
    scores[pending] = own_scores(model, corpus.vectors[pending], joined)

    parts, post_of = part_features(corpus, model.lexicon), corpus.parts.post_of
    why = "posts that fitted nowhere are dense enough"
    return TopicSet(
        model=model,
        themes=Level.empty(len(corpus)),
        topics=Level(ids, labels, np.full(len(ids), UNSORTED), model.centroids),
        subtopics=subtopics,
        scores=scores,
        secondary=secondary_topics(model, parts, post_of, labels),
        record=previous.record(),
        stability=[np.nan] * len(ids),
        n_kept=n_kept,
        events=[LineageEvent("birth", "", topic_id, why) for topic_id in ids[n_kept:]],
    )


def _previous_subtopics(previous: PreviousTopics, topic_ids: list[str]) -> Level:
    """Return the subtopics there were, with the numbers of the topics that they are parts of."""
    subtopics, rows = previous.labels("subtopic"), previous.alive("subtopic")
    number = {topic_id: i for i, topic_id in enumerate(topic_ids)}
    parents = [number.get(row["parent_id"], UNSORTED) for row in rows]
    subtopic_centroids = from_bytes([row["centroid"] for row in rows])
    return Level(
        subtopics.ids, subtopics.labels, np.array(parents, dtype=np.int64), subtopic_centroids
    )


def _subtopics_of(features: FeatureBlocks, labels: Labels, subtopics: Level) -> Labels:
    """Return the subtopic that is nearest to each post, of those of its topic."""
    chosen, start = [labels[:0]], 0
    for block in features:
        of_block = labels[start : start + len(block)]
        chosen.append(
            nearest_subtopics(block.joint, of_block, subtopics.parents, subtopics.centroids)
        )
        start += len(block)
    return np.concatenate(chosen)


def _assign_pending(
    corpus: Corpus,
    pending: Labels,
    features: FeatureBlocks,
    model: TopicModel,
    settings: TopicSettings,
) -> tuple[Labels, TopicModel]:
    """Assign pending posts, at a cost that grows with their number alone.

    Of very many that join no topic, new ones are born of evenly spaced ones; the others may join.

    Args:
        pending: indices of the posts that have no topic yet; ``features``: theirs.
    Returns:
        for each of them -1 (nowhere), 0..k-1 (a topic there was) or, from k on, a newborn one;
        and the model of the newborn ones.
    """
    labels = np.concatenate([model.assign(block) for block in features])
    waiting = np.flatnonzero(labels == UNSORTED)
    pool = waiting[evenly_spaced(len(waiting), POOL)]
    documents = document_of(corpus, fewest=settings.small_community)
    fewest = settings.min_threads or smallest_topic(int(documents.max(initial=-1)) + 1)
    fewest = round(fewest * len(pool) / max(1, len(waiting)))
    pooled = features.take(pool)
    groups = _dense_groups(pooled.joint, documents[pending[pool]], fewest, model, settings.seed)
    if groups.max(initial=UNSORTED) == UNSORTED:
        return labels, TopicModel.empty()

    newborn = describe(model.lexicon, [pooled], groups)
    cosines = newborn.cosines(pooled, groups)
    newborn = calibrate(newborn, cosines, groups, settings.accept_quantile)
    usual = np.full(len(newborn), np.median(model.part_floors))
    others = np.setdiff1d(waiting, pool)
    labels[others] = newborn.assign(features.take(others))
    labels[pool] = groups
    labels[waiting] = np.where(labels[waiting] >= 0, labels[waiting] + len(model), UNSORTED)
    return labels, replace(newborn, part_floors=usual)


def _dense_groups(
    vectors: Matrix, documents: Labels, fewest: int, model: TopicModel, seed: int
) -> Labels:
    """Return groups of the pool that are as dense as a topic, and about something else.

    Args:
        documents: that of each post; ``fewest`` of them hold a group: one thread is no topic.
    """
    if len(vectors) < 2 * FEWEST_POSTS:
        return np.full(len(vectors), UNSORTED)
    clusters = GraphClusterer(min_size=FEWEST_POSTS, random_state=seed).fit(vectors).labels_
    cluster_centroids = centroids(vectors, clusters)
    usual = NEARLY * float(np.median(model.typical)) if len(model) else -1.0

    kept = []
    for cluster in range(len(cluster_centroids)):
        inside = clusters == cluster
        is_near = _nearness(vectors[inside]) >= usual
        is_broad = len(np.unique(documents[inside][is_near])) >= fewest
        is_new = _is_new(cluster_centroids[cluster : cluster + 1], model)
        if is_broad and is_near.mean() >= 0.5 and is_new:
            kept.append(cluster)
    return new_numbers(kept, len(cluster_centroids))[clusters]


def _nearness(vectors: Matrix) -> Matrix:
    """Return the cosine of each of a group's members to the centroid of the others."""
    near: Matrix = np.einsum("ij,ij->i", vectors, unit(vectors.sum(axis=0) - vectors))
    return near


def _is_new(centroid: Matrix, model: TopicModel) -> bool:
    if not len(model):
        return True
    return bool((meaning(centroid) @ meaning(model.centroids).T).max() < SAME_MEANING)
