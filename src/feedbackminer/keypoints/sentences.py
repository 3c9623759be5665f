"""The sentences of members that do something: each read alone, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from feedbackminer.keypoints.matching import Encode, Matrix
from feedbackminer.tables import count_once, of_members, single_spaced, words
from feedbackminer.text.product import Product
from feedbackminer.vectors import to_bytes
from feedbackminer.vocabulary.tags import ASSERTED, FIT, HEADLINES, SAYS, STANDS

DOES_SOMETHING = 0.4  # probability of asserting anything, from which a sentence is read
CHUNK = 2_000  # sentences that are read, and kept, at once
DOES = 0.35  # probability of saying a problem (or else), from which a sentence counts for one
# From which a sentence counts at all, and its clauses are tried: of standing alone, of being fit.
# What says neither who nor what ("How can I do this?") would say many points.
STANDS_ALONE, TELLS = 0.5, 0.15
ECHOED = 5  # words of a sentence from which nobody says it again in its thread by chance
# Returns chances of sentences, each read alone, shape (sentences, HEADLINES).
Tell = Callable[[Sequence[str]], Matrix]


def told(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return what members likely assert: post_id, number, text and voice, in order.

    What is denied, over, supposed or another's says no key point, nor does what cleaning changed,
    but for line breaks: a headline stands word for word in its post. Staff, bots, copies and what
    another member's post quotes without a mark are left out.

    Args:
        tables: tags, posts, members and repeats.
    """
    columns = {"text": "sentences", "status": "sentence_statuses", "asserts": "sentence_chances"}
    rows = tables["tags"].select("post_id", **columns).explode(*columns).drop_nulls("text")
    numbered = rows.with_columns(number=pl.int_range(1, pl.len() + 1).over("post_id"))
    asserted = numbered.filter(pl.col("status") == ASSERTED, pl.col("asserts") >= DOES_SOMETHING)
    asserted = asserted.join(
        _echoes(numbered, tables["posts"]), on=["post_id", "number"], how="anti"
    )
    posts = count_once(of_members(tables["posts"], tables["members"]), tables["repeats"])
    own = posts.drop_nulls("author_id").with_columns(stands_in=single_spaced(words()))
    return (
        asserted.join(own, on="post_id", how="inner")
        .filter(pl.col("stands_in").str.contains(single_spaced(pl.col("text")), literal=True))
        .select(
            "post_id",
            "number",
            "text",
            voice=pl.col("author_id").rank("dense").cast(pl.Int64) - 1,
        )
        .sort("post_id", "number")
    )


def _echoes(numbered: pl.DataFrame, posts: pl.DataFrame) -> pl.DataFrame:
    """Return the sentences that somebody else said before in their thread, word for word.

    Whoever has no name is nobody else: it may be the same member.
    """
    who = posts.select("post_id", "thread_id", "created_at", "author_id").drop_nulls("author_id")
    said = pl.col("text").str.to_lowercase().str.extract_all(r"\w+")
    in_order = (
        numbered.select("post_id", "number", said=said)
        .filter(pl.col("said").list.len() >= ECHOED)
        .join(who, on="post_id")
        .sort("created_at", "post_id", "number", nulls_last=True)
    )
    first = pl.col("author_id").first().over("thread_id", "said")
    return in_order.filter(pl.col("author_id") != first).select("post_id", "number")


def read_alone(
    rows: pl.DataFrame,
    *,
    tell: Tell,
    encode: Encode,
    read_as: str,
    product: Product,
    earlier: pl.DataFrame,
    begin: Callable[[pl.DataFrame], object] = lambda _: None,
    keep: Callable[[pl.DataFrame], object] = lambda _: None,
) -> pl.DataFrame:
    """Return rows with what is read of their texts; what was read before is not read again.

    The mark of what reads is for each row: where the product gets a name, or another one, those
    rows that have it are read again.

    Args:
        rows: of ``sentences`` or ``clauses``, up to and with their text.
        tell: tells what sentences that stand alone say.
        encode: returns their unit vectors; it is asked of those that count.
        read_as: a mark of what reads: code, encoder, heads.
        product: whose name a vector tells of praise alone.
        earlier: what was returned at an earlier time.
        begin: called with the rows that were read before.
        keep: called with the rows of each chunk, as soon as they are read.
    """
    marked = rows.with_columns(read_as=_marks(rows["text"].to_list(), read_as, product))
    key = ["text", "read_as"]
    known = earlier.select(*key, "chances", "vector").unique(key, keep="first")
    begin(_read(marked, known, how="inner"))
    new = marked.select(key).unique().join(known, on=key, how="anti").sort(key)
    for chunk in new.iter_slices(CHUNK):
        texts = chunk["text"].to_list()
        chances = tell(texts)
        vectors = _vectors(texts, counts(chances), encode, product)
        fresh = chunk.with_columns(
            chances=pl.Series(chances.tolist(), dtype=known.schema["chances"]),
            vector=pl.Series(to_bytes(vectors), dtype=known.schema["vector"]),
        )
        keep(_read(marked, fresh, how="inner"))
        known = pl.concat([known, fresh])
    return _read(marked, known, how="left")


def _marks(sentences: Sequence[str], read_as: str, product: Product) -> pl.Series:
    """Return for each sentence a mark of all that decides what is read of it."""
    of_named = f"{read_as} without {', '.join(product.names)}"
    marks = [of_named if product.is_in(sentence) else read_as for sentence in sentences]
    return pl.Series(marks, dtype=pl.String)


def _read(
    rows: pl.DataFrame, known: pl.DataFrame, *, how: Literal["inner", "left"]
) -> pl.DataFrame:
    """Return rows with what is known of them, their mark last."""
    columns = [c for c in rows.columns if c != "read_as"]
    read = rows.join(known, on=["text", "read_as"], how=how, maintain_order="left")
    return read.select(*columns, "chances", "vector", "read_as")


def counts(chances: Matrix) -> NDArray[np.bool_]:
    """Return which sentences are counted for which of ``SAYS``, shape (sentences, SAYS)."""
    stands = chances[:, HEADLINES.index(STANDS)] >= STANDS_ALONE
    tells = stands & (chances[:, HEADLINES.index(FIT)] >= TELLS)
    counted: NDArray[np.bool_] = tells[:, None] & (chances[:, : len(SAYS)] >= DOES)
    return counted


def _vectors(
    sentences: Sequence[str],
    counted: NDArray[np.bool_],
    encode: Encode,
    product: Product,
) -> Matrix:
    """Return vectors of what is counted; the others are compared with nothing, and are zero.

    Who praises the product by its name says something else than who praises what they do with it.
    """
    tells_a_matter = (counted & (np.array(SAYS) != "praise")).any(axis=1)
    rows = np.flatnonzero(counted.any(axis=1)).tolist()
    encoded = encode(
        [product.without(sentences[i]) if tells_a_matter[i] else sentences[i] for i in rows]
    )
    vectors = np.zeros((len(sentences), encoded.shape[1]), np.float32)
    vectors[rows] = encoded
    return vectors
