"""Rows of JSONL, a JSON array or Parquet, as they stand there."""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import polars as pl

from feedbackminer.collect.rows import BadRow, FileContent, Row
from feedbackminer.errors import InputError

PARQUET = b"PAR1"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNDECODED = re.compile("[\\udc80-\\udcff]")  # what surrogateescape makes of a bad byte


def decode(content: FileContent, encoding: str) -> str:
    """Decode the whole file; bad bytes become surrogates, told for each row.

    Raises:
        InputError: no such encoding, or one that the file cannot have.
    """
    for bom, name in _BOMS:
        if content.data.startswith(bom):
            encoding = name
    try:
        return content.data.decode(encoding, errors="surrogateescape")
    except (UnicodeError, LookupError) as error:
        raise InputError(
            f"{content.name}: is not {encoding} text: {error}; name the right one with --encoding"
        ) from None


def lines_of(text: str) -> Iterator[str]:
    """Yield the lines of a text one by one, each with the line feed that ends it."""
    at = 0
    while at < len(text):
        end = text.find("\n", at) + 1 or len(text)
        yield text[at:end]
        at = end


def jsonl_rows(name: str, text: str) -> Iterator[Row | BadRow]:
    """Yield an object for each line."""
    # Not str.splitlines(): it would also split at U+2028 and other marks inside a string.
    for number, line in enumerate(lines_of(text), start=1):
        if line.strip():
            yield _json_row(f"{name}:{number}", line)


def item_rows(name: str, items: Iterable[Any]) -> Iterator[Row | BadRow]:
    """Yield what should be objects, each with its place."""
    for number, item in enumerate(items, start=1):
        ref = f"{name}:item {number}"
        if not isinstance(item, dict):
            yield _not_an_object(ref, item)
        else:
            yield checked(Row(ref, item))


def checked(row: Row | BadRow) -> Row | BadRow:
    """Return a row as it is, unless a value holds bytes that are not text."""
    if isinstance(row, Row) and any(
        isinstance(v, str) and is_broken(v) for v in row.values.values()
    ):
        return bad_encoding(row.ref)
    return row


def parquet_rows(content: FileContent) -> Iterator[Row | BadRow]:
    """Yield the rows of a Parquet file.

    Raises:
        InputError: the file is damaged.
    """
    try:
        frame = pl.read_parquet(io.BytesIO(content.data))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise InputError(f"{content.name}: damaged Parquet file: {error}") from None
    for number, values in enumerate(frame.iter_rows(named=True), start=1):
        yield Row(f"{content.name}:row {number}", values)


def is_broken(text: str) -> bool:
    """Tell whether a text has bytes that are no text in the encoding of its file."""
    return not text.isascii() and _UNDECODED.search(text) is not None


def bad_encoding(ref: str) -> BadRow:
    """Return what is told of a row with such bytes."""
    return BadRow(ref, "invalid_encoding", "bytes that are not text; try --encoding cp1252")


def _not_an_object(ref: str, value: Any) -> BadRow:
    got = type(value).__name__
    return BadRow(ref, "not_an_object", f"got a JSON {got}, want an object")


def _json_row(ref: str, line: str) -> Row | BadRow:
    if is_broken(line):
        return bad_encoding(ref)
    try:
        values = json.loads(line, strict=False)
    except (ValueError, RecursionError) as error:
        return BadRow(ref, "malformed_json", str(error)[:200])
    return Row(ref, values) if isinstance(values, dict) else _not_an_object(ref, values)
