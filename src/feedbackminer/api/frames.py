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
        InputError: it is a table or one string, or one of the texts is something else.
    """
    items = _of_arrow(texts)
    if _is_table(items) or isinstance(items, str | bytes | Mapping):
        raise InputError(
            f"want a list of texts, got {type(texts).__name__}; of a table, name one column, such "
            "as table['text']"
        )
    if not isinstance(items, Iterable):
        raise InputError(f"want a list of texts, got {type(texts).__name__}")
    strings = []
    for number, text in enumerate(items, 1):
        value = _present(text)
        if not isinstance(value, str | None):
            raise InputError(f"text {number}: want a string, got {type(value).__name__}")
        strings.append((value or "").strip())
    return strings


def as_texts(passages: Mapping[int, str]) -> pl.DataFrame:
    """Return texts by their number as the ``texts`` table, each a thread of its own."""
    from feedbackminer.text.words import count_words

    post_ids = [row_id(number) for number in passages]
    columns = {
        "post_id": post_ids,
        "title": [None] * len(passages),
        "text": list(passages.values()),
        "language": ["und"] * len(passages),
        "n_words": [max(1, count_words(text)) for text in passages.values()],
        "truncated": [False] * len(passages),
        "content_hash": [f"row-{post_id}" for post_id in post_ids],
    }
    return check(pl.DataFrame(columns, schema=column_types(Texts)), Texts, where="texts")


def row_id(number: int) -> str:
    """Return the id of the text of that number; ids sort as numbers do."""
    return f"{number:016d}"


def encode_once(passages: Sequence[str], encoder: Encoder) -> Encoded:
    """Encode texts, equal ones once; one row each."""
    number = {passage: i for i, passage in enumerate(dict.fromkeys(passages))}
    encoded = encoder.encode(list(number))
    if len(number) == len(passages):
        return encoded
    positions = np.array([number[passage] for passage in passages])
    return Encoded(
        encoded.vectors[positions],
        encoded.layer_mean[positions],
        tuple(encoded.sentences[position] for position in positions if encoded.sentences),
    )


def find_file_repeats(texts: pl.DataFrame) -> pl.DataFrame:
    """Return which texts repeat an earlier one; who wrote them is not known."""
    from feedbackminer.clean.duplicates import find_repeats

    nobody = {"author_id": pl.lit(None, pl.String), "created_at": pl.lit(None, pl.Datetime)}
    of_file = {"source": pl.lit("file"), "author_role": pl.lit("unknown")}
    return find_repeats(texts, texts.select("post_id", **of_file, **nobody))


def _items(data: Any) -> Iterable[Any]:
    items = _of_arrow(data)
    if _is_table(items):
        return _rows_of_table(items)
    if isinstance(items, str | bytes | Mapping) or not isinstance(items, Iterable):
        hint = "collect it first" if hasattr(data, "collect") else "`feedbackminer run` reads files"
        raise InputError(f"want a table or a list of posts, got {type(data).__name__}; {hint}")
    return items


def _is_table(data: Any) -> bool:
    import narwhals.stable.v2 as nw
    from narwhals.exceptions import NarwhalsError

    try:
        table = nw.from_native(data, eager_only=True, pass_through=True)
    except NarwhalsError as error:  # columns of one name
        raise InputError(f"the table cannot be read: {error}") from None
    return isinstance(table, nw.DataFrame)


def _rows_of_table(table: Any) -> Iterable[Any]:
    import narwhals.stable.v2 as nw

    index = getattr(getattr(table, "index", None), "names", ())  # of pandas
    named = [name for name in index if name is not None and name not in table.columns]
    frame = nw.from_native(table.reset_index(named) if named else table, eager_only=True)
    rows: Iterable[dict[str, Any]] = frame.iter_rows(named=True)
    return rows


def _of_arrow(data: Any) -> Any:
    """Return arrays and batches of Arrow as lists; a table of Arrow is a table."""
    is_arrow = type(data).__module__.startswith("pyarrow") and not _is_table(data)
    return data.to_pylist() if is_arrow and hasattr(data, "to_pylist") else data


def _values(item: Any, number: int) -> dict[str, Any]:
    if isinstance(item, str) or _present(item) is None:
        return {"body": _present(item)}
    if not isinstance(item, Mapping):
        raise InputError(
            f"row {number}: want a mapping of columns or a string, got {type(item).__name__}"
        )
    return {str(column): _present(value) for column, value in item.items()}


def _present(value: Any) -> Any:
    """Return a value, or None where it is missing in one of the ways of pandas: NaN, NaT, NA."""
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    return None if isinstance(value, float) and value != value else value
