"""The stage: texts to vectors, in batches that can be stored as they come."""

from __future__ import annotations

from collections.abc import Iterator

import dataframely as dy
import polars as pl

from feedbackminer.embed.encoder import NO_STATES, Encoder
from feedbackminer.privacy.names import PSEUDONYM
from feedbackminer.tables import Segments, Texts, Vectors, check, passage
from feedbackminer.vectors import to_bytes

STAGE = "embed"
CHUNK = 2_048  # texts between two writes: what a killed run loses at most


def missing(
    texts: pl.DataFrame, segments: pl.DataFrame, encoded_hashes: pl.Series | None = None
) -> pl.DataFrame:
    """Return each ``passage`` whose content hash is not among the encoded ones, once.

    Passages are whole texts, and parts of long ones.
    """
    texts, segments = check(texts, Texts, where=STAGE), check(segments, Segments, where=STAGE)
    whole = texts.select("content_hash", passage=encoded(passage()))
    parts = segments.select("content_hash", passage=encoded(pl.col("text")))
    passages = pl.concat([whole, parts])
    if encoded_hashes is not None:
        is_new = ~pl.col("content_hash").is_in(encoded_hashes.implode())
        passages = passages.filter(is_new)
    return passages.unique("content_hash", keep="first", maintain_order=True)


def embed_passages(passages: pl.DataFrame, *, encoder: Encoder) -> Iterator[dy.DataFrame[Vectors]]:
    """Yield the vectors of distinct passages, longest first, chunk by chunk."""
    ordered = passages.sort(pl.col("passage").str.len_chars(), descending=True, maintain_order=True)
    for chunk in ordered.iter_slices(CHUNK):
        result = encoder.encode(chunk["passage"].to_list())
        states = result.sentences or (NO_STATES,) * len(chunk)
        frame = chunk.select("content_hash").with_columns(
            encoder=pl.lit(encoder.name),
            vector=pl.Series(to_bytes(result.vectors), dtype=pl.Binary),
            # The column keeps its first name: under another, all texts would be encoded again.
            middle=pl.Series(to_bytes(result.layer_mean), dtype=pl.Binary),
            sentences=pl.Series(to_bytes(states), dtype=pl.Binary),
        )
        yield check(frame, Vectors, where=STAGE)


def encoded(passages: pl.Expr) -> pl.Expr:
    """What is encoded of a text: all of it, but every pseudonym is one word.

    Pseudonyms differ from project to project, and the topics should not. Vectors are known by the
    hash of the text: whoever changes this has to give encoders another name.
    """
    return passages.str.replace_all(PSEUDONYM.pattern, "somebody")
