"""The stage: texts to tags, by a :class:`Tagger`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import dataframely as dy
import numpy as np
import polars as pl

from feedbackminer.tables import Tags, Texts, check, column_types, passage
from feedbackminer.tagging.features import STATE, Matrix
from feedbackminer.tagging.tagger import Sentence, Tag, Tagger, Text
from feedbackminer.text.sentences import find_spans, quotable
from feedbackminer.vocabulary.tags import ANSWERS, ASSERTED, KINDS, PROBLEMS

STAGE = "tag"
CHUNK = 2_048  # texts between two writes: what a killed run loses at most
NO_STATES: Matrix = np.zeros((0, STATE), np.float32)
MAX_SENTENCES = 12  # quotable sentences kept per post


class ReadByEncoder(Protocol):
    """What an encoder tells of texts, one row each; see :class:`embed.encoder.Encoded`."""

    @property
    def vectors(self) -> Matrix: ...
    @property
    def layer_mean(self) -> Matrix: ...
    @property
    def sentences(self) -> Sequence[Matrix]: ...


def read_texts(
    texts: pl.DataFrame,
    encoded: ReadByEncoder,
    are_reviews: Sequence[bool],
    ratings: Sequence[float | None] | None = None,
) -> list[Text]:
    """Return texts as taggers read them.

    Args:
        texts: the ``texts`` table; of each ``encoded`` has a row.
        are_reviews: whether each is a review of an app.
        ratings: the stars that each came with, where it did.
    """
    texts = check(texts, Texts, where=STAGE)
    passages = texts.select(passage()).to_series().to_list()
    states = encoded.sentences or [NO_STATES] * len(passages)
    columns = (
        passages, texts["language"], are_reviews, ratings or [None] * len(passages),
        find_spans(passages), encoded.vectors, encoded.layer_mean, states,
    )  # fmt: skip
    return [
        Text(
            passage=passage,
            language=language,
            is_review=is_review,
            rating=rating,
            sentences=[passage[start:end] for start, end in where],
            spans=where,
            vector=vector,
            layer_mean=layer_mean,
            states=state if len(state) == len(where) else _unread(len(where)),
        )
        for passage, language, is_review, rating, where, vector, layer_mean, state in zip(
            *columns, strict=True
        )
    ]


def _unread(n_sentences: int) -> Matrix:
    """Return states of sentences of which the encoder tells nothing."""
    return np.full((n_sentences, STATE), np.nan, np.float32)


def marks(texts: pl.DataFrame, *, readers: Sequence[str]) -> pl.DataFrame:
    """Return ``post_id``, ``content_hash`` and, as ``read_as``, a mark of all that decides tags.

    Args:
        texts: the ``texts`` table, each with the ``rating`` that it came with, where it did.
        readers: names of whatever reads texts: code, encoder, tagger.
    """
    by = hashlib.sha256("\n".join(readers).encode()).hexdigest()[:16]
    rows = texts.select("post_id", "content_hash", "language", "rating").iter_rows()
    marked = [
        (post_id, content_hash, f"{by}:{content_hash}:{language}:{rating}")
        for post_id, content_hash, language, rating in rows
    ]
    columns = ("post_id", "content_hash", "read_as")
    return pl.DataFrame(marked, schema=dict.fromkeys(columns, pl.String), orient="row")


def tag_texts(
    post_ids: Sequence[str],
    texts: Sequence[Text],
    *,
    tagger: Tagger,
    labels: pl.DataFrame | None = None,
    read_as: Sequence[str] | None = None,
) -> dy.DataFrame[Tags]:
    """Tag every text.

    Args:
        labels: people's labels of posts, which count instead of what the tagger says.
        read_as: the mark of each text.
    """
    label_of = {row["post_id"]: row for row in labels.to_dicts()} if labels is not None else {}
    rows = []
    columns = (post_ids, texts, tagger.tag(texts), read_as or [""] * len(post_ids))
    for post_id, text, tag, mark in zip(*columns, strict=True):
        made = _row(post_id, text, tag) | {"tagger": tagger.name, "read_as": mark}
        rows.append(_corrected(made, label_of.get(post_id)))
    return check(pl.DataFrame(rows, schema=column_types(Tags)), Tags, where=STAGE)


def still_right(earlier: pl.DataFrame, marked: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """Return the earlier tags of posts that would be read as they were, and nobody corrected.

    Args:
        marked: what :func:`marks` returns of the texts there are.
        labels: people's labels of posts.
    """
    same = earlier.join(marked, on=["post_id", "read_as"], how="semi")
    return same.filter(~pl.col("by_human")).join(labels, on="post_id", how="anti")


def shown(sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
    """Return the sentences of a post that can be quoted, the first of many."""
    return tuple(sentence for sentence in sentences if quotable(sentence.text))[:MAX_SENTENCES]


def _row(post_id: str, text: Text, tag: Tag) -> dict[str, Any]:
    sentences = shown(tag.sentences)
    return {
        "post_id": post_id,
        "spans": [place for span in text.spans for place in span],
        "sentiment": tag.sentiment.label,
        "sentiment_score": tag.sentiment.score,
        "sentiment_chances": list(tag.sentiment.chances),
        "kinds": list(tag.kinds),
        "kind_chances": list(tag.kind_chances),
        "kind_statuses": list(tag.statuses),
        "experience": tag.experience.label,
        "experience_chances": list(tag.experience.chances),
        "unsure": list(tag.unsure),
        "severity": tag.severity,
        "by_human": False,
        "sentences": [sentence.text for sentence in sentences],
        "sentence_kinds": [" ".join(sentence.kinds) for sentence in sentences],
        "sentence_statuses": [sentence.status for sentence in sentences],
        "sentence_scores": [sentence.score for sentence in sentences],
        "sentence_chances": [sentence.asserts for sentence in sentences],
    }


def _corrected(row: dict[str, Any], label: Mapping[str, Any] | None) -> dict[str, Any]:
    """Let a person's label of a post count instead of what the tagger says."""
    if label is None:
        return row
    by_person = {name: label[name] for name in ANSWERS if label[name] is not None}
    if "kinds" in by_person:
        is_named = [kind in by_person["kinds"] for kind in KINDS]
        by_person["kind_chances"] = list(map(float, is_named))
        by_person["kind_statuses"] = [ASSERTED if named else "" for named in is_named]

    settled = {"sentiment"} if "sentiment" in by_person else set()
    settled |= set(KINDS) if "kinds" in by_person else set()
    settled |= {"severity"} if {"severity", "kinds"} & set(by_person) else set()
    unsure = [name for name in row["unsure"] if name not in settled]

    row = row | by_person | {"unsure": unsure, "by_human": True}
    is_problem = "severity" in by_person or set(row["kinds"]) & set(PROBLEMS)
    return row | {"severity": (row["severity"] or None) if is_problem else None}
