"""The sentences of members that do something: each read alone, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from feedbackminer.tables import Sentences, column_types, count_once, of_members
from feedbackminer.vectors import to_bytes
from feedbackminer.vocabulary.tags import ASSERTED

DOES_SOMETHING = 0.4  # probability of asserting anything, from which a sentence is read
CHUNK = 2_000  # sentences that are read, and kept, at once
Matrix = NDArray[np.float32]
# Returns of sentences, each read alone: unit vectors, and chances, shape (sentences, HEADLINES).
Read = Callable[[Sequence[str]], tuple[Matrix, Matrix]]


def told(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return what members likely assert: post_id, number, text and voice, in order.

    What is denied, over, supposed or another's says no key point, nor does what cleaning changed:
    a headline stands word for word in its post. Staff, bots and copies are left out.

    Args:
        tables: tags, posts, members and repeats.
    """
    columns = {"text": "sentences", "status": "sentence_statuses", "asserts": "sentence_chances"}
    rows = tables["tags"].select("post_id", **columns).explode(*columns).drop_nulls("text")
    numbered = rows.with_columns(number=pl.int_range(1, pl.len() + 1).over("post_id"))
    asserted = numbered.filter(pl.col("status") == ASSERTED, pl.col("asserts") >= DOES_SOMETHING)
    posts = count_once(of_members(tables["posts"], tables["members"]), tables["repeats"])
    is_there = pl.any_horizontal(
        pl.col(column).fill_null("").str.contains(pl.col("text"), literal=True)
        for column in ("body", "title")
    )
    return (
        asserted.join(posts.drop_nulls("author_id"), on="post_id", how="inner")
        .filter(is_there)
        .select(
            "post_id",
            "number",
            "text",
            voice=pl.col("author_id").rank("dense").cast(pl.Int64) - 1,
        )
        .sort("post_id", "number")
    )


def read_sentences(
    rows: pl.DataFrame,
    *,
    read: Read,
    read_as: str,
    earlier: pl.DataFrame,
    keep: Callable[[pl.DataFrame], object] = lambda _: None,
) -> pl.DataFrame:
    """Return ``sentences`` of rows; what was read before is not read again.

    Args:
        rows: what :func:`told` returns.
        read: reads sentences that stand alone.
        read_as: a mark of what reads: code, encoder, heads.
        earlier: sentences of an earlier time.
        keep: called with the rows of each chunk, as soon as they are read.
    """
    same = earlier.filter(pl.col("read_as") == read_as)
    known = same.select("text", "chances", "vector").unique("text", keep="first")
    new = rows.join(known, on="text", how="anti")["text"].unique().sort().to_list()
    for start in range(0, len(new), CHUNK):
        chunk = new[start : start + CHUNK]
        vectors, chances = read(chunk)
        columns = {"text": chunk, "chances": chances.tolist(), "vector": to_bytes(vectors)}
        fresh = pl.DataFrame(columns, schema=known.schema)
        keep(_with_reading(rows.join(fresh, on="text", how="inner"), read_as))
        known = pl.concat([known, fresh])
    return _with_reading(rows.join(known, on="text", how="left", maintain_order="left"), read_as)


def _with_reading(rows: pl.DataFrame, read_as: str) -> pl.DataFrame:
    return rows.with_columns(read_as=pl.lit(read_as)).select(list(column_types(Sentences)))
