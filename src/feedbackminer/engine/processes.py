"""Processes of this machine, one for each processor, where there is work enough for them.

What a post says is read by Python, which works on one processor at a time. A process reads what it
needs from the store, and hands back what it made; this process stores it, in the order of the rows.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection

import polars as pl

from feedbackminer.engine.elsewhere import parts, portable, shared
from feedbackminer.engine.stage import Context, Stage, StageTables
from feedbackminer.engine.workers import Here, MakeRows
from feedbackminer.errors import EngineError
from feedbackminer.project.store import Store
from feedbackminer.settings.sections import EngineSettings
from feedbackminer.threads import one_thread_a_product

ENOUGH = 8_192  # rows from which processes pay, which take some seconds to begin
MOST = 8  # where nobody says how many: each takes half a gigabyte
PART = 4_096  # rows that one takes at once; for each part it looks through whole tables


@dataclass(frozen=True)
class Processes:
    """As many as the settings say; they are begun when there is work for them."""

    settings: EngineSettings

    def fill(
        self, name: str, make: MakeRows, rows: pl.DataFrame, tables: StageTables, context: Context
    ) -> Iterator[int]:
        """Add to a table the row that is made of each row; a part is stored as it comes.

        Raises:
            EngineError: a process was killed.
        """
        store, n = shared(tables.writable(name)), self._count()
        if tables.stage.has_threads or len(rows) < ENOUGH or n < 2 or store is None:
            yield from Here().fill(name, make, rows, tables, context)
            return

        job = _Job(make, tables.stage, store, portable(context))
        for made in _done(job, parts(rows, PART), n):
            tables.append(name, made)
            yield len(made)

    def _count(self) -> int:
        if self.settings.processes:
            return self.settings.processes
        allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
        return min(allowed or os.cpu_count() or 1, MOST)


@dataclass(frozen=True)
class _Job:
    """What all parts have in common."""

    make: MakeRows
    stage: Stage
    store: Store
    context: Context

    def do(self, rows: pl.DataFrame) -> pl.DataFrame:
        with one_thread_a_product():  # there is a process for each processor
            return pl.concat(self.make(StageTables(self.stage, self.store), self.context, rows))


def _done(job: _Job, rows: Iterable[pl.DataFrame], n_processes: int) -> Iterator[pl.DataFrame]:
    """Yield what is made of each part, in order."""
    spawn = multiprocessing.get_context("spawn")  # others would copy this process, locks and all
    ours, theirs = spawn.Pipe()
    pool = ProcessPoolExecutor(
        n_processes, mp_context=spawn, initializer=_begin, initargs=(theirs,)
    )
    try:
        yield from pool.map(job.do, rows)
        pool.shutdown()
    except BrokenExecutor as error:
        raise EngineError(
            "a process that cleans or tags was killed, perhaps for want of memory; what is done is "
            "kept: run the same command again, with [engine] processes = 1 if it happens again"
        ) from error
    finally:
        ours.close()
        pool.shutdown(cancel_futures=True)
        theirs.close()


def _begin(parent: Connection) -> None:
    """Have this process end as soon as the one that began it closes the line, or is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a Ctrl-C the other one is told

    def watch() -> None:
        parent.poll(None)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
