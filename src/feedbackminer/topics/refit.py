"""Topics found anew, under the ids that they continue."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from feedbackminer.settings.sections import TopicSettings
from feedbackminer.text.nlp import load_spacy
from feedbackminer.topics import corrections as corrected
from feedbackminer.topics import matching
from feedbackminer.topics.corpus import Corpus
from feedbackminer.topics.features import meaning
from feedbackminer.topics.fit import fit_topics, inhabited, made_again
from feedbackminer.topics.multilabel import further_topics
from feedbackminer.topics.naming.namer import Namer
from feedbackminer.topics.previous import Known, Past, Rows
from feedbackminer.topics.result import State
from feedbackminer.topics.table import Maker, retired
from feedbackminer.vectors import Matrix


def refit_topics(
    corpus: Corpus,
    known: Known,
    past: Past,
    *,
    settings: TopicSettings,
    themes: Mapping[str, Matrix],
    ignore: set[str],
    fitted_as: str,
    run_id: str,
) -> State:
    nlp, notices = load_spacy()
    before = past.alive("topic")
    earlier = past.earlier("topic")
    scale = _scale(before, fitted_as, settings)
    fit = fit_topics(
        corpus,
        settings=settings,
        themes=themes,
        resolution=scale,
        earlier=earlier.labels if scale else None,
    )
    ids = matching.match(fit.labels, meaning(fit.model.centres), earlier)
    missed = corrected.protected(known.corrections) & (set(earlier.ids) - set(ids))
    members = {i: np.flatnonzero(earlier.labels == earlier.ids.index(i)) for i in sorted(missed)}
    again = {topic_id: posts for topic_id, posts in members.items() if len(posts)}
    fit = made_again(fit, corpus, list(again.values()))
    fit, kept = inhabited(fit)
    topic_ids = past.complete([[*ids, *again][topic] for topic in kept], "topic")
    common = {
        "fitted_as": fitted_as,
        "fitted_in": run_id,
        "fitted_on": len(corpus),
        "resolution": fit.resolution,
    }
    namer = Namer.of(corpus, nlp, ignore, len(topic_ids))
    maker = Maker(corpus, past, namer, common, run_id)
    topics = maker.topics(fit, topic_ids)
    parts = maker.subtopics(fit, topics)
    rows = [*maker.themes(fit, topics), *topics, *parts]
    now = {row["topic_id"] for row in rows}
    return State(
        [*rows, *retired([row for row in past.rows if row["topic_id"] not in now])],
        fit.model.words,
        run_id,
        [topic_ids[label] if label >= 0 else None for label in fit.labels],
        [parts[part]["topic_id"] if part >= 0 else None for part in fit.parts],
        fit.scores,
        [(one, topic_ids[one.topic]) for one in further_topics(fit.model, corpus, fit.labels)],
        matching.tell(fit.labels, topic_ids, earlier),
        [*notices, *fit.notices],
    )


def _scale(before: Rows, fitted_as: str, settings: TopicSettings) -> float | None:
    """Return how fine the last fit was, to be so again; None: let the data decide."""
    encoder = fitted_as.split("|")[0]
    is_ours = before and all(row["fitted_as"].split("|")[0] == encoder for row in before)
    return before[0]["resolution"] if is_ours and len(before) <= settings.max_topics else None
