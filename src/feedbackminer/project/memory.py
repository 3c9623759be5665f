"""The store of a project that is kept nowhere: the same tables, in memory."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from feedbackminer.errors import StoreError
from feedbackminer.project.purge import Purged
from feedbackminer.project.store import Change, Merged, Rewritten, compare
from feedbackminer.tables import TABLES, check


class MemoryStore:
    """Does what :class:`~feedbackminer.project.store.Store` does, until the process ends.

    Versions rise with every change of content, as there; older ones are not kept.
    """

    url = "memory"

    def __init__(self) -> None:
        self._frames: dict[str, pl.DataFrame] = {}
        self._versions: dict[str, int] = {}

    def read(
        self, name: str, columns: Sequence[str] | None = None, *, version: int | None = None
    ) -> pl.DataFrame:
        """Return a table sorted by key; one never written is empty.

        Raises:
            StoreError: an older version is asked for.
        """
        if version not in (None, self.version(name)):
            raise StoreError(f"memory/{name}: version {version} is not kept")
        frame = self._frames.get(name, TABLES[name].create_empty())
        return frame.select(columns) if columns else frame

    def recall(self, name: str) -> pl.DataFrame:
        """Return a table."""
        return self.read(name)

    def select(self, name: str, keys: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of the table whose key columns stand in ``keys``, one a key."""
        rows = self.read(name).join(keys, on=keys.columns, how="semi")
        return rows.unique(keys.columns)

    def merge(self, name: str, frame: pl.DataFrame, *, ignore: Sequence[str] = ()) -> Merged:
        """Insert new keys and update changed rows."""
        key, old = TABLES[name].primary_key(), self.read(name)
        frame = check(frame, TABLES[name], where=f"merge into {name}")
        changes = compare(frame, old, key, ignore)
        if len(changes.rows):
            kept = old.join(changes.rows, on=key, how="anti")
            self._put(name, pl.concat([kept, changes.rows]))
        return changes.counts

    def append(self, name: str, frame: pl.DataFrame) -> None:
        """Add rows whose keys are known to be new."""
        if len(frame):
            frame = check(frame, TABLES[name], where=f"append to {name}")
            self._put(name, pl.concat([self.read(name), frame]))

    def replace(
        self, name: str, frame: pl.DataFrame, *, where: tuple[str, str] | None = None
    ) -> None:
        """Make the table, or its rows where column == value, equal to ``frame``."""
        frame = check(frame, TABLES[name], where=f"replace {name}")
        if where:
            others = self.read(name).filter(pl.col(where[0]) != where[1])
            frame = pl.concat([others, frame])
        self._put(name, frame)

    def rewrite(self, names: Sequence[str], change: Change) -> dict[str, Rewritten]:
        """Write what ``change`` makes of tables."""
        before = {name: self.read(name) for name in names}
        done = {}
        for name, after in change(before).items():
            if name in self._frames and not after.equals(before[name]):
                kept = after.hash_rows().is_in(before[name].hash_rows().implode())
                done[name] = Rewritten(len(before[name]) - len(after), int((~kept).sum()))
                self._put(name, after)
        return done

    def purge(self, name: str) -> Purged:  # noqa: ARG002 (a store on disk has older versions)
        """Remove nothing: no older version is kept."""
        return Purged(0, 0)

    def version(self, name: str) -> int | None:
        """Return the version of a table, or None where it was never written."""
        return self._versions.get(name)

    def versions(self, names: Sequence[str]) -> dict[str, int | None]:
        """Return the version of each table."""
        return {name: self.version(name) for name in names}

    def files(self, name: str) -> int:  # noqa: ARG002 (a store on disk has them)
        """Return of how many files the table consists: none."""
        return 0

    def _put(self, name: str, frame: pl.DataFrame) -> None:
        frame = frame.sort(TABLES[name].primary_key())
        if name not in self._frames or not frame.equals(self._frames[name]):
            self._frames[name] = frame
            self._versions[name] = self._versions.get(name, -1) + 1
