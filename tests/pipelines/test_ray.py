"""A flow has workers of Ray do what it would do itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

from feedbackminer.engine.run import Run
from feedbackminer.project.project import open_project
from feedbackminer.steps.exports import collect_exports
from feedbackminer.steps.mining import CLEAN, EMBED, TAG
from pipelines.community import mine
from tests.support.command import Rows, write_jsonl

pytestmark = [
    pytest.mark.slow,
    # Prefect's own server, and what Ray starts, leave sockets and pipes to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def _ended() -> Iterator[None]:
    """End the workers of this machine, which would end with the process."""
    yield
    import ray

    ray.shutdown()


@pytest.mark.usefixtures("server", "_ended")
def test_a_flow_makes_by_workers_of_this_machine_the_tables_of_one_process(
    sample_rows: Rows, tmp_path: Path
) -> None:
    local = open_project(tmp_path / "local")
    collect_exports(Run(local), [str(write_jsonl(tmp_path / "inkwren.jsonl", sample_rows[:40]))])
    shutil.copytree(local.folder, tmp_path / "flow")
    (tmp_path / "flow" / "feedbackminer.toml").write_text('[engine]\nkind = "ray"\npart = 15\n')
    for stage in (CLEAN, EMBED, TAG):
        Run(local).step(stage)

    mine(str(tmp_path / "flow"))

    store = open_project(tmp_path / "flow").store
    for name in ("texts", "vectors", "aspects", "needs"):
        assert store.read(name).equals(local.store.read(name)), name
    assert_frame_equal(store.read("tags"), local.store.read("tags"), abs_tol=1e-6)
    assert store.files("vectors") == 3  # of three parts
