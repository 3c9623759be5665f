"""The stage: texts to vectors, in batches that can be stored as they come."""

from __future__ import annotations

from collections.abc import Iterator

import dataframely as dy
import numpy as np
import polars as pl

from feedbackminer.embed.encoders import Encoder
from feedbackminer.embed.encoders import Vectors as Matrix
from feedbackminer.tables import Texts, Vectors, check

STAGE = "embed"
CHUNK = 2_048  # texts between two writes: what a killed run loses at most
_PER_CHARS = 64  # texts this alike in length share a batch


def embed_texts(
    texts: pl.DataFrame, known_hashes: pl.Series, *, encoder: Encoder
) -> Iterator[dy.DataFrame[Vectors]]:
    """Yield vectors of the distinct texts whose hash is not known yet, chunk by chunk.

    Args:
        texts: the ``texts`` table.
        known_hashes: content hashes that have a vector of this encoder already.
    """
    texts = check(texts, Texts, where=STAGE)
    todo = texts.filter(~pl.col("content_hash").is_in(known_hashes.implode())).unique(
        "content_hash", keep="first", maintain_order=True
    )
    passages = todo.select("content_hash", passage=passage())
    by_length = passages.sort(pl.col("passage").str.len_chars() // _PER_CHARS, descending=True, maintain_order=True)
    for chunk in by_length.iter_slices(CHUNK):
        vectors = encoder.encode(chunk["passage"].to_list())
        frame = chunk.select("content_hash").with_columns(
            encoder=pl.lit(encoder.name), vector=pl.Series(_to_bytes(vectors), dtype=pl.Binary)
        )
        yield check(frame, Vectors, where=STAGE)


def passage() -> pl.Expr:
    """What is encoded of a post: its title, where it opens a thread, and its text."""
    return pl.concat_str("title", "text", separator="\n", ignore_nulls=True)


def to_matrix(vectors: pl.Series) -> Matrix:
    """Return stored vectors as a float32 matrix, one row each."""
    if not len(vectors):
        return np.zeros((0, 0), dtype=np.float32)
    joined = b"".join(vectors.to_list())
    return np.frombuffer(joined, dtype="<f2").reshape(len(vectors), -1).astype(np.float32)


def _to_bytes(vectors: Matrix) -> list[bytes]:
    return [row.tobytes() for row in vectors.astype("<f2")]
