"""The stage: texts to tags, by a :class:`Tagger`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import dataframely as dy
import numpy as np
import polars as pl

from feedbackminer.accounts import Account
from feedbackminer.tables import Tags, Texts, check, column_types, passage
from feedbackminer.tagging.features import STATE, Matrix
from feedbackminer.tagging.tagger import Sentence, Tag, Tagger, Text
from feedbackminer.text.sentences import quotable, split
from feedbackminer.vocabulary.tags import ANSWERS, PROBLEMS

STAGE = "tag"
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


@dataclass(frozen=True)
class Tagged:
    """Tags, one row per text."""

    tags: dy.DataFrame[Tags]
    account: Account


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
    sentences_of = list(split(passages))
    states = encoded.sentences or [NO_STATES] * len(passages)
    columns = (
        passages, texts["language"], are_reviews, ratings or [None] * len(passages), sentences_of,
        encoded.vectors, encoded.layer_mean, states,
    )  # fmt: skip
    return [
        Text(
            passage=passage,
            language=language,
            is_review=is_review,
            rating=rating,
            sentences=sentences,
            vector=vector,
            layer_mean=layer_mean,
            states=state if len(state) == len(sentences) else _unread(len(sentences)),
        )
        for passage, language, is_review, rating, sentences, vector, layer_mean, state in zip(
            *columns, strict=True
        )
    ]


def _unread(n_sentences: int) -> Matrix:
    """Return states of sentences of which the encoder tells nothing."""
    return np.full((n_sentences, STATE), np.nan, np.float32)


def tag_texts(
    post_ids: Sequence[str],
    texts: Sequence[Text],
    *,
    tagger: Tagger,
    labels: pl.DataFrame | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> Tagged:
    """Tag every text.

    Args:
        labels: people's labels of posts, which count instead of what the tagger says.
        progress: called with the number of texts done since the last call.
    """
    label_of = {row["post_id"]: row for row in labels.to_dicts()} if labels is not None else {}
    rows = []
    for post_id, tag in zip(post_ids, tagger.tag(texts), strict=True):
        rows.append(_corrected(_row(post_id, tag), label_of.get(post_id)))
        progress(1)
    frame = pl.DataFrame(rows, schema=column_types(Tags)).with_columns(tagger=pl.lit(tagger.name))
    tags = check(frame, Tags, where=STAGE)
    return Tagged(tags, Account(STAGE, len(texts), len(tags)))


def shown(sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
    """Return the sentences of a post that can be quoted, the first of many."""
    return tuple(sentence for sentence in sentences if quotable(sentence.text))[:MAX_SENTENCES]


def _row(post_id: str, tag: Tag) -> dict[str, Any]:
    sentences = shown(tag.sentences)
    return {
        "post_id": post_id,
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
    }


def _corrected(row: dict[str, Any], label: Mapping[str, Any] | None) -> dict[str, Any]:
    """Let a person's label of a post count instead of what the tagger says."""
    if label is None:
        return row
    by_person = {name: label[name] for name in ANSWERS if label[name] is not None}

    settled = {"sentiment"} if "sentiment" in by_person else set()
    settled |= {*row["unsure"]} - {"sentiment", "severity"} if "kinds" in by_person else set()
    settled |= {"severity"} if {"severity", "kinds"} & set(by_person) else set()
    unsure = [name for name in row["unsure"] if name not in settled]

    row = row | by_person | {"unsure": unsure, "by_human": True}
    is_problem = "severity" in by_person or set(row["kinds"]) & set(PROBLEMS)
    return row | {"severity": (row["severity"] or None) if is_problem else None}
