"""Remove old versions of tables, so that what was erased is gone."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deltalake import DeltaTable
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import FileSelector, FileType  # type: ignore[import-untyped]

IN_FLIGHT = 1  # hours: a file that another machine wrote and did not name yet may be this old
LOG = "_delta_log/"


@dataclass(frozen=True)
class Purged:
    """What is no longer there of the past of a table."""

    versions: int
    files: int  # of data and of the log


def purge_table(table: DeltaTable, path: str, options: dict[str, str]) -> Purged:
    """Remove every old version of a table: its files, and the log that tells of them.

    The log holds the least and the greatest value of each column. It is cut only when a
    checkpoint holds today's version, so that whoever reads sees that whole at any moment.
    Files that no version names go too: a write was cut off. On an object store another machine
    may be about to name such a file, so there only those older than ``IN_FLIGHT``.
    """
    is_shared = "://" in path
    files = DeltaStorageHandler(path, options)
    if not is_shared:
        _remove_drafts(Path(path))
    before = _listed(files)
    commits = sum(map(_is_commit, before))
    if commits == 1 and _n_data(before) == len(table.file_uris()):
        return Purged(0, 0)

    table.vacuum(0, dry_run=False, enforce_retention_duration=False, full=not is_shared)
    if is_shared:
        table.vacuum(IN_FLIGHT, dry_run=False, enforce_retention_duration=False, full=True)
    table = DeltaTable(path, storage_options=options)
    table.create_checkpoint()
    _cut_log(files, table.version(), with_drafts=not is_shared)
    return Purged(commits - 1, len(before - _listed(files)))


def _listed(files: DeltaStorageHandler) -> set[str]:
    entries = files.get_file_info_selector(FileSelector("", recursive=True))
    return {info.path for info in entries if info.type == FileType.File}


def _is_commit(path: str) -> bool:
    return path.startswith(LOG) and path.endswith(".json")


def _n_data(paths: set[str]) -> int:
    return sum(not path.startswith(LOG) for path in paths)


def _cut_log(files: DeltaStorageHandler, version: int, *, with_drafts: bool) -> None:
    """Remove from a log what stands before a version, and drafts of commits never made."""
    for path in sorted(path for path in _listed(files) if path.startswith(LOG)):
        number = path.removeprefix(LOG).partition(".")[0]
        is_draft = with_drafts and path.endswith(".tmp")
        if is_draft or (number.isdecimal() and int(number) < version):
            with suppress(FileNotFoundError):
                files.delete_file(path)


def _remove_drafts(folder: Path) -> None:
    """Remove files of writes that were cut off, which an object store of files does not list."""
    for draft in folder.rglob("*#[0-9]*"):
        draft.unlink(missing_ok=True)
