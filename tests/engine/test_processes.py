"""Several processes make the tables that one makes, and none outlives the one that began them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import psutil
import pytest
from polars.testing import assert_frame_equal

from feedbackminer.engine import processes
from feedbackminer.engine.models import Models
from feedbackminer.engine.processes import Processes
from feedbackminer.engine.reporting import Silent
from feedbackminer.engine.run import Run
from feedbackminer.engine.stage import Context, Stage, StageResult, StageTables
from feedbackminer.engine.workers import MakeRows
from feedbackminer.errors import EngineError, StoreError
from feedbackminer.privacy.key import KEY_BYTES
from feedbackminer.project.memory import MemoryStore
from feedbackminer.project.project import Project, open_project
from feedbackminer.project.store import Store, TableStore
from feedbackminer.settings.sections import EngineSettings, Settings
from feedbackminer.steps.exports import collect_exports
from feedbackminer.steps.mining import CLEAN, EMBED, TAG
from tests.support.builders import day
from tests.support.command import Rows, environment, write_jsonl

pytestmark = pytest.mark.slow

ROWS = pl.DataFrame({"post_id": ["a:1", "a:2", "a:3"], "text": "Some words.", "read_as": "x"})


@pytest.fixture(autouse=True)
def _few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "ENOUGH", 3)
    monkeypatch.setattr(processes, "PART", 2)


def nothing(tables: StageTables, context: Context) -> StageResult:
    raise NotImplementedError


STAGE = Stage("clean", nothing, reads=("posts",), writes=("prose",))


def where(_: StageTables, __: Context, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Say in which process each row was made."""
    yield rows.with_columns(text=pl.lit(str(os.getpid())))


def fill(
    store: TableStore, make: MakeRows = where, *, n_processes: int = 2, n_rows: int = 3
) -> set[str]:
    """Fill a table; returns the processes that did."""
    settings = Settings()
    context = Context(settings, Models(settings, Path()), "r", day(0), Silent(), code="")
    workers, tables = Processes(EngineSettings(processes=n_processes)), StageTables(STAGE, store)
    assert sum(workers.fill("prose", make, ROWS[:n_rows], tables, context)) == n_rows
    made = store.read("prose")
    assert made["post_id"].to_list() == ROWS["post_id"][:n_rows].to_list()
    return {*made["text"]}


def test_tables_are_those_of_one_process(sample_rows: Rows, tmp_path: Path) -> None:
    export = write_jsonl(tmp_path / "inkwren.jsonl", sample_rows[:60])

    def mined(n_processes: int) -> Project:
        folder = tmp_path / str(n_processes)
        folder.mkdir()
        (folder / "pseudonym.key").write_bytes(b"k" * KEY_BYTES)
        project = open_project(folder, {"engine": {"processes": n_processes}})
        collect_exports(Run(project), [str(export)])
        for stage in (CLEAN, EMBED, TAG):
            Run(project).step(stage)
        return project

    one, two = mined(1), mined(2)
    for name in ("texts", "segments", "vectors", "aspects", "needs"):
        assert two.store.read(name).equals(one.store.read(name))
    # Heads multiply matrices of a chunk; in others, the last digits of a probability are others.
    assert_frame_equal(two.store.read("tags"), one.store.read("tags"), abs_tol=1e-6)


def test_many_rows_are_made_by_others(tmp_path: Path) -> None:
    assert str(os.getpid()) not in fill(Store(tmp_path))


@pytest.mark.parametrize(("n_processes", "n_rows"), [(1, 3), (2, 2)])
def test_few_rows_or_one_process_need_no_others(
    n_processes: int, n_rows: int, tmp_path: Path
) -> None:
    assert fill(Store(tmp_path), n_processes=n_processes, n_rows=n_rows) == {str(os.getpid())}


def test_what_only_this_process_has_in_memory_is_worked_on_here() -> None:
    assert fill(MemoryStore()) == {str(os.getpid())}


def full_disk(*_: object) -> Iterator[pl.DataFrame]:
    raise StoreError("the disk is full")
    yield ROWS


def test_an_error_elsewhere_is_told_as_if_it_had_been_here(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"^the disk is full$"):
        fill(Store(tmp_path), full_disk)


def death(_: StageTables, __: Context, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    if "a:3" in rows["post_id"]:
        time.sleep(1)
        os.kill(os.getpid(), signal.SIGKILL)
    yield rows


def test_a_process_that_is_killed_is_told_and_what_was_done_is_kept(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"was killed.*what is done is kept"):
        fill(Store(tmp_path), death)
    assert Store(tmp_path).read("prose")["post_id"].to_list() == ["a:1", "a:2"]


FOREVER = """
import signal
import time
from pathlib import Path
from feedbackminer.engine import processes
from feedbackminer.project.store import Store
from tests.engine.test_processes import fill

def forever(*_):
    time.sleep(600)
    yield

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever began this may ignore it
    processes.ENOUGH, processes.PART = 3, 2
    fill(Store({folder!r}), forever)
"""


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGKILL])
def test_processes_end_with_the_one_that_began_them_however_it_ends(
    told: signal.Signals, tmp_path: Path
) -> None:
    script = tmp_path / "forever.py"
    script.write_text(FOREVER.format(folder=str(tmp_path / "tables")), "utf-8")
    paths = environment({"PYTHONPATH": str(Path.cwd())})
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, env=paths, stderr=subprocess.DEVNULL) as began:
        process, deadline = psutil.Process(began.pid), time.monotonic() + 60
        while len(others := process.children(recursive=True)) < 3 and time.monotonic() < deadline:
            time.sleep(0.1)  # two, and what Python keeps books with
        time.sleep(2)
        process.send_signal(told)
    _, alive = psutil.wait_procs(others, timeout=10)
    assert len(others) == 3
    assert alive == []
