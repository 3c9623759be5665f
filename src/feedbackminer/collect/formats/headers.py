"""Which row of a table names its columns, and what it calls them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from feedbackminer.collect import fields
from feedbackminer.collect.columns import candidates
from feedbackminer.collect.rows import BadRow

TOP = 20  # rows among which the header is
Cells = Sequence[str]


def header_at(rows: Sequence[Cells]) -> int:
    """Return the index of the header; above it stand at most titles and blank rows.

    A title is the only cell of its row and names no column. Where the first row with more cells
    does not name columns that are known, nothing tells a title from a header: it counts as one.
    """
    n_cells = [len(_filled(row)) for row in rows[:TOP]]
    first = next((at for at, n in enumerate(n_cells) if n), 0)
    wider = next((at for at, n in enumerate(n_cells) if n > 1), first)
    has_titles = _names_columns(rows[wider]) if wider > first else False
    return wider if has_titles and not any(map(_names_columns, rows[first:wider])) else first


def column_names(header: Cells) -> list[str]:
    """Return a name of its own for each column; one without a name is "Unnamed: INDEX".

    Of two columns with one name the second is "NAME (2)", which is no name of a field.
    """
    names: list[str] = []
    taken: set[str] = set()
    times: Counter[str] = Counter()
    for index, cell in enumerate(header):
        name = called = cell.strip("\ufeff \t\r\n") or f"Unnamed: {index}"
        while name in taken:
            times[called] += 1
            name = f"{called} ({times[called] + 1})"
        taken.add(name)
        names.append(name)
    return names


def is_blank(cells: Cells) -> bool:
    """Tell whether no cell of a row holds anything."""
    return not _filled(cells)


def title_row(ref: str) -> BadRow:
    """Return what is told of a title above the header."""
    return BadRow(ref, "title_row", "a title above the names of the columns, not a post")


def _filled(cells: Cells) -> list[str]:
    return [cell for cell in cells if cell.strip()]


def _names_columns(cells: Cells) -> bool:
    names = _filled(cells)
    if any(fields.number(name) is not None for name in names):
        return False
    return bool(candidates(names).get("body"))
