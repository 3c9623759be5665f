"""Texts as the tables that stages read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from feedbackminer.embed.encoder import Encoded, Encoder
from feedbackminer.tables import Texts, check, column_types


def as_texts(said: dict[int, str]) -> pl.DataFrame:
    """Return texts as the ``texts`` table, each a thread of its own."""
    from feedbackminer.text.words import count_words

    rows = [
        {
            "post_id": row_id(number),
            "text": text,
            "language": "und",
            "n_words": max(1, count_words(text)),
            "truncated": False,
            "content_hash": f"row-{row_id(number)}",
        }
        for number, text in said.items()
    ]
    return check(pl.DataFrame(rows, schema=column_types(Texts)), Texts, where="topics fit")


def row_id(number: int) -> str:
    return f"{number:016d}"


def encode_once(said: Sequence[str], encoder: Encoder) -> Encoded:
    """Encode texts, equal ones once."""
    if not said:
        return encoder.encode([])
    distinct, place = np.unique(np.array(said, dtype=object), return_inverse=True)
    told = encoder.encode(distinct.tolist())
    return Encoded(told.vectors[place], told.layer_mean[place])


def find_file_repeats(texts: pl.DataFrame) -> pl.DataFrame:
    """Return which texts repeat an earlier one; who wrote them is not known."""
    from feedbackminer.clean.duplicates import find_repeats

    nobody = {"author_id": pl.lit(None, pl.String), "created_at": pl.lit(None, pl.Datetime)}
    return find_repeats(texts, texts.select("post_id", source=pl.lit("file"), **nobody))
