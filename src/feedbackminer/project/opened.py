"""Tables of a store that were opened, kept while they do not change.

To open a Delta table reads its log: 3 ms, and half a millisecond more for each commit since the
last checkpoint. In a folder the newest file of the log tells whether anything has changed; on an
object store nothing is kept.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

SMALL = 10_000  # rows of a table that are kept as well
_COMMIT = re.compile(r"(\d{20})\.json")  # a version, in the log of a table


@dataclass(frozen=True)
class Newest:
    """The newest commit in a table's log; a table that was made again has another one."""

    version: int
    written_at: int
    inode: int


class OpenTables:
    """Tables under one root, opened as they are asked for."""

    def __init__(self, url: str, options: Mapping[str, str]) -> None:
        self._url, self._options = url, dict(options)
        self._tables: dict[str, tuple[Newest, DeltaTable]] = {}
        self._rows: dict[str, tuple[Newest, pl.DataFrame]] = {}

    def path(self, name: str) -> str:
        """Return where a table is."""
        return f"{self._url}/{name}"

    def open(self, name: str, version: int | None = None) -> DeltaTable | None:
        """Return a table as it is, or as it once was; None: it was never written."""
        try:
            return DeltaTable(self.path(name), version, storage_options=self._options)
        except TableNotFoundError:
            return None

    def look(self, name: str) -> DeltaTable | None:
        """Return a table as it is now, to be read."""
        newest, known = self.newest(name), self._tables.get(name)
        if newest and known and known[0] == newest:
            return known[1]
        table = self.open(name)
        if newest and table:
            self._tables[name] = newest, table
        return table

    def take(self, name: str) -> DeltaTable | None:
        """Return a table as it is now, to be written to: no other writer has it."""
        known = self._tables.pop(name, None)
        return known[1] if known and known[0] == self.newest(name) else self.open(name)

    def keep(self, name: str, table: DeltaTable) -> None:
        """Let a table that was written be read, if nobody has written to it since."""
        newest = self.newest(name)
        if newest and newest.version == table.version():
            self._tables[name] = newest, table

    def rows(self, name: str) -> pl.DataFrame | None:
        """Return the rows of a table as it is now, if they are known."""
        newest, known = self.newest(name), self._rows.get(name)
        return known[1] if newest and known and known[0] == newest else None

    def keep_rows(self, name: str, newest: Newest | None, rows: pl.DataFrame) -> None:
        """Keep the rows of a small table, which were read after ``newest`` was its newest."""
        if newest and len(rows) <= SMALL:
            self._rows[name] = newest, rows

    def forget(self, name: str) -> None:
        """Drop whatever is kept of a table."""
        self._tables.pop(name, None)
        self._rows.pop(name, None)

    def newest(self, name: str) -> Newest | None:
        """Return the newest commit of a table; None: there is none, or it is not in a folder."""
        log = f"{self.path(name)}/_delta_log"
        try:
            commits = [file for file in os.listdir(log) if _COMMIT.fullmatch(file)]
            if not commits:
                return None
            status = os.stat(f"{log}/{max(commits)}")
        except OSError:
            return None
        version = int(max(commits).removesuffix(".json"))
        return Newest(version, status.st_mtime_ns, status.st_ino)
