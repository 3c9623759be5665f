"""Workers of Ray: on the processors of this machine, or on a cluster.

A worker takes a part of the rows, reads what it needs of them from the store and writes what it
makes there in one commit. What travels is keys one way and numbers the other: no texts.
"""

from __future__ import annotations

import hashlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import polars as pl

from feedbackminer.engine.elsewhere import parts, portable, shared
from feedbackminer.engine.fingerprint import code_hash
from feedbackminer.engine.models import loader_of
from feedbackminer.engine.stage import Context, Stage, StageTables
from feedbackminer.engine.workers import MakeRows
from feedbackminer.errors import EngineError, FeedbackminerError, SettingsError
from feedbackminer.project.store import Store
from feedbackminer.settings.sections import EngineSettings

RETRIES = 3  # of a part whose worker, or its node, died
AHEAD = 2  # parts for each processor that are sent at once
WAIT = 10.0  # seconds, for a cluster to answer at all
SHARED = 100 * 2**20  # bytes of memory that processes of this machine share; keys need little
ALONE = {"POLARS_MAX_THREADS": "1"}  # there is a worker for each processor


class RayWorkers:
    """Workers of the cluster that the settings name; it is reached when there is work."""

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings

    def fill(
        self, name: str, make: MakeRows, rows: pl.DataFrame, tables: StageTables, context: Context
    ) -> Iterator[int]:
        """Add to a table the row that is made of each row; each part is one commit.

        Raises:
            SettingsError: Ray is not installed, or no other process can reach the store.
            EngineError: the cluster cannot be used, or a part has lost its worker again and again.
        """
        if rows.is_empty():
            return
        store = shared(tables.writable(name))
        if store is None:
            raise SettingsError(
                '[engine] kind = "ray": its workers read and write the store themselves, and this '
                "one is in the memory of this process; mine a project"
            )
        store.make_ready(name)
        job = _Job(
            name=name,
            make=make,
            stage=tables.stage,
            store=store,
            context=portable(context),
            models=context.models.names(tables.stage.models),
        )
        ray = connect(self.settings.address)
        with _explained(ray):
            yield from _done(ray, job, rows, self.settings.part)
        store.compact(name)


@dataclass(frozen=True)
class _Job:
    """What all parts have in common."""

    name: str
    make: MakeRows
    stage: Stage
    store: Store
    context: Context
    models: list[str]

    def do(self, rows: pl.DataFrame, mark: str) -> int:
        """Do a part, where a worker that died since has not; return how many rows it has."""
        if not self.store.has_appended(self.name, mark):
            self._check()
            made = list(self.make(StageTables(self.stage, self.store), self.context, rows))
            self.store.append_once(self.name, pl.concat(made), mark)
        return len(rows)

    def _check(self) -> None:
        """Refuse to make rows that are not those of the process that asks for them."""
        node, stage = socket.gethostname(), self.stage
        if self.store.version(self.name) is None:
            raise EngineError(
                f"{node}: does not see the tables in {self.store.url}; have them in a folder that "
                "all nodes share, or on an object store ([store] url)"
            )
        if code_hash(stage.do, *map(loader_of, stage.models)) != self.context.code:
            raise EngineError(
                f"{node}: has other code of feedbackminer than the process that sends it work; "
                "install the same version on every node"
            )
        if (found := self.context.models.names(stage.models)) != self.models:
            raise EngineError(
                f"{node}: has other models ({', '.join(found)}) than the process that sends it "
                f"work ({', '.join(self.models)}); have the same at the same paths on every node"
            )


def connect(address: str) -> Any:
    """Return Ray's module, connected to a cluster; to workers of this machine, if to none.

    A process that is connected already stays so. What was started here ends with this process.

    Raises:
        SettingsError: Ray is not installed.
        EngineError: nobody answers, or a cluster of another version of Ray or Python does.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # it would tell its makers
    try:
        import ray
    except ImportError:
        raise SettingsError(
            '[engine] kind = "ray" wants more than is installed: pip install "feedbackminer[ray]"'
        ) from None
    if ray.is_initialized():
        return ray
    if address:
        _reach(address)
    own: dict[str, Any] = (
        {} if address else {"include_dashboard": False, "object_store_memory": SHARED}
    )
    try:
        with _keeping_sigterm():
            ray.init(
                address or "local",
                log_to_driver=False,
                logging_level=logging.ERROR,
                runtime_env={"env_vars": ALONE},
                **own,
            )
    except (ray.exceptions.RayError, ImportError, OSError, RuntimeError, ValueError) as error:
        raise EngineError(
            f"[engine] address = {address!r}: Ray cannot be used there: {_line(error)}; want the "
            "Ray and the Python that run there and, where they ask for a token, "
            "RAY_AUTH_MODE=token and that token (`ray get-auth-token`)"
        ) from error
    return ray


@contextmanager
def _keeping_sigterm() -> Iterator[None]:
    """Let a request to end do what it did; Ray would have it end the process."""
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if is_main:
            signal.signal(signal.SIGTERM, before)


def _reach(address: str) -> None:
    """Raise an error where nobody listens; Ray itself would ask for half a minute."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=WAIT).close()
    except OSError as error:
        raise EngineError(
            f"[engine] address = {address!r}: nobody answers there ({error}); check that the "
            "cluster runs (`ray status`) and that its port can be reached from here"
        ) from None


def _done(ray: Any, job: _Job, rows: pl.DataFrame, size: int) -> Iterator[int]:
    """Have parts done, a few more at once than there are processors; yield their rows."""
    do = ray.remote(_Job.do).options(num_cpus=1, max_retries=RETRIES)
    put = ray.put(job)
    left = parts(rows, size)
    running: list[Any] = []
    try:
        while True:
            room = AHEAD * int(ray.cluster_resources().get("CPU", 1)) - len(running)
            running += [
                do.remote(put, part, job.context.run_id + _mark(part))
                for part in islice(left, max(0, room))
            ]
            if not running:
                return
            (done,), running = ray.wait(running)
            yield ray.get(done)
    finally:
        for sent in running:
            ray.cancel(sent, force=True)


def _mark(part: pl.DataFrame) -> str:
    return f":{hashlib.sha256(part.hash_rows().to_numpy().tobytes()).hexdigest()[:16]}"


@contextmanager
def _explained(ray: Any) -> Iterator[None]:
    try:
        yield
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, FeedbackminerError):
            raise error.cause from None
        raise
    except ray.exceptions.RayError as error:
        raise EngineError(
            f"the workers of Ray died or cannot be reached: {_line(error)}; what is done is kept: "
            "run the same command again, it continues"
        ) from error


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
