"""Rows of CSV and its kin: fields with commas, semicolons, tabs or bars between them."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, product

from feedbackminer.collect.formats.headers import column_names, header_at, is_blank, title_row
from feedbackminer.collect.formats.tables import bad_encoding, is_broken, lines_of
from feedbackminer.collect.rows import BadRow, Row
from feedbackminer.errors import InputError

SEPARATORS = ",;\t|"
SAMPLE_LINES = 200  # enough to see how a table is laid out
_NO_SEPARATOR = "\x1f"  # for a table of one column, whose texts may have commas
# What a spreadsheet program writes above a table for its like.
_TOLD_SEPARATOR = re.compile(r'\s*"?sep=([^\w\s"]|\t)"?\s*', re.IGNORECASE)
csv.field_size_limit(2**31 - 1)
Dialect = type[csv.Dialect]
Record = tuple[int, list[str] | None]  # its line; None: it opens a quote and closes none


def csv_rows(name: str, text: str) -> Iterator[Row | BadRow]:
    """Yield a record for each row below the header, and what stands above it.

    Raises:
        InputError: the header has a quote that nothing closes.
    """
    lines = _Lines(_csv_lines(text.replace("\x00", "")))
    sample = lines.first(SAMPLE_LINES)
    told, n_lines = _told_separator(sample)
    lines.skip(n_lines)
    layout = _layout(sample[n_lines:], told)
    records = _records(lines, layout.dialect)
    top = list(islice(records, layout.height))
    yield from _above(name, top)

    names = column_names(top[-1][1] or []) if top else []
    for number, cells in records:
        if cells is None:
            detail = "a quote opens a field and nothing closes it"
            yield BadRow(f"{name}:{number}", "unclosed_quote", detail)
        elif cells:
            yield _row(f"{name}:{number}", names, cells)


class _Lines:
    """The lines of a table, of which those of the record at hand can be read again."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self.record: list[str] = []
        self.skipped = 0
        self.is_at_end = False  # a reader that still wants a line is inside a quote

    def __iter__(self) -> Iterator[str]:
        self.is_at_end = False
        while self._again:
            self.record.append(self._again.popleft())
            yield self.record[-1]
        for line in self._lines:
            self.record.append(line)
            yield line
        self.is_at_end = True

    def first(self, count: int) -> list[str]:
        """Return the first lines, which are still to be read."""
        self._again.extend(islice(self._lines, count))
        return list(self._again)

    def skip(self, count: int) -> None:
        """Pass over the first lines."""
        for _ in range(count):
            self._again.popleft()
        self.skipped += count

    def read_again(self, lines: list[str]) -> None:
        """Put back the last lines of the record at hand, and begin another."""
        self._again.extendleft(reversed(lines))
        self.record.clear()


def _csv_lines(text: str) -> Iterator[str]:
    """Return lines as tables have them: a carriage return alone ends one too."""
    lines = lines_of(text)
    return lines if "\r" not in text else chain.from_iterable(map(_lines_in, lines))


def _lines_in(line: str) -> Iterable[str]:
    end = len(line) - line.endswith("\n") - 1
    return io.StringIO(line, newline="") if line.find("\r", 0, end) >= 0 else (line,)


def _records(lines: _Lines, dialect: Dialect) -> Iterator[Record]:
    """Yield each record; one with an open quote swallows the next, so these are read again."""
    record, done = lines.record, lines.skipped
    while True:
        for cells in csv.reader(lines, dialect):
            may_be_open = len(record) > 1 or lines.is_at_end
            if may_be_open and not _is_one_record(record, dialect):
                yield done + 1, None
                lines.read_again(record[1:])
                done += 1
                break
            yield done + 1, cells
            done += len(record)
            record.clear()
        else:
            return


def _is_one_record(lines: list[str], dialect: Dialect) -> bool:
    try:
        return len(list(csv.reader(lines, dialect, strict=True))) == 1
    except csv.Error:
        return False


def _above(name: str, top: Sequence[Record]) -> Iterator[BadRow]:
    """Tell what stands above the header, which is the last of these records."""
    for number, cells in top:
        if cells is None:
            raise InputError(
                f"{name}:{number}: a quote opens in the header, or above it, and nothing closes "
                "it; mend that line"
            )
    yield from (title_row(f"{name}:{number}") for number, cells in top[:-1] if any(cells or ()))


def _row(ref: str, names: list[str], cells: list[str]) -> Row | BadRow:
    if is_broken("".join(cells)):
        return bad_encoding(ref)
    if len(cells) > len(names) and not is_blank(cells[len(names) :]):
        detail = f"{len(cells)} fields, the header has {len(names)}; quote commas inside fields"
        return BadRow(ref, "too_many_fields", detail)
    return Row(ref, dict(zip(names, cells, strict=False)))


@dataclass(frozen=True)
class _Layout:
    """How a table is laid out, and how well its first lines agree with that.

    Attributes:
        height: records down to the header, which is the last of them.
        width: columns that the header names.
        n_alike: records below that have as many, and no quote that opens after a space.
    """

    dialect: Dialect
    height: int
    width: int
    n_alike: int


def _layout(lines: list[str], told: str) -> _Layout:
    """Return the layout that most of the first records fit, else the one with more columns."""
    fits = [_fit(lines, *layout) for layout in product(told or SEPARATORS, (False, True))]
    best = max(fits, key=lambda fit: (fit.width > 1, fit.n_alike, fit.width))
    return best if best.width > 1 or told else _fit(lines, _NO_SEPARATOR, False)


def _fit(lines: list[str], separator: str, skips_spaces: bool) -> _Layout:
    class Layout(csv.excel):
        delimiter = separator
        skipinitialspace = skips_spaces

    records = [cells or [] for _, cells in _records(_Lines(iter(lines)), Layout)]
    at = header_at(records)
    width = len(records[at]) if records else 0
    n_alike = sum(
        len(cells) == width and not any(cell.startswith(' "') for cell in cells)
        for cells in records[at + 1 :]
    )
    return _Layout(Layout, at + 1, width, n_alike)


def _told_separator(lines: list[str]) -> tuple[str, int]:
    """Return the separator that a line above the table tells, and how many lines that takes."""
    at = next((at for at, line in enumerate(lines) if line.strip()), 0)
    match = _TOLD_SEPARATOR.fullmatch(lines[at]) if lines else None
    return (match[1], at + 1) if match else ("", 0)
