"""What people hold texts and posts in, as rows and as the tables that stages read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from feedbackminer.collect.rows import Row
from feedbackminer.embed.encoder import Encoded, Encoder
from feedbackminer.errors import InputError
from feedbackminer.tables import Texts, check, column_types


def as_rows(data: Any) -> list[Row]:
    """Return posts as the rows of an export.

    Args:
        data: a pandas, Polars or Arrow table, an iterable of mappings, or of strings: the bodies.
            A named index of pandas is a column like any other.
    Raises:
        InputError: it is none of these, or it has no rows.
    """
    items = list(_items(data))
    if not items:
        raise InputError("the data has no rows; want one post per row")
    return [Row(f"row {number}", _values(item, number)) for number, item in enumerate(items, 1)]


def as_strings(texts: Any) -> list[str]:
    """Return texts as strings, the missing ones empty.

    Args:
        texts: an iterable of strings, such as a list or a column of a table.
    Raises:
        InputError: it is one string, or one of them is something else.
    """
    if isinstance(texts, str | bytes | Mapping) or not isinstance(texts, Iterable):
        raise InputError(f"want a list of texts, got {type(texts).__name__}")
    strings = []
    for number, text in enumerate(texts, 1):
        value = _present(text)
        if not isinstance(value, str | None):
            raise InputError(f"text {number}: want a string, got {type(value).__name__}")
        strings.append((value or "").strip())
    return strings


def as_texts(passages: Mapping[int, str]) -> pl.DataFrame:
    """Return texts by their number as the ``texts`` table, each a thread of its own."""
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
        for number, text in passages.items()
    ]
    return check(pl.DataFrame(rows, schema=column_types(Texts)), Texts, where="texts")


def row_id(number: int) -> str:
    """Return the id of the text of that number; ids sort as numbers do."""
    return f"{number:016d}"


def encode_once(passages: Sequence[str], encoder: Encoder) -> Encoded:
    """Encode texts, equal ones once; one row each."""
    if not passages:
        return encoder.encode([])
    distinct, positions = np.unique(np.array(passages, dtype=object), return_inverse=True)
    encoded = encoder.encode(distinct.tolist())
    return Encoded(encoded.vectors[positions], encoded.layer_mean[positions])


def find_file_repeats(texts: pl.DataFrame) -> pl.DataFrame:
    """Return which texts repeat an earlier one; who wrote them is not known."""
    from feedbackminer.clean.duplicates import find_repeats

    nobody = {"author_id": pl.lit(None, pl.String), "created_at": pl.lit(None, pl.Datetime)}
    return find_repeats(texts, texts.select("post_id", source=pl.lit("file"), **nobody))


def _items(data: Any) -> Iterable[Any]:
    import narwhals.stable.v2 as nw

    if any(name is not None for name in getattr(getattr(data, "index", None), "names", ())):
        data = data.reset_index()
    table = nw.from_native(data, eager_only=True, pass_through=True)
    if isinstance(table, nw.DataFrame):
        return table.iter_rows(named=True)
    if isinstance(data, str | bytes | Mapping) or not isinstance(data, Iterable):
        raise InputError(
            f"want a table or a list of posts, got {type(data).__name__}; to read a file, use "
            "`feedbackminer run FILE`"
        )
    return data


def _values(item: Any, number: int) -> dict[str, Any]:
    if isinstance(item, str):
        return {"body": item}
    if not isinstance(item, Mapping):
        raise InputError(
            f"row {number}: want a mapping of columns or a string, got {type(item).__name__}"
        )
    return {str(column): _present(value) for column, value in item.items()}


def _present(value: Any) -> Any:
    """Return a value, or None where it is missing in one of the ways of pandas: NaN, NaT, NA."""
    try:
        return value if value == value else None
    except TypeError:  # NA is neither equal nor not
        return None
    except ValueError:  # an array
        return value
