"""Who does what a stage does row by row: this process, or the workers of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import polars as pl

if TYPE_CHECKING:
    from feedbackminer.engine.stage import Context, StageTables

# Makes rows of a table of rows that it is given, and depends on no other rows than those.
MakeRows = Callable[["StageTables", "Context", pl.DataFrame], Iterable[pl.DataFrame]]


class Workers(Protocol):
    """Whoever does rows that do not depend on each other."""

    def fill(
        self, name: str, make: MakeRows, rows: pl.DataFrame, tables: StageTables, context: Context
    ) -> Iterator[int]:
        """Add to a table the row that is made of each row; yield how many were, as they come.

        Args:
            name: of the table, which has no row of any of them yet.
            make: a function of a module, or a ``partial`` of one.
            rows: what to work on: keys and hashes, no texts.
            tables: what ``make`` reads, wherever it is done.
            context: what it is given there, but for whoever is told how the run goes.
        """


@dataclass(frozen=True)
class Here:
    """This process; each chunk is stored as it comes."""

    def fill(
        self, name: str, make: MakeRows, rows: pl.DataFrame, tables: StageTables, context: Context
    ) -> Iterator[int]:
        """Add to a table what is made of rows."""
        for made in make(tables, context, rows) if len(rows) else ():
            tables.append(name, made)
            yield len(made)
