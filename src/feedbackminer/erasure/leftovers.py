"""Files in a project's folder that are not ours and may hold what was erased: exports, notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from feedbackminer.erasure.traces import LONG_ID, contains
from feedbackminer.project.lock import NAME as LOCK
from feedbackminer.project.project import Project

LARGEST = 200_000_000  # bytes of a file that is searched


def files_that_hold(project: Project, needles: Sequence[str]) -> tuple[str, ...]:
    """Return the files beside the store in which any of these stands, as plain UTF-8.

    What is shorter than ``LONG_ID`` is not looked for: it would be found everywhere. Archives are
    not opened.
    """
    long = [needle for needle in needles if len(needle) >= LONG_ID]
    return tuple(str(path) for path in _others(project) if _holds(path, long))


def _others(project: Project) -> Iterator[Path]:
    tables = Path(project.store.url)
    for path in sorted(project.folder.rglob("*")):
        is_ours = tables in path.parents or path == project.key_path or path.name == LOCK
        if path.is_file() and not is_ours:
            yield path


def _holds(path: Path, needles: Sequence[str]) -> bool:
    if path.stat().st_size > LARGEST:
        return False
    text = path.read_text("utf-8", errors="ignore")
    return bool(contains(pl.Series([text]), needles).any())
