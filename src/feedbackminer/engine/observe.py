"""A run under observation: the log hears of its begin and end, its metrics stay in a file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from feedbackminer import __version__
from feedbackminer.engine.ledger import Row, decode, latest_checks
from feedbackminer.engine.openmetrics import exposition
from feedbackminer.engine.run import Run
from feedbackminer.errors import FeedbackminerError, StoreError
from feedbackminer.tables import Health

FOLDER = "metrics"  # of a project
KEPT = 200  # files, the newest


@contextmanager
def observed(run: Run) -> Iterator[None]:
    """Tell the reporter of a run's begin and end, and write its metrics, also where it fails.

    Raises:
        StoreError: the run came to its end, but its metrics cannot be written.
    """
    run.reporter.begin()
    try:
        yield
    except BaseException as error:
        with suppress(FeedbackminerError):  # what stopped the run is the error to tell of
            write_metrics(run, failed=True)
        run.reporter.end(error)
        raise
    write_metrics(run, failed=False)
    run.reporter.end(None)


def write_metrics(run: Run, *, failed: bool) -> Path:
    """Write ``metrics/RUN_ID.prom`` in the project, remove the oldest files, return its path."""
    folder = run.project.folder / FOLDER
    path = folder / f"{run.run_id}.prom"
    draft = path.with_suffix(".tmp")
    text = _metrics(run, failed)
    try:
        folder.mkdir(exist_ok=True)
        draft.write_text(text, "utf-8")
        os.replace(draft, path)  # nobody ever reads half a file
        for old in sorted(folder.glob("*.prom"))[:-KEPT]:  # run ids begin with their time
            old.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be written: {error.strerror}; what the run did is stored"
        ) from error
    return path


def _metrics(run: Run, failed: bool) -> str:
    try:
        steps, checks, n_posts = _stored(run)
    except FeedbackminerError:
        if not failed:
            raise
        steps, checks, n_posts = [], Health.create_empty(), None
    return exposition(
        run.run_id, steps, checks,
        n_posts=n_posts, failed=failed, version=__version__, ended_at=datetime.now(UTC),
    )  # fmt: skip


def _stored(run: Run) -> tuple[list[Row], pl.DataFrame, int | None]:
    """Return what the store tells of a run: the steps, the checks and the number of posts."""
    store = run.project.store
    is_part = pl.col("parent_run") == run.run_id  # a source, or another attempt
    steps = store.read("runs").filter((pl.col("run_id") == run.run_id) | is_part)
    return decode(steps), latest_checks(store), len(store.read("posts", ["accepted"]))
