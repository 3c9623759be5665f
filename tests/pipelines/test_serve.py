"""One command brings up server, worker and deployments; the server may keep its runs elsewhere."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from feedbackminer.project.store import Store
from tests.support.command import ROOT, environment
from tests.support.postgresql import postgresql_server
from tests.support.sites.discourse import Discourse
from tests.support.sites.serving import serve
from tests.support.standing import POOL, Standing, free_port, is_up, standing, until, written

pytestmark = pytest.mark.slow


def test_serve_brings_everything_up_and_ctrl_c_takes_it_down(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}/api"
    env = {**environment(), "PREFECT_HOME": str(tmp_path / "prefect"), "PREFECT_API_URL": url}
    server = Standing(url, tmp_path, env)
    (tmp_path / "community").mkdir()
    command = [sys.executable, "-m", "pipelines.serve", str(tmp_path / "community")]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=log, stderr=log)
    try:
        until(lambda: b"Worker 'Process" in (tmp_path / "log").read_bytes(), "the worker", 120)
        everything = psutil.Process(process.pid).children(recursive=True)
        digest = server.deployment("digest/weekly")
        assert digest["parameters"]["out"] == str(tmp_path / "community" / "digest")
        assert len(server.ask("automations/filter")) == 1
        assert any("pipelines.server" in process.cmdline() for process in everything)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        process.kill()
    ended, alive = psutil.wait_procs(everything, timeout=5)
    assert len(ended) >= 2
    assert not alive
    assert not is_up(url)


def test_it_is_not_served_without_a_project(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pipelines.serve", str(tmp_path / "nothing")]
    completed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert completed.returncode == 1
    assert "no such project; `feedbackminer init" in completed.stderr


@pytest.fixture
def postgresql() -> Iterator[str]:
    """Run PostgreSQL with an empty database; yields its address as Prefect wants it."""
    with postgresql_server() as address:
        yield f"postgresql+asyncpg://{address}"


def test_a_server_on_postgresql_does_the_same(postgresql: str, tmp_path: Path) -> None:
    with serve(Discourse(30)) as forum, standing(tmp_path, postgresql) as server:
        project = written(tmp_path / "community", forum.url)
        server.prefect("work-pool", "create", POOL, "--type", "process")
        server.prefect("deploy", "--all", PROJECT=str(project), DIGEST=str(tmp_path / "digest"))
        server.drop_schedules("collect/hourly")  # it would come in between at seven past
        with server.worker():
            assert server.end_of(server.start("collect/hourly")) == "COMPLETED"
    assert not (tmp_path / "prefect.db").exists()
    assert len(Store(project / "tables").read("posts")) == 30
