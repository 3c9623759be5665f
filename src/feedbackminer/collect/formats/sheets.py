"""Rows of the sheets of an Excel workbook (.xlsx), each sheet a table of its own.

Formulas count as the values that were saved with them, dates as dates; of merged cells the first
has the value. A workbook may claim more than it has: its extent is measured before it is opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, islice, pairwise
from typing import TYPE_CHECKING

from feedbackminer.collect.formats import archive_members, jira_tables, tickets
from feedbackminer.collect.formats.archives import Archive, shown_name
from feedbackminer.collect.formats.headers import TOP, column_names, header_at, is_blank, title_row
from feedbackminer.collect.rows import BadRow, FileContent, Row
from feedbackminer.errors import InputError

if TYPE_CHECKING:
    from fastexcel import ExcelReader

MOST_CELLS = 30_000_000  # of a sheet, empty ones between filled ones included
MOST_TEXT = 1 << 30  # bytes of all cells
_WORKBOOK = "xl/workbook.xml"
# A row or cell of a sheet with its place, "12" or "AB12", which it may leave out.
_PLACE = re.compile(
    rb"<(?:\w{1,20}:)?(row|c)(?=[\s/>])(?:[^<]*?\br\s*=\s*[\"']\s*([A-Za-z]{0,9})(\d{0,9}))?"
)

# A cell that refers to a text stored once, by its number; and such a text.
_SHARED = re.compile(rb"\bt\s*=\s*[\"']s[\"'][^<]*>(?:\s*<(?:\w{1,20}:)?v>(\d{1,9})<)?")
_SHARED_TEXT = re.compile(rb"<(?:\w{1,20}:)?si(?=[\s>])")


def is_workbook(archive: Archive) -> bool:
    """Tell whether a ZIP file is a workbook."""
    return _WORKBOOK in archive.openers


def rows(content: FileContent, archive: Archive) -> Iterator[Row | BadRow]:
    """Yield the rows of every sheet below its header; a place is "FILE:SHEET!ROW".

    Args:
        archive: the same file as a ZIP file.
    Raises:
        InputError: it is damaged, or larger than an export can be.
    """
    _measure(archive)
    book = _opened(content)
    tables = [_table(content.name, book, name) for name in book.sheet_names]
    yield from archive_members.side_by_side([table for table in tables if table.rows])


def _opened(content: FileContent) -> ExcelReader:
    import fastexcel

    try:
        return fastexcel.read_excel(content.data)
    except fastexcel.FastExcelError as error:
        raise InputError(f"{content.name}: damaged workbook: {_said(error)}") from None


def _table(file: str, book: ExcelReader, sheet: str) -> archive_members.Table:
    import fastexcel

    name = f"{file}:{shown_name(sheet)}"
    try:
        # Without a row skipped, blank ones at the top count, and places are right.
        loaded = book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string")
        cells = map(_texts, loaded.to_polars().iter_rows() if loaded.width else ())
    except fastexcel.FastExcelError as error:
        return archive_members.as_table(name, [BadRow(name, "damaged_sheet", _said(error))])
    if loaded.visible != "visible":
        hidden = BadRow(name, "hidden_sheet", "a hidden sheet; show it to have it imported")
        return archive_members.as_table(name, [hidden] if loaded.width else [])
    posts = jira_tables.rows(tickets.rows(_sheet_rows(name, cells)))
    return archive_members.as_table(name, list(posts))


def _sheet_rows(name: str, rows: Iterator[list[str]]) -> Iterator[Row | BadRow]:
    top = list(islice(rows, TOP))
    at = header_at(top)
    for number, cells in enumerate(top[:at], start=1):
        if not is_blank(cells):
            yield title_row(f"{name}!{number}")

    names = column_names(top[at]) if top else []
    for number, cells in enumerate(chain(top[at + 1 :], rows), start=at + 2):
        if any(cells):
            yield Row(f"{name}!{number}", dict(zip(names, cells, strict=True)))


def _texts(cells: tuple[str | None, ...]) -> list[str]:
    return [cell or "" for cell in cells]


def _measure(archive: Archive) -> None:
    """Unpack every part once: the library would take all memory for what a few bytes claim."""
    n_shared = longest = 0
    for part in _parts(archive):
        if _n_cells(part) > MOST_CELLS:
            raise InputError(
                f"{archive.name}: a sheet has more than {MOST_CELLS:,} cells from its first to its "
                "last; delete what stands far from the table, or save it as CSV"
            )
        n_shared += sum(1 for _ in _SHARED.finditer(part))
        longest = max([longest, *_sizes(part)])
    if n_shared * longest > MOST_TEXT and _shared_text(archive, longest) > MOST_TEXT:
        raise InputError(
            f"{archive.name}: its cells hold more than {MOST_TEXT / 2**30:g} GiB of text, stored "
            "once and repeated; if you trust it, save it as CSV"
        )


def _parts(archive: Archive) -> Iterator[bytes]:
    for member in archive.openers:
        data = archive.read(member)
        if isinstance(data, bytes):
            yield data
        elif data.reason == "damaged_member":
            raise InputError(f"{archive.name}: damaged workbook: {member}: {data.detail}")


def _shared_text(archive: Archive, longest: int) -> int:
    """Return how many bytes the cells hold that refer to a text stored once."""
    sizes = [size for part in _parts(archive) for size in _sizes(part)]
    total = 0
    for part in _parts(archive):
        for match in _SHARED.finditer(part):
            number = int(match[1] or -1)
            total += sizes[number] if 0 <= number < len(sizes) else longest
    return total


def _sizes(part: bytes) -> list[int]:
    """Return the bytes of each text that is stored once, its marks included."""
    starts = [match.start() for match in _SHARED_TEXT.finditer(part)]
    return [end - start for start, end in pairwise([*starts, len(part)])]


def _n_cells(part: bytes) -> int:
    """Return how many cells lie between the first and the last that a part of a workbook names."""
    height = width = row = column = 0
    for match in _PLACE.finditer(part):
        kind, letters, digits = match.groups()
        if kind == b"row":
            row, column = int(digits or row + 1), 0
        else:
            row = int(digits or row)
            column = _column(letters) if letters else column + 1
        height, width = max(height, row), max(width, column)
    return height * width


@lru_cache(maxsize=1 << 12)
def _column(letters: bytes) -> int:
    """Return the number of a column: A is 1, Z 26, AA 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number


def _said(error: Exception) -> str:
    """Return the first line of what the library says."""
    return str(error).partition("\n")[0][:200]
