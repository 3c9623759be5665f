"""Workers of Ray make the tables that this process makes, and outlast the death of a node."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from feedbackminer.engine.reporting import Silent
from feedbackminer.engine.run import Run
from feedbackminer.project.project import Project, open_project
from feedbackminer.steps.exports import collect_exports
from feedbackminer.steps.mining import CLEAN, EMBED
from tests.support.command import Rows, write_jsonl
from tests.support.object_store import S3_KEYS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # pipes of processes that Ray started
]
MADE = ("texts", "segments", "vectors")
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
    return write_jsonl(tmp_path_factory.mktemp("export") / "inkwren.jsonl", sample_rows[:200])


@pytest.fixture(scope="module")
def local(export: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = open_project(tmp_path_factory.mktemp("local"))
    _mined(project, export)
    return project


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """Settings of a store, once in a folder and once on an object store."""
    if request.param == "folder":
        return {}
    options: dict[str, str] = request.getfixturevalue("s3_options")
    return {"url": f"s3://community/{tmp_path.name}", "options": options | S3_KEYS}


class Meanwhile(Silent):
    """Does something once, when work goes on."""

    def __init__(self, do: Callable[[], object]) -> None:
        self.waiting = [do]

    def advance(self, done: int) -> None:
        if self.waiting and done:
            self.waiting.pop()()


def _mined(project: Project, export: Path, reporter: Silent | None = None) -> None:
    collect_exports(Run(project), [str(export)])
    run = Run(project, reporter or Silent())
    for stage in (CLEAN, EMBED):
        run.step(stage)


def on_cluster(folder: Path, address: str, local: Project, **settings: Any) -> Project:
    """Return a project without posts, with the pseudonyms of the other, mined by a cluster."""
    folder.mkdir(exist_ok=True)
    shutil.copy(local.key_path, folder)
    engine = {"kind": "ray", "address": address, "part": PART}
    return open_project(folder, {"engine": engine, **settings})


def test_tables_are_those_of_this_process_though_a_node_is_killed_in_the_middle(
    cluster: Any, local: Project, export: Path, store: dict[str, Any], tmp_path: Path
) -> None:
    project = on_cluster(tmp_path / "project", cluster.address, local, store=store)
    second = cluster.list_all_nodes()[-1]
    kill = partial(cluster.remove_node, second, allow_graceful=False)

    _mined(project, export, Meanwhile(kill))

    cluster.add_node(**NODE)
    assert second not in cluster.list_all_nodes()
    for name in MADE:
        assert project.store.read(name).equals(local.store.read(name)), name
