"""The sentences of members that do something: each read alone, once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from feedbackminer.tables import Sentences, check, column_types
from feedbackminer.vectors import to_bytes
from feedbackminer.vocabulary.tags import ASSERTED

STAGE = "keypoints"
DOES_SOMETHING = 0.4  # probability of asserting anything, from which a sentence is read
Matrix = NDArray[np.float32]
# Returns of sentences, each read alone: unit vectors, and chances, shape (sentences, HEADLINES).
Read = Callable[[Sequence[str]], tuple[Matrix, Matrix]]


def read_sentences(
    tags: pl.DataFrame,
    *,
    read: Read,
    read_as: str,
    earlier: pl.DataFrame,
) -> dy.DataFrame[Sentences]:
    """Return the sentences that do something; what was read before is not read again.

    Args:
        tags: the ``tags`` table.
        read: reads sentences that stand alone.
        read_as: a mark of what reads: code, encoder, heads.
        earlier: sentences of an earlier time.
    """
    told = _told(tags)
    known = (
        earlier.filter(pl.col("read_as") == read_as)
        .select("text", "chances", "vector")
        .unique("text", keep="any")
    )
    new = told.join(known, on="text", how="anti")["text"].unique().sort().to_list()
    if new:
        vectors, chances = read(new)
        fresh = {"text": new, "chances": chances.tolist(), "vector": to_bytes(vectors)}
        known = pl.concat([known, pl.DataFrame(fresh, schema=known.schema)])
    rows = told.join(known, on="text", how="left", maintain_order="left")
    return check(rows.with_columns(read_as=pl.lit(read_as)), Sentences, where=STAGE)


def no_sentences() -> pl.DataFrame:
    """Return an empty table."""
    return pl.DataFrame(schema=column_types(Sentences))


def _told(tags: pl.DataFrame) -> pl.DataFrame:
    """Return post_id, number and text of sentences that likely assert something, now and by
    their writer: what is denied, over, supposed or another's says no key point.
    """
    columns = {
        "text": "sentences",
        "status": "sentence_statuses",
        "asserts": "sentence_chances",
    }
    rows = tags.select("post_id", **columns).explode(*columns).drop_nulls("text")
    numbered = rows.with_columns(number=pl.int_range(1, pl.len() + 1).over("post_id"))
    asserted = (pl.col("status") == ASSERTED) & (pl.col("asserts") >= DOES_SOMETHING)
    return numbered.filter(asserted).select("post_id", "number", "text")
