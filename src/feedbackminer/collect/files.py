"""Read the rows of an export: JSONL, JSON array, CSV or Parquet; plain, gzip or zstd; ``-``.

Content decides, not the name's ending. A row that cannot be read comes out as a
:class:`BadRow` with its place and reason; only a file that yields nothing is an error.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import json
import re
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import zstandard

from feedbackminer.errors import InputError

GZIP, ZSTD, PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
REDDIT_WINDOW = 2**31  # Reddit's dumps are packed with a long window
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNDECODED = re.compile("[\\udc80-\\udcff]")  # what surrogateescape makes of a bad byte
CHUNK = 1 << 20
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True)
class Row:
    """One row of an export and its place in it."""

    ref: str  # file:line
    values: dict[str, Any]


@dataclass(frozen=True)
class BadRow:
    """A row that could not be read."""

    ref: str
    reason: str
    detail: str


@dataclass(frozen=True)
class FileContent:
    """A file in memory, unpacked."""

    name: str
    data: bytes
    sha256: str


def open_file(path: str) -> FileContent:
    """Read and unpack a file, or standard input for ``-``.

    Raises:
        InputError: missing, a directory, unreadable, empty, or a damaged archive.
    """
    name = "stdin" if path == "-" else Path(path).name
    raw = sys.stdin.buffer.read() if path == "-" else _read_bytes(path)
    data = _unpack(path, raw)
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        raise InputError(f"{path}: the file is empty; want one post per row")
    return FileContent(name, data, hashlib.sha256(raw).hexdigest())


def read_rows(content: FileContent, *, encoding: str = "utf-8") -> Iterator[Row | BadRow]:
    """Yield every row of the file, readable or not, in order.

    Raises:
        InputError: the content is none of the known formats.
    """
    if content.data.startswith(PARQUET):
        yield from _parquet_rows(content)
        return
    text = _decode(content, encoding)
    start = text.lstrip()[:1]
    if start == "{":
        yield from _jsonl_rows(content.name, text)
    elif start == "[":
        yield from _json_array_rows(content.name, text)
    elif start == "<":
        raise InputError(
            f"{content.name}: this is XML or HTML; want JSONL, JSON, CSV or Parquet "
            "(for a Stack Exchange dump, export the posts as CSV)"
        )
    else:
        yield from _csv_rows(content.name, text)


def _read_bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except IsADirectoryError:
        raise InputError(f"{path}: is a directory; name the files in it") from None
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def _unpack(path: str, raw: bytes) -> bytes:
    try:
        if raw.startswith(GZIP):
            return gzip.decompress(raw)
        if raw.startswith(ZSTD):
            return _unzstd(raw)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
        raise InputError(f"{path}: the archive is damaged or cut short: {error}") from None
    return raw


def _unzstd(raw: bytes) -> bytes:
    """Unpack every frame; zstandard's own reader takes a frame cut short for its end."""
    pieces, frame = [], None
    for start in range(0, len(raw), CHUNK):
        chunk = raw[start : start + CHUNK]
        while chunk:
            frame = frame or _zstd_frame()
            pieces.append(frame.decompress(chunk))
            chunk = frame.unused_data
            frame = None if frame.eof else frame
    if frame:
        raise EOFError("the last frame has no end")
    return b"".join(pieces)


def _zstd_frame() -> zstandard.ZstdDecompressionObj:
    return zstandard.ZstdDecompressor(max_window_size=REDDIT_WINDOW).decompressobj()


def _decode(content: FileContent, encoding: str) -> str:
    """Decode the whole file; bad bytes become surrogates that :func:`_broken` finds."""
    for bom, name in _BOMS:
        if content.data.startswith(bom):
            encoding = name
    try:
        return content.data.decode(encoding, errors="surrogateescape")
    except (UnicodeError, LookupError) as error:
        raise InputError(
            f"{content.name}: is not {encoding} text: {error}; name the right one with --encoding"
        ) from None


def _broken(text: str) -> bool:
    return not text.isascii() and _UNDECODED.search(text) is not None


def _bad_encoding(ref: str) -> BadRow:
    return BadRow(ref, "invalid_encoding", "bytes that are not text; try --encoding cp1252")


def _jsonl_rows(name: str, text: str) -> Iterator[Row | BadRow]:
    # Not str.splitlines(): it would also split at U+2028 and other marks inside a string.
    for number, line in enumerate(io.StringIO(text, newline="\n"), start=1):
        if line.strip():
            yield _json_row(f"{name}:{number}", line)


def _json_row(ref: str, line: str) -> Row | BadRow:
    if _broken(line):
        return _bad_encoding(ref)
    try:
        values = json.loads(line, strict=False)
    except (ValueError, RecursionError) as error:
        return BadRow(ref, "malformed_json", str(error)[:200])
    if not isinstance(values, dict):
        return BadRow(ref, "not_an_object", f"got a JSON {type(values).__name__}, want an object")
    return Row(ref, values)


def _json_array_rows(name: str, text: str) -> Iterator[Row | BadRow]:
    try:
        items = json.loads(text, strict=False)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: not valid JSON: {error}") from None
    for number, item in enumerate(items, start=1):
        ref = f"{name}:item {number}"
        if isinstance(item, dict):
            yield Row(ref, item)
        else:
            yield BadRow(ref, "not_an_object", f"got a JSON {type(item).__name__}, want an object")


def _csv_rows(name: str, text: str) -> Iterator[Row | BadRow]:
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


def _parquet_rows(content: FileContent) -> Iterator[Row | BadRow]:
    try:
        frame = pl.read_parquet(io.BytesIO(content.data))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise InputError(f"{content.name}: damaged Parquet file: {error}") from None
    for number, values in enumerate(frame.iter_rows(named=True), start=1):
        yield Row(f"{content.name}:row {number}", values)
