"""Files in a project's folder that are not ours and may hold what was erased: exports, notes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from feedbackminer.erasure.traces import LONG_ID, contains

LARGEST = 200_000_000  # bytes of a file that is searched


def files_that_hold(
    folder: Path, needles: Sequence[str], *, is_ours: Callable[[Path], bool]
) -> tuple[str, ...]:
    """Return the files below a folder in which any of these stands, as plain UTF-8.

    What is shorter than ``LONG_ID`` is not looked for: it would be found everywhere. Archives are
    not opened.

    Args:
        is_ours: tells which files were rewritten, and are not searched.
    """
    long_needles = [needle for needle in needles if len(needle) >= LONG_ID]
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not is_ours(path))
    return tuple(str(path) for path in files if _holds(path, long_needles))


def _holds(path: Path, needles: Sequence[str]) -> bool:
    if path.stat().st_size > LARGEST:
        return False
    text = path.read_text("utf-8", errors="ignore")
    return bool(contains(pl.Series([text]), needles).any())
