"""Topics found anew, under the ids that they continue."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from feedbackminer.settings.sections import TopicSettings
from feedbackminer.topics import matching
from feedbackminer.topics.corpus import Corpus
from feedbackminer.topics.features import meaning
from feedbackminer.topics.fit import Fit, drop_empty, fit_topics, restore_pinned
from feedbackminer.topics.labels import UNSORTED, Labels
from feedbackminer.topics.matching import PreviousLabels
from feedbackminer.topics.multilabel import secondary_topics
from feedbackminer.topics.previous import PreviousTopics
from feedbackminer.topics.topic_set import FitRecord, Level, Provenance, TopicSet
from feedbackminer.vectors import Matrix, centroids


def refit_topics(
    corpus: Corpus,
    previous: PreviousTopics,
    *,
    settings: TopicSettings,
    provenance: Provenance,
    themes: Mapping[str, Matrix],
) -> TopicSet:
    """Find topics anew; those that continue earlier ones keep the ids of these.

    Args:
        themes: name -> vectors of the examples of a theme that the company uses.
    """
    before = previous.labels("topic")
    resolution = _resolution(previous, settings, provenance.encoder)
    fit = fit_topics(
        corpus,
        settings=settings,
        themes=themes,
        resolution=resolution,
        previous=before.labels if resolution else None,
    )

    matched = matching.match(fit.labels, meaning(fit.model.centroids), before)
    missed = _members(before, previous.protected() - set(matched))
    fit, kept = drop_empty(restore_pinned(fit, corpus, list(missed.values())))
    ids = previous.complete_ids([[*matched, *missed][topic] for topic in kept], "topic")

    fitted_as = provenance.fitted_as(settings)
    record = FitRecord(fitted_as, provenance.run_id, len(corpus), fit.resolution)
    post_of = corpus.parts.post_of
    return TopicSet(
        model=fit.model,
        themes=_themes(fit, previous),
        topics=Level(ids, fit.labels, fit.themes, fit.model.centroids),
        subtopics=_subtopics(fit, previous),
        scores=fit.scores,
        secondary=secondary_topics(fit.model, fit.features.parts, post_of, fit.labels),
        record=record,
        stability=fit.stability.tolist(),
        given_names=fit.names,
        events=matching.lineage_events(fit.labels, ids, before),
        notices=fit.notices,
    )


def _members(before: PreviousLabels, topic_ids: set[str]) -> dict[str, Labels]:
    """Return the posts of some of the earlier topics, in order of ids; none that has no post."""
    members = {
        topic_id: np.flatnonzero(before.labels == before.ids.index(topic_id))
        for topic_id in sorted(topic_ids & set(before.ids))
    }
    return {topic_id: posts for topic_id, posts in members.items() if len(posts)}


def _themes(fit: Fit, previous: PreviousTopics) -> Level:
    labels = np.append(fit.themes, UNSORTED)[fit.labels]
    theme_centroids = centroids(fit.model.centroids, fit.themes)
    ids = previous.continue_ids("theme", labels, theme_centroids)
    return Level(ids, labels, np.full(len(ids), UNSORTED), theme_centroids)


def _subtopics(fit: Fit, previous: PreviousTopics) -> Level:
    subtopics = fit.subtopics
    ids = previous.continue_ids("subtopic", subtopics.labels, subtopics.centroids)
    return Level(ids, subtopics.labels, subtopics.parents, subtopics.centroids)


def _resolution(previous: PreviousTopics, settings: TopicSettings, encoder: str) -> float | None:
    """Return how fine the last fit was, to be so again; None: let the data decide."""
    rows = previous.alive("topic")
    is_same_encoder = rows and all(row["fitted_as"].rsplit("|", 1)[0] == encoder for row in rows)
    return rows[0]["resolution"] if is_same_encoder and len(rows) <= settings.max_topics else None
