"""The sentences of members that do something: each read alone, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from feedbackminer.keypoints.matching import Encode, Matrix
from feedbackminer.tables import count_once, of_members
from feedbackminer.vectors import to_bytes
from feedbackminer.vocabulary.tags import ASSERTED, FIT, HEADLINES, SAYS, STANDS

DOES_SOMETHING = 0.4  # probability of asserting anything, from which a sentence is read
CHUNK = 2_000  # sentences that are read, and kept, at once
DOES = 0.35  # probability of saying a problem (or else), from which a sentence counts for one
# From which a sentence counts at all, and its clauses are tried: of standing alone, of being fit.
# What says neither who nor what ("How can I do this?") would say many points.
STANDS_ALONE, TELLS = 0.5, 0.15
# Returns chances of sentences, each read alone, shape (sentences, HEADLINES).
Tell = Callable[[Sequence[str]], Matrix]


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


def read_alone(
    rows: pl.DataFrame,
    *,
    tell: Tell,
    encode: Encode,
    read_as: str,
    earlier: pl.DataFrame,
    keep: Callable[[pl.DataFrame], object] = lambda _: None,
) -> pl.DataFrame:
    """Return rows with what is read of their texts; what was read before is not read again.

    Args:
        rows: of ``sentences`` or ``clauses``, up to and with their text.
        tell: tells what sentences that stand alone say.
        encode: returns their unit vectors; it is asked of those that count.
        read_as: a mark of what reads: code, encoder, heads.
        earlier: what was returned at an earlier time.
        keep: called with the rows of each chunk, as soon as they are read.
    """
    same = earlier.filter(pl.col("read_as") == read_as)
    known = same.select("text", "chances", "vector").unique("text", keep="first")
    new = rows.join(known, on="text", how="anti")["text"].unique().sort().to_list()
    of_reading = pl.lit(read_as).alias("read_as")
    for start in range(0, len(new), CHUNK):
        chunk = new[start : start + CHUNK]
        chances = tell(chunk)
        vectors = _vectors(chunk, counts(chances), encode)
        columns = {"text": chunk, "chances": chances.tolist(), "vector": to_bytes(vectors)}
        fresh = pl.DataFrame(columns, schema=known.schema)
        keep(rows.join(fresh, on="text", how="inner").with_columns(of_reading))
        known = pl.concat([known, fresh])
    return rows.join(known, on="text", how="left", maintain_order="left").with_columns(of_reading)


def counts(chances: Matrix) -> NDArray[np.bool_]:
    """Return which sentences are counted for which of ``SAYS``, shape (sentences, SAYS)."""
    stands = chances[:, HEADLINES.index(STANDS)] >= STANDS_ALONE
    tells = stands & (chances[:, HEADLINES.index(FIT)] >= TELLS)
    counted: NDArray[np.bool_] = tells[:, None] & (chances[:, : len(SAYS)] >= DOES)
    return counted


def _vectors(sentences: Sequence[str], counted: NDArray[np.bool_], encode: Encode) -> Matrix:
    """Return vectors of what is counted; the others are compared with nothing, and are zero."""
    rows = np.flatnonzero(counted.any(axis=1))
    encoded = encode([sentences[row] for row in rows.tolist()])
    vectors = np.zeros((len(sentences), encoded.shape[1]), np.float32)
    vectors[rows] = encoded
    return vectors
