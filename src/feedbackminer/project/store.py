"""The store: Delta Lake tables in a folder or on an object store, ACID and versioned.

A table's version changes only when its content does, so equal versions mean equal input
and a digest can name exactly what it was computed from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, Self

import polars as pl
import stamina
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from feedbackminer.errors import StoreError
from feedbackminer.project.opened import OpenTables
from feedbackminer.project.purge import Purged, purge_table
from feedbackminer.project.upgrade import ADDED, can_upgrade, upgrade
from feedbackminer.tables import TABLES, check, in_order

# Polars panics on a file cut short.
_FAILURES = (DeltaError, OSError, pl.exceptions.ComputeError, pl.exceptions.PanicException)
STARTS_ANEW = ("vectors",)  # a table that is added to, and made again
ROWS_AT_ONCE = 30_000  # of a merge, which takes several times the memory of its rows
MANY_FILES = 64  # of one table; each is opened by every read
_COLOUR = re.compile(r"\x1b\[[0-9;]*m|↳")


class _ConflictError(StoreError):
    """Another process wrote between our read and our commit: do both again."""


_retry_conflicts = stamina.retry(
    on=_ConflictError, attempts=20, wait_initial=0.05, wait_jitter=0.2, timeout=60
)


Change = Callable[[Mapping[str, pl.DataFrame]], Mapping[str, pl.DataFrame]]


@dataclass(frozen=True)
class Merged:
    """What a merge did: rows that were new, changed or already there as they are."""

    inserted: int
    updated: int
    unchanged: int


@dataclass(frozen=True)
class Rewritten:
    """What a rewrite did to a table: rows that went, and rows that read otherwise now."""

    removed: int
    changed: int


@dataclass(frozen=True)
class Changes:
    """What a merge has to write, and what it counts."""

    rows: pl.DataFrame
    counts: Merged


def compare(
    frame: pl.DataFrame, old: pl.DataFrame, key: Sequence[str], ignore: Sequence[str] = ()
) -> Changes:
    """Return the rows of ``frame`` that are new or say something else than those of ``old``.

    Args:
        ignore: columns whose change alone is no change.
    """
    if old.is_empty():
        return Changes(frame, Merged(inserted=len(frame), updated=0, unchanged=0))
    content = [c for c in frame.columns if c not in {*key, *ignore}]
    new = frame.join(old, on=key, how="anti")
    same = frame.join(old, on=[*key, *content], how="semi", nulls_equal=True)
    changed = frame.join(old, on=key, how="semi").join(same, on=key, how="anti")
    counts = Merged(inserted=len(new), updated=len(changed), unchanged=len(same))
    return Changes(pl.concat([changed, new]), counts)


class TableStore(Protocol):
    """Where the tables of a project are: on disk, on an object store, or in memory."""

    url: str

    def read(
        self, name: str, columns: Sequence[str] | None = None, *, version: int | None = None
    ) -> pl.DataFrame: ...
    def recall(self, name: str) -> pl.DataFrame: ...
    def select(self, name: str, keys: pl.DataFrame) -> pl.DataFrame: ...
    def merge(self, name: str, frame: pl.DataFrame, *, ignore: Sequence[str] = ()) -> Merged: ...
    def append(self, name: str, frame: pl.DataFrame) -> None: ...
    def replace(
        self, name: str, frame: pl.DataFrame, *, where: tuple[str, str] | None = None
    ) -> None: ...
    def rewrite(self, names: Sequence[str], change: Change) -> dict[str, Rewritten]: ...
    def purge(self, name: str) -> Purged: ...
    def version(self, name: str) -> int | None: ...
    def versions(self, names: Sequence[str]) -> dict[str, int | None]: ...
    def files(self, name: str) -> int: ...


class Store:
    """Tables of ``tables.py`` under one root: a local folder or an ``s3://…`` URL."""

    def __init__(self, url: str | Path, options: dict[str, str] | None = None) -> None:
        self.url = str(url).rstrip("/")
        self.options = dict(options or {})
        self._tables = OpenTables(self.url, self.options)

    def __reduce__(self) -> tuple[type[Self], tuple[str, dict[str, str]]]:
        """Another process opens the tables for itself."""
        return type(self), (self.url, self.options)

    def read(
        self, name: str, columns: Sequence[str] | None = None, *, version: int | None = None
    ) -> pl.DataFrame:
        """Return a table sorted by key, as it is or as it once was; one never written is empty.

        Raises:
            StoreError: it cannot be read, or that version is not kept any more.
        """
        schema = TABLES[name]
        known = self._tables.rows(name) if version is None else None
        if known is not None:
            return known.select(columns) if columns else known
        newest = self._tables.newest(name) if version is None else None
        with _explained(self._tables.path(name), "read"):
            table = self._tables.look(name) if version is None else self._tables.open(name, version)
            if table is None and version is not None:
                raise StoreError(
                    f"{self._tables.path(name)}: version {version} is not kept any more"
                )
            if table is not None and _is_outdated(table, name):
                raise _outdated_error(self._tables.path(name), table)
            scan = schema.create_empty().lazy() if table is None else _scan(table, name)
            frame = (scan.select(columns) if columns else scan).collect()
        if columns:
            types = schema.create_empty().schema
            return frame.cast({column: types[column] for column in columns})
        frame = in_order(check(frame, schema, where=self._tables.path(name)), schema)
        self._tables.keep_rows(name, newest, frame)
        return frame

    def recall(self, name: str) -> pl.DataFrame:
        """Return a table, or an empty one where another version of the code wrote it."""
        with _explained(self._tables.path(name), "read"):
            table = self._tables.look(name)
        if table is not None and _is_outdated(table, name):
            return TABLES[name].create_empty()
        return self.read(name)

    def select(self, name: str, keys: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of the table whose key columns stand in ``keys``, one a key.

        Of a table that another version of the code wrote, none.
        """
        with _explained(self._tables.path(name), "read"):
            table = self._tables.look(name)
            if table is None or _is_outdated(table, name):
                return TABLES[name].create_empty()
            # Only what stands in a scan's filter spares reading the other columns.
            first = keys.columns[0]
            rows = _scan(table, name).filter(pl.col(first).is_in(keys[first].implode()))
            rows = rows.join(keys.lazy(), on=keys.columns, how="semi")
            return rows.unique(keys.columns).collect()

    @_retry_conflicts
    def merge(self, name: str, frame: pl.DataFrame, *, ignore: Sequence[str] = ()) -> Merged:
        """Insert new keys and update changed rows; an identical repeat writes nothing.

        Args:
            name: of the table.
            frame: the rows to have in it, each key once.
            ignore: columns whose change alone is no change, such as ``collected_at``.
        """
        schema = TABLES[name]
        frame = check(frame, schema, where=f"merge into {name}")
        self._bring_up_to_date(name)
        changes = compare(frame, self.read(name), schema.primary_key(), ignore)
        if len(changes.rows):
            self._upsert(name, changes.rows, schema.primary_key())
        return changes.counts

    def append(self, name: str, frame: pl.DataFrame) -> None:
        """Add rows whose keys are known to be new.

        Vectors of another version of the code, with columns that nobody knows, start anew.

        Raises:
            StoreError: another table was written by another version of the code.
        """
        if not len(frame):
            return
        frame = check(frame, TABLES[name], where=f"append to {name}")
        self.make_ready(name)
        with _explained(self._tables.path(name), "written"):
            table = self._take_or_create(name)
            write_deltalake(table, _plain(frame), mode="append")
            _compact(table)
        self._tables.keep(name, table)

    @_retry_conflicts
    def append_once(self, name: str, frame: pl.DataFrame, mark: str) -> None:
        """Add rows, unless some were added under that mark before, by whomever.

        Who adds so is one of many, so small files are left as they are: see :meth:`compact`.
        """
        frame = check(frame, TABLES[name], where=f"append to {name}")
        with _explained(self._tables.path(name), "written"):
            # Opened anew: of a table that was purged since, the log that had the marks is gone.
            table = self._tables.open(name) or self._take_or_create(name)
            if len(frame) and table.transaction_version(mark) is None:
                # Of two commits with one mark, delta-rs refuses the second.
                once = CommitProperties(app_transactions=[Transaction(mark, 1)])
                write_deltalake(table, _plain(frame), mode="append", commit_properties=once)

    def has_appended(self, name: str, mark: str) -> bool:
        """Tell whether rows were added under a mark."""
        with _explained(self._tables.path(name), "read"):
            table = self._tables.open(name)
            return table is not None and table.transaction_version(mark) is not None

    @_retry_conflicts
    def make_ready(self, name: str) -> None:
        """Have a table that rows of today can be added to."""
        self._bring_up_to_date(name)
        with _explained(self._tables.path(name), "written"):
            table = self._take_or_create(name)
            if _is_outdated(table, name):
                if name not in STARTS_ANEW:
                    raise _outdated_error(self._tables.path(name), table)
                self._overwrite(table, name, TABLES[name].create_empty())
        self._tables.keep(name, table)

    @_retry_conflicts
    def replace(
        self, name: str, frame: pl.DataFrame, *, where: tuple[str, str] | None = None
    ) -> None:
        """Make the table (or its rows where column == value) equal to ``frame``.

        Where it already is, nothing is written and the version stays. A whole table that another
        version of the code wrote with other columns gets those of today.
        """
        schema = TABLES[name]
        frame = in_order(check(frame, schema, where=f"replace {name}"), schema)
        self._bring_up_to_date(name)
        with _explained(self._tables.path(name), "read"):
            table = self._tables.look(name)
        if table is not None and not where and _is_outdated(table, name):
            self._write(name, frame, schema_mode="overwrite")
            return
        old = self.read(name)
        if where:
            old = old.filter(pl.col(where[0]) == where[1])
        if table is not None and frame.equals(old):
            return
        self._write(name, frame, predicate=_equals(*where) if where else None)

    def rewrite(
        self,
        names: Sequence[str],
        change: Change,
    ) -> dict[str, Rewritten]:
        """Write what ``change`` makes of tables, one after another in the order of ``names``.

        Where another process writes one of them meanwhile, all are read and changed again, so
        ``change`` must do nothing to what it has changed already. A table that another version of
        the code wrote with other columns counts as empty.

        Args:
            change: tables by name -> those to write; one that stays equal is not written.
        Returns:
            what became of each table that was written.
        """
        done: dict[str, Rewritten] = {}

        @_retry_conflicts
        def attempt() -> None:
            with _explained(self.url, "read"):
                opened = {name: self._tables.open(name) for name in names}
                before = {name: _rows(table, name) for name, table in opened.items()}
            after = change(before)
            for name, table in opened.items():
                if table is None or name not in after:
                    continue
                if _is_older(table, name) or not after[name].equals(before[name]):
                    self._overwrite(table, name, after[name])
                    done[name] = _difference(before[name], after[name], done.get(name))

        attempt()
        return done

    def purge(self, name: str) -> Purged:
        """Remove every old version of a table, and whatever no version names."""
        path = self._tables.path(name)
        self._tables.forget(name)
        with _explained(path, "cleared of old versions"):
            table = self._tables.open(name)
            return purge_table(table, path, self.options) if table else Purged(0, 0)

    def version(self, name: str) -> int | None:
        """Return the version of a table, or None where it was never written."""
        if newest := self._tables.newest(name):
            return newest.version
        with _explained(self._tables.path(name), "read"):
            table = self._tables.open(name)
        return None if table is None else table.version()

    def versions(self, names: Sequence[str]) -> dict[str, int | None]:
        """Return the version of each table."""
        return {name: self.version(name) for name in names}

    def files(self, name: str) -> int:
        """Return of how many files the table consists now."""
        with _explained(self._tables.path(name), "read"):
            table = self._tables.look(name)
            return 0 if table is None else len(table.file_uris())

    def compact(self, name: str) -> None:
        """Put the small files of many writes together, right after a write that changed content.

        What only older versions need is removed after a week.
        """
        with _explained(self._tables.path(name), "written"):
            if table := self._tables.open(name):
                _compact(table)

    @_retry_conflicts
    def _bring_up_to_date(self, name: str) -> None:
        """Give a table of an older version the columns of today, before rows of today come in."""
        if name not in ADDED:
            return
        with _explained(self._tables.path(name), "written"):
            table = self._tables.look(name)
            if table is None or not _is_older(table, name) or _is_outdated(table, name):
                return
            if table := self._tables.take(name):
                self._overwrite(table, name, _rows(table, name))

    def _take_or_create(self, name: str) -> DeltaTable:
        """Rows never come in by the commit that creates a table: two of those do not conflict."""
        table = self._tables.take(name)
        if table is None:
            empty = _plain(TABLES[name].create_empty())
            table = DeltaTable.create(
                self._tables.path(name), empty.schema, mode="ignore", storage_options=self.options
            )
        return table

    def _write(
        self,
        name: str,
        frame: pl.DataFrame,
        *,
        predicate: str | None = None,
        schema_mode: Literal["overwrite"] | None = None,
    ) -> None:
        with _explained(self._tables.path(name), "written"):
            table = self._take_or_create(name)
            write_deltalake(
                table,
                _plain(frame),
                mode="overwrite",
                predicate=predicate,
                schema_mode=schema_mode,
            )
        self._tables.keep(name, table)

    def _overwrite(self, table: DeltaTable, name: str, frame: pl.DataFrame) -> None:
        """Replace what this version of a table holds, if nothing came in since it was opened."""
        seen = table.version()
        with _explained(self._tables.path(name), "written"):
            write_deltalake(table, _plain(frame), mode="overwrite", schema_mode="overwrite")
            table = DeltaTable(self._tables.path(name), storage_options=self.options)
        if table.version() != seen + 1:
            raise _ConflictError(
                f"{self._tables.path(name)}: could not be written, other processes keep writing to "
                "it; run the same command again, it continues"
            )

    def _upsert(self, name: str, frame: pl.DataFrame, key: list[str]) -> None:
        # MERGE even where all rows look new: a concurrent writer may have just added them.
        with _explained(self._tables.path(name), "written"):
            same_key = " AND ".join(f"old.{c} = new.{c}" for c in key)
            for part in frame.iter_slices(ROWS_AT_ONCE):
                table = self._take_or_create(name)
                merge = table.merge(
                    _plain(part), predicate=same_key, source_alias="new", target_alias="old"
                )
                merge.when_matched_update_all().when_not_matched_insert_all().execute()
                _compact(table)
                self._tables.keep(name, table)


def _compact(table: DeltaTable) -> None:
    if len(table.file_uris()) > MANY_FILES:
        with suppress(CommitFailedError):  # another one writes: its write will do it
            table.optimize.compact()
            table.vacuum(dry_run=False)


def _columns(table: DeltaTable) -> list[str]:
    return [field.name for field in table.schema().fields]


def _outdated_error(path: str, table: DeltaTable) -> StoreError:
    return StoreError(
        f"{path}: was written by another version of feedbackminer (its columns: "
        f"{', '.join(_columns(table))}); `feedbackminer mine` writes all but `posts` anew; to read "
        "posts again, import them into a new project"
    )


def _is_older(table: DeltaTable, name: str) -> bool:
    """Tell whether it has other columns than today."""
    return set(_columns(table)) != set(TABLES[name].column_names())


def _is_outdated(table: DeltaTable, name: str) -> bool:
    """Tell whether it has other columns than today, and nobody knows how to add what it lacks."""
    return _is_older(table, name) and not can_upgrade(name, frozenset(_columns(table)))


def _scan(table: DeltaTable, name: str) -> pl.LazyFrame:
    """Read a table, with the columns of today."""
    return upgrade(name, pl.scan_delta(table)) if name in ADDED else pl.scan_delta(table)


def _rows(table: DeltaTable | None, name: str) -> pl.DataFrame:
    """Return the rows of an opened table, sorted by key."""
    schema = TABLES[name]
    if table is None or _is_outdated(table, name):
        return schema.create_empty()
    frame = _scan(table, name).collect()
    return in_order(check(frame, schema, where=name), schema)


def _difference(before: pl.DataFrame, after: pl.DataFrame, earlier: Rewritten | None) -> Rewritten:
    """Count what a rewrite did, and add what an attempt before it had done."""
    changed = int((~after.hash_rows().is_in(before.hash_rows().implode())).sum())
    removed = len(before) - len(after)
    if earlier:
        removed, changed = removed + earlier.removed, changed + earlier.changed
    return Rewritten(removed, changed)


def _equals(column: str, value: str) -> str:
    quoted = value.replace("'", "''")
    return f"{column} = '{quoted}'"


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Enums become strings: Delta has no enumeration type."""
    return frame.with_columns(pl.col(pl.Enum, pl.Categorical).cast(pl.String))


@contextmanager
def _explained(path: str, verb: str) -> Iterator[None]:
    """Turn an I/O failure into an error that says what to do."""
    try:
        yield
    except CommitFailedError as error:
        raise _ConflictError(
            f"{path}: could not be {verb}, other processes keep writing to it: {_line(error)}; "
            "run the same command again, it continues"
        ) from error
    except _FAILURES as error:
        full = "No space left" in str(error)
        what = (
            "the disk is full; free some space and run the same command again, it continues"
            if full
            else "check that it exists (on an object store: address, bucket and keys), "
            "that you may write to it and that there is room"
        )
        raise StoreError(f"{path}: could not be {verb}: {_line(error)}; {what}") from error


def _line(error: BaseException) -> str:
    """delta-rs draws some errors as a coloured tree; one line is enough."""
    return " ".join(_COLOUR.sub("", str(error)).split())
