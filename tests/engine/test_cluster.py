"""Workers of Ray make the tables that this process makes, and outlast the death of a node."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import feedbackminer as fm
from feedbackminer.engine.cluster import RETRIES, RayWorkers, connect
from feedbackminer.engine.fingerprint import code_hash
from feedbackminer.engine.models import Models
from feedbackminer.engine.reporting import Silent
from feedbackminer.engine.run import Run
from feedbackminer.engine.stage import Context, Stage, StageResult, StageTables
from feedbackminer.engine.workers import MakeRows
from feedbackminer.errors import EngineError, SettingsError, StoreError
from feedbackminer.project.memory import MemoryStore
from feedbackminer.project.project import Project, open_project
from feedbackminer.project.store import Store, TableStore
from feedbackminer.settings.sections import EngineSettings, Settings
from feedbackminer.steps.exports import collect_exports
from feedbackminer.steps.mining import CLEAN, EMBED, TAG
from tests.support.builders import day
from tests.support.command import Rows, environment, write_jsonl
from tests.support.object_store import S3_KEYS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # pipes of processes that Ray started
]
MADE = ("prose", "texts", "segments", "vectors", "aspects", "needs")
PART = 20
NODE = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes with a processor each; a test that kills one starts another."""
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    cluster: Any = Cluster()
    for _ in range(2):
        cluster.add_node(**NODE)
    yield cluster
    import ray

    ray.shutdown()
    cluster.shutdown()


