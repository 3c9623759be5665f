"""Vectors of texts, out of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from feedbackminer.engine.run import Run

if TYPE_CHECKING:
    from feedbackminer.embed.encoder import Encoded
    from feedbackminer.embed.encoder import Vectors as Matrix
    from feedbackminer.topics.corpus import Corpus, TopicInput


def read_corpus(run: Run) -> tuple[Corpus, str]:
    """Return what the topics see of each post, and the name of the encoder behind it."""
    from feedbackminer.embed.backends.torch import SentenceEncoder
    from feedbackminer.topics.corpus import read_corpus

    settings = run.project.settings
    encoder = SentenceEncoder(settings.embed).name
    posts = topic_input(run, encoder)
    return read_corpus(posts, thread_weight=settings.topics.thread_weight), encoder


def read_for_replay(run: Run) -> tuple[pl.DataFrame, Matrix, pl.DataFrame]:
    """Return texts, their vectors, and thread and time of each post."""
    from feedbackminer.embed.backends.torch import SentenceEncoder

    encoder = SentenceEncoder(run.project.settings.embed).name
    texts, vectors, _ = texts_with_vectors(run, encoder)
    return texts, vectors, run.project.store.read("posts", ["post_id", "thread_id", "created_at"])


def texts_with_vectors(run: Run, encoder: str) -> tuple[pl.DataFrame, Matrix, pl.Series]:
    """Return the texts, and of each its vector and its thread."""
    store = run.project.store
    texts = store.read("texts")
    thread_ids = store.read("posts", ["post_id", "thread_id"])
    threads = texts.join(thread_ids, on="post_id", how="left", maintain_order="left")
    return texts, matrix_of(run, texts["content_hash"], encoder), threads["thread_id"]


def topic_input(run: Run, encoder: str) -> TopicInput:
    """Return the texts with all that the topics want to know of them."""
    from feedbackminer.topics.corpus import TopicInput

    texts, vectors, threads = texts_with_vectors(run, encoder)
    store = run.project.store
    segments = store.read("segments")
    return TopicInput(
        texts=texts,
        vectors=vectors,
        threads=threads,
        repeats=store.read("repeats"),
        segments=segments,
        segment_vectors=matrix_of(run, segments["content_hash"], encoder),
    )


def matrix_of(run: Run, hashes: pl.Series, encoder: str) -> Matrix:
    """Return the vectors of texts, one row each."""
    return encoded_texts(run, hashes, encoder).vectors


def encoded_texts(run: Run, hashes: pl.Series, encoder: str) -> Encoded:
    """Return what the encoder told of texts, one row each."""
    from feedbackminer.embed.encoder import Encoded
    from feedbackminer.vectors import from_bytes

    known = stored_vectors(run, hashes.unique(), encoder)
    wanted = hashes.to_frame()
    aligned = wanted.join(known, on="content_hash", how="left", maintain_order="left")
    return Encoded(from_bytes(aligned["vector"].to_list()), from_bytes(aligned["middle"].to_list()))


def stored_vectors(run: Run, hashes: pl.Series, encoder: str) -> pl.DataFrame:
    keys = hashes.to_frame().with_columns(encoder=pl.lit(encoder))
    return run.project.store.select("vectors", keys)
