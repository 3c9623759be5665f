"""Vectors of texts, out of the tables of a project."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
import polars as pl

from feedbackminer.errors import StoreError

if TYPE_CHECKING:
    from feedbackminer.embed.encoder import Encoded
    from feedbackminer.engine.run import Run
    from feedbackminer.tagging.extract import Sentence
    from feedbackminer.topics.corpus import Corpus, TopicInput
    from feedbackminer.vectors import Matrix

CHUNK = 10_000  # posts of which sentences are read at once


class Tables(Protocol):
    """Whatever tables can be read from: a store, or what a stage may see of it."""

    def read(self, name: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Return a table."""

    def select(self, name: str, keys: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of a table whose key columns stand in ``keys``."""


def read_corpus(run: Run) -> tuple[Corpus, str]:
    """Return what the topics see of each post, and the name of the encoder behind it."""
    from feedbackminer.topics.corpus import read_corpus

    store, encoder = run.project.store, run.models.encoder_name
    weight = run.project.settings.topics.thread_weight
    return read_corpus(topic_input(store, encoder), thread_weight=weight), encoder


def read_for_replay(run: Run) -> tuple[pl.DataFrame, Matrix, pl.DataFrame]:
    """Return texts, their vectors, and thread and time of each post."""
    store = run.project.store
    texts, vectors, _ = texts_with_vectors(store, run.models.encoder_name)
    return texts, vectors, store.read("posts", ["post_id", "thread_id", "created_at"])


def texts_with_vectors(tables: Tables, encoder: str) -> tuple[pl.DataFrame, Matrix, pl.Series]:
    """Return the texts, and of each its vector and its thread."""
    texts = tables.read("texts")
    thread_ids = tables.read("posts", ["post_id", "thread_id"])
    threads = texts.join(thread_ids, on="post_id", how="left", maintain_order="left")
    return texts, matrix_of(tables, texts["content_hash"], encoder), threads["thread_id"]


def topic_input(tables: Tables, encoder: str) -> TopicInput:
    """Return the texts with all that the topics want to know of them."""
    from feedbackminer.topics.corpus import TopicInput

    texts, vectors, threads = texts_with_vectors(tables, encoder)
    segments = tables.read("segments")
    return TopicInput(
        texts=texts,
        vectors=vectors,
        threads=threads,
        repeats=tables.read("repeats"),
        segments=segments,
        segment_vectors=matrix_of(tables, segments["content_hash"], encoder),
    )


def matrix_of(tables: Tables, hashes: pl.Series, encoder: str) -> Matrix:
    """Return the vectors of texts, one row each; shape (len(hashes), dimensions).

    Raises:
        StoreError: some have none.
    """
    from feedbackminer.vectors import from_column

    return from_column(_aligned(tables, hashes, encoder)["vector"])


def encoded_texts(tables: Tables, hashes: pl.Series, encoder: str) -> Encoded:
    """Return what the encoder told of texts, one row each.

    Raises:
        StoreError: some have no vector: the table ``vectors`` was removed or cut.
    """
    from feedbackminer.embed.encoder import STATE, Encoded
    from feedbackminer.vectors import from_column, matrices

    aligned = _aligned(tables, hashes, encoder)
    return Encoded(
        from_column(aligned["vector"]),
        from_column(aligned["middle"]),
        matrices(aligned["sentences"].to_list(), STATE),
    )


def states_of(
    tables: Tables, texts: pl.DataFrame, encoder: str, sentences: Sequence[Sentence]
) -> Matrix:
    """Return what the encoder told of sentences, shape (sentences, STATE); nan where of none.

    Args:
        texts: the ``texts`` table, which has their posts.
    """
    from feedbackminer.embed.encoder import STATE
    from feedbackminer.vectors import matrices

    rows_of: dict[str, list[int]] = {}
    for row, sentence in enumerate(sentences):
        rows_of.setdefault(sentence.post_id, []).append(row)
    states = np.full((len(sentences), STATE), np.nan, np.float32)
    asked = texts.filter(pl.col("post_id").is_in(list(rows_of)))
    for some in asked.iter_slices(CHUNK):
        stored = _aligned(tables, some["content_hash"], encoder)["sentences"].to_list()
        for post_id, of_post in zip(some["post_id"], matrices(stored, STATE), strict=True):
            rows = [row for row in rows_of[post_id] if sentences[row].n_sentences == len(of_post)]
            states[rows] = of_post[[sentences[row].number - 1 for row in rows]]
    return states


def _aligned(tables: Tables, hashes: pl.Series, encoder: str) -> pl.DataFrame:
    """Return the rows of ``vectors`` that texts have, one each, in their order."""
    stored = stored_vectors(tables, hashes.unique(), encoder)
    aligned = hashes.to_frame().join(stored, on="content_hash", how="left", maintain_order="left")
    if missing := aligned["vector"].null_count():
        raise StoreError(
            f"vectors: {missing:,} of {len(aligned):,} texts have none of encoder {encoder!r}; "
            "`feedbackminer mine` encodes what is missing"
        )
    return aligned


def stored_vectors(tables: Tables, hashes: pl.Series, encoder: str) -> pl.DataFrame:
    """Return the rows of ``vectors`` of some content hashes."""
    return tables.select("vectors", hashes.to_frame().with_columns(encoder=pl.lit(encoder)))
