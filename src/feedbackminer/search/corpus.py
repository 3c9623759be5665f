"""What is searched: each post of a member once, with its words, its thread and its vectors.

It is built in memory. On disk it would be one more place with members' words, for an erasure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from feedbackminer.tables import count_once, of_members
from feedbackminer.vectors import Matrix, from_bytes


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Posts of members, copies once, in order of id.

    Attributes:
        posts: post_id, thread_id, voice (null: nobody known), created_at, url, body, thread (its
            title), language, n_words; ``words`` and ``heading`` are text and title in lower case.
        vectors: unit vectors of passages, whole texts and parts of long ones, one row each.
        rows: of which row of ``posts`` each is.
        n_without_vector: posts that are found by their words alone.
    """

    posts: pl.DataFrame
    vectors: Matrix
    rows: NDArray[np.int64]
    n_without_vector: int


def build_corpus(tables: Mapping[str, pl.DataFrame]) -> Corpus:
    """Return what is searched.

    Args:
        tables: posts, texts, members, repeats, threads and segments, and the vectors of one
            encoder.
    """
    posts = _posts(tables).with_row_index("row")
    passages = pl.concat(
        [
            posts.select("row", "content_hash"),
            tables["segments"]
            .select("post_id", "content_hash")
            .join(posts.select("row", "post_id"), on="post_id")
            .select("row", "content_hash"),
        ]
    ).join(tables["vectors"].select("content_hash", "vector"), on="content_hash", how="inner")
    return Corpus(
        posts=posts.drop("row", "content_hash"),
        vectors=from_bytes(passages["vector"].to_list()),
        rows=passages["row"].to_numpy().astype(np.int64),
        n_without_vector=len(posts) - passages["row"].n_unique(),
    )


def _posts(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    voices = count_once(of_members(tables["posts"], tables["members"]), tables["repeats"])
    texts = tables["texts"].select(
        "post_id", "content_hash", "language", "n_words", "text", opens="title"
    )
    titles = tables["threads"].select("thread_id", thread="title")
    heading = pl.coalesce("opens", "thread").fill_null("")
    return (
        voices.join(texts, on="post_id", how="inner")
        .join(titles, on="thread_id", how="left")
        .sort("post_id")
        .select(
            "post_id", "thread_id", "created_at", "url", "body", "language", "n_words",
            "content_hash",
            voice="author_id",
            thread=heading,
            words=pl.col("text").str.to_lowercase(),
            heading=heading.str.to_lowercase(),
        )
    )  # fmt: skip