@pytest.fixture(scope="module")
def export(sample_rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_jsonl(tmp_path_factory.mktemp("export") / "inkwren.jsonl", sample_rows[:80])


@pytest.fixture(scope="module")
def local(export: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = open_project(tmp_path_factory.mktemp("local"))
    _mined(project, export)
    return project


@pytest.fixture
def bucket(s3_options: dict[str, str], tmp_path: Path) -> dict[str, Any]:
    """Settings of a store on an object store."""
    return {"url": f"s3://community/{tmp_path.name}", "options": s3_options | S3_KEYS}


class Meanwhile(Silent):
    """Does something once in each of some stages, when that is in the middle of its work."""

    def __init__(self, stages: Collection[str], do: Callable[[], object]) -> None:
        self.waiting, self.do, self.stage = {*stages}, do, ""

    def start(self, stage: str, total: int | None) -> None:  # noqa: ARG002
        self.stage = stage

    def advance(self, done: int) -> None:
        if done and self.stage in self.waiting:
            self.waiting.remove(self.stage)
            self.do()


def _mined(project: Project, export: Path, reporter: Silent | None = None) -> None:
    collect_exports(Run(project), [str(export)])
    run = Run(project, reporter or Silent())
    for stage in (CLEAN, EMBED, TAG):
        run.step(stage)


def on_cluster(folder: Path, address: str, local: Project, **settings: Any) -> Project:
    """Return a project without posts, with the pseudonyms of the other, mined by a cluster."""
    folder.mkdir(exist_ok=True)
    shutil.copy(local.key_path, folder)
    engine = {"kind": "ray", "address": address, "part": PART}
    return open_project(folder, {"engine": engine, **settings})


def assert_same(project: Project, local: Project) -> None:
    for name in MADE:
        assert project.store.read(name).equals(local.store.read(name)), name
    tags = [p.store.read("tags") for p in (project, local)]
    # Heads multiply matrices of a chunk; in others, the last digits of a probability are others.
    assert_frame_equal(*tags, abs_tol=1e-6)


def test_tables_are_those_of_this_process_though_nodes_are_killed_in_the_middle(
    cluster: Any, local: Project, export: Path, bucket: dict[str, Any], tmp_path: Path
) -> None:
    def exchange_node() -> None:
        cluster.remove_node(cluster.list_all_nodes()[-1], allow_graceful=False)
        cluster.add_node(**NODE)

    project = on_cluster(tmp_path / "project", cluster.address, local, store=bucket)
    kills = Meanwhile(("embed", "tag"), exchange_node)

    _mined(project, export, kills)

    assert kills.waiting == set()
    assert_same(project, local)


def test_python_gets_from_a_cluster_what_it_gets_from_its_own_process(
    cluster: Any, sample_rows: Rows
) -> None:
    posts = pl.DataFrame(sample_rows[:40]).drop("meta", strict=False)
    engine = {"kind": "ray", "address": cluster.address, "part": PART}
    local, done = fm.mine(posts), fm.mine(posts, settings={"engine": engine})
    for name in ("kinds", "sentiment", "sentences"):
        assert done.tags[name].equals(local.tags[name])
    assert done.claims["headline"].to_list() == local.claims["headline"].to_list()

    folder = Path(done.project.store.url)
    assert folder.is_dir()
    del done
    gc.collect()
    assert not folder.exists()


# --- parts ------------------------------------------------------------------------------------

ROWS = pl.DataFrame({"post_id": ["a:1", "a:2", "a:3"], "text": "Some words.", "read_as": "x"})


def nothing(tables: StageTables, context: Context) -> StageResult:
    raise NotImplementedError


STAGE = Stage("clean", nothing, reads=("posts",), writes=("prose",))


def as_given(_: StageTables, __: Context, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    yield rows


def fill(
    cluster: Any, store: TableStore, make: MakeRows = as_given, *, code: str = "", part: int = 2
) -> list[int]:
    """Fill a table with rows; returns how many came at once."""
    settings = Settings()
    context = Context(
        settings=settings,
        models=Models(settings, Path()),
        run_id="r",
        now=day(0),
        reporter=Silent(),
        code=code or code_hash(nothing),
    )
    workers = RayWorkers(EngineSettings(kind="ray", address=cluster.address, part=part))
    return sorted(workers.fill("prose", make, ROWS, StageTables(STAGE, store), context))


@pytest.mark.parametrize(("part", "counts"), [(1, [1, 1, 1]), (2, [1, 2]), (9, [3])])
def test_rows_are_done_in_parts_of_about_equal_size(
    part: int, counts: list[int], cluster: Any, tmp_path: Path
) -> None:
    assert fill(cluster, Store(tmp_path), part=part) == counts
    assert Store(tmp_path).read("prose").equals(ROWS)


class Deadly(Store):
    """A store whose writer dies right after it has written."""

    def append_once(self, name: str, frame: pl.DataFrame, mark: str) -> None:
        super().append_once(name, frame, mark)
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_dies_after_it_wrote_leaves_no_row_twice(
    cluster: Any, tmp_path: Path
) -> None:
    assert fill(cluster, Deadly(tmp_path)) == [1, 2]
    assert Store(tmp_path).read("prose").equals(ROWS)


def death(tables: StageTables, context: Context, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    if "a:3" in rows["post_id"]:
        with (Path(tables.writable("prose").url) / "attempts").open("a") as log:
            log.write(".")
        os.kill(os.getpid(), signal.SIGKILL)
    yield from as_given(tables, context, rows)


def test_a_part_that_kills_every_worker_is_given_up_and_the_others_are_kept(
    cluster: Any, tmp_path: Path
) -> None:
    with pytest.raises(EngineError, match=r"workers of Ray died.*it continues"):
        fill(cluster, Store(tmp_path), death)
    assert len((tmp_path / "attempts").read_text()) == 1 + RETRIES
    assert Store(tmp_path).read("prose")["post_id"].to_list() == ["a:1", "a:2"]


def full_disk(*_: object) -> Iterator[pl.DataFrame]:
    raise StoreError("the disk is full")
    yield ROWS


def test_an_error_of_a_worker_is_told_as_if_it_had_been_here(cluster: Any, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"^the disk is full$"):
        fill(cluster, Store(tmp_path), full_disk)


def test_a_node_with_other_code_makes_nothing(cluster: Any, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="other code of feedbackminer"):
        fill(cluster, Store(tmp_path), code="of another version")
    assert Store(tmp_path).read("prose").is_empty()


def test_memory_of_one_process_is_no_place_for_workers(cluster: Any) -> None:
    with pytest.raises(SettingsError, match="memory of this process"):
        fill(cluster, MemoryStore())


# --- clusters that cannot be used -------------------------------------------------------------


def test_a_request_to_end_still_does_what_it_did(cluster: Any) -> None:
    import ray

    def ours(*_: object) -> None: ...

    ray.shutdown()
    before = signal.signal(signal.SIGTERM, ours)
    try:
        connect(cluster.address)
        assert signal.getsignal(signal.SIGTERM) is ours
    finally:
        signal.signal(signal.SIGTERM, before)


def test_ray_tells_nobody_that_it_is_used(cluster: Any) -> None:
    connect(cluster.address)
    from ray._common.usage.usage_lib import usage_stats_enabled

    assert not usage_stats_enabled()


@pytest.fixture
def _not_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray.is_initialized", lambda: False)


@pytest.mark.usefixtures("_not_connected")
@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_an_address_where_nobody_listens_is_told_at_once(scheme: str) -> None:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"{scheme}127.0.0.1:{probe.getsockname()[1]}"
        with pytest.raises(EngineError, match=f"'{address}': nobody answers there"):
            connect(address)


def test_what_is_to_be_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SettingsError, match=r'pip install "feedbackminer\[ray\]"'):
        connect("")


def test_a_cluster_of_another_version_ends_the_command_with_one_line(
    cluster: Any, export: Path, tmp_path: Path
) -> None:
    other = "import ray; ray.__version__ = '2.9.0'; from feedbackminer.cli.main import main; main()"
    engine = {"KIND": "ray", "ADDRESS": cluster.address}
    command = ["run", str(export), "--project", str(tmp_path), "--out", str(tmp_path / "digest")]
    done = subprocess.run(
        [sys.executable, "-c", other, *command],
        env=environment({f"FEEDBACKMINER_ENGINE__{name}": v for name, v in engine.items()}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == EngineError.exit_code, done.stderr
    assert "Ray: 2.9.0" in done.stderr
    assert "Traceback" not in done.stderr
