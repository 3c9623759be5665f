"""Rows of JSONL, a JSON array, CSV or Parquet, as they stand there."""

from __future__ import annotations

import codecs
import csv
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
csv.field_size_limit(2**31 - 1)


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


def jsonl_rows(name: str, text: str) -> Iterator[Row | BadRow]:
    """Yield an object for each line."""
    # Not str.splitlines(): it would also split at U+2028 and other marks inside a string.
    for number, line in enumerate(io.StringIO(text, newline="\n"), start=1):
        if line.strip():
            yield _json_row(f"{name}:{number}", line)


def item_rows(name: str, items: Iterable[Any]) -> Iterator[Row | BadRow]:
    """Yield what should be objects, each with its place."""
    for number, item in enumerate(items, start=1):
        ref = f"{name}:item {number}"
        if not isinstance(item, dict):
            yield _not_an_object(ref, item)
        elif any(isinstance(value, str) and _broken(value) for value in item.values()):
            yield _bad_encoding(ref)
        else:
            yield Row(ref, item)


def csv_rows(name: str, text: str) -> Iterator[Row | BadRow]:
    """Yield a record for each row below the header."""
    lines = io.StringIO(text.replace("\x00", ""), newline="").readlines()
    dialect = _dialect(text)
    header_reader = csv.reader(lines, dialect)
    header = [column.strip() for column in next(header_reader, [])]
    done = header_reader.line_num

    while done < len(lines):
        start = done
        reader = csv.reader(map(lines.__getitem__, range(start, len(lines))), dialect)
        for fields in reader:
            ref, first, done = f"{name}:{done + 1}", done, start + reader.line_num
            if done - first > 1 and not _is_one_record(lines[first:done], dialect):
                yield BadRow(ref, "unclosed_quote", "a quote opens a field and nothing closes it")
                done = first + 1
                break
            if fields:
                yield _csv_row(ref, header, fields)


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


def _broken(text: str) -> bool:
    return not text.isascii() and _UNDECODED.search(text) is not None


def _bad_encoding(ref: str) -> BadRow:
    return BadRow(ref, "invalid_encoding", "bytes that are not text; try --encoding cp1252")


def _not_an_object(ref: str, value: Any) -> BadRow:
    got = type(value).__name__
    return BadRow(ref, "not_an_object", f"got a JSON {got}, want an object")


def _json_row(ref: str, line: str) -> Row | BadRow:
    if _broken(line):
        return _bad_encoding(ref)
    try:
        values = json.loads(line, strict=False)
    except (ValueError, RecursionError) as error:
        return BadRow(ref, "malformed_json", str(error)[:200])
    return Row(ref, values) if isinstance(values, dict) else _not_an_object(ref, values)


def _is_one_record(lines: list[str], dialect: type[csv.Dialect]) -> bool:
    """Tell whether several lines are one record: a stray quote would swallow the next rows."""
    try:
        return len(list(csv.reader(lines, dialect, strict=True))) == 1
    except csv.Error:
        return False


def _csv_row(ref: str, header: list[str], fields: list[str]) -> Row | BadRow:
    if any(map(_broken, fields)):
        return _bad_encoding(ref)
    if len(fields) > len(header):
        detail = f"{len(fields)} fields, the header has {len(header)}; quote commas inside fields"
        return BadRow(ref, "too_many_fields", detail)
    return Row(ref, dict(zip(header, fields, strict=False)))


def _dialect(text: str) -> type[csv.Dialect]:
    """Take the separator that splits the header line most often."""
    header = text.lstrip().split("\n", 1)[0]

    class Dialect(csv.excel):
        delimiter = max(",;\t|", key=header.count)

    return Dialect
