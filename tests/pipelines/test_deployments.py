"""What `prefect deploy --all` sets up, and what becomes of runs when things go wrong.

A real server, and workers in processes of their own; only the community is made up.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import polars as pl
import psutil
import pytest
from prefect.blocks.system import Secret
from pydantic import SecretStr

from feedbackminer.engine.run import Run
from feedbackminer.project.project import KEY_NAME, open_project
from feedbackminer.project.store import Store
from feedbackminer.steps.sources import collect_source
from tests.support.sites.discourse import Discourse
from tests.support.sites.serving import Reply, Request, Served, serve
from tests.support.standing import POOL, Standing, kill_tree, until, written

pytestmark = pytest.mark.slow
HOURLY, AGAIN = "collect/hourly", "collect/again"  # two deployments of one flow


class Forum(Discourse):
    """A forum that can keep callers waiting, or be out of order, and that remembers callers."""

    def __init__(self, posts: int = 400) -> None:
        super().__init__(posts)
        self.gate = threading.Event()  # closed: callers wait, but for so many quick answers
        self.gate.set()
        self.quick, self.broken, self.asked = 0, 0, 0
        self.keys: set[str] = set()

    def __call__(self, request: Request) -> Reply:
        self.asked += 1
        self.keys.add(request.headers.get("Api-Key", ""))
        if self.asked > self.quick:
            self.gate.wait(60)
        if self.broken:
            self.broken -= 1
            return Reply(b"", 503, {"Retry-After": "600"})  # longer than one try waits
        return super().__call__(request)


@pytest.fixture
def forum() -> Forum:
    return Forum()


@pytest.fixture
def served(forum: Forum) -> Iterator[Served]:
    with serve(forum) as served:
        yield served


@pytest.fixture
def project(served: Served, tmp_path: Path) -> Path:
    return written(tmp_path / "Community", served.url)


def posts_of(folder: Path) -> pl.DataFrame:
    return Store(folder / "tables").read("posts").drop("collected_at")


@pytest.fixture(scope="module")
def deployed(server: Standing, tmp_path_factory: pytest.TempPathFactory) -> Standing:
    home = tmp_path_factory.mktemp("deployed")
    server.prefect("work-pool", "create", POOL, "--type", "process")
    server.prefect("deploy", "--all", PROJECT=str(home / "project"), DIGEST=str(home / "digest"))
    server.prefect("deploy", "pipelines/community.py:collect", "--name", "again", "--pool", POOL)
    return server


@pytest.fixture(scope="module")
def worker(deployed: Standing) -> Iterator[psutil.Process]:
    deployed.drop_schedules(HOURLY)  # it would come in between at seven past
    with deployed.worker() as process:
        yield process


class TestDeploying:
    def test_every_flow_is_deployed_with_its_schedule(self, deployed: Standing) -> None:
        crons = {
            HOURLY: "7 * * * *",
            "mine/nightly": "30 2 * * *",
            "digest/weekly": "0 6 * * 1",
            "deliver/whole": "45 6 * * 1",
            "deliver/support": "0 7 * * 1",
            "deliver/product": "15 7 * * 1",
            "deliver/communications": "30 7 * * 1",
            "deliver/marketing": "45 7 * * 1",
            "deliver/leadership": "0 8 * * 1",
            "retain/daily": "45 1 * * *",
            "evaluate/weekly": "0 4 * * 0",
            "train/by-hand": None,
            "adapt/by-hand": None,
        }
        for name, cron in crons.items():
            found = deployed.deployment(name)
            schedules = [one["schedule"] for one in found["schedules"]]
            assert [one["cron"] for one in schedules] == ([cron] if cron else [])
            assert all(one["timezone"] for one in schedules)
            assert found["description"]
            assert found["work_pool_name"] == POOL
            assert found["global_concurrency_limit"]["limit"] == 1
            told = found["parameter_openapi_schema"]["properties"].values()
            assert all(parameter["description"] for parameter in told)

    @pytest.mark.parametrize(
        ("name", "parameters"),
        [
            (HOURLY, {"project": ""}),
            (HOURLY, {"project": "p", "sources": ["../forum"]}),
            (HOURLY, {"project": "p", "since": "yesterday"}),
            ("adapt/by-hand", {"project": "p", "head": "mood"}),
            ("evaluate/weekly", {"project": "p", "seed": -1}),
            ("deliver/support", {"project": "p", "digest": "d", "editions": ["sales"]}),
            ("deliver/support", {"project": "p", "digest": "d", "channels": ["../team"]}),
        ],
    )
    def test_a_wrong_parameter_is_refused_before_there_is_a_run(
        self, deployed: Standing, name: str, parameters: dict[str, object]
    ) -> None:
        with pytest.raises(httpx.HTTPStatusError, match="409"):
            deployed.start(name, **parameters)

    def test_it_is_not_deployed_without_a_project(self, deployed: Standing) -> None:
        with pytest.raises(AssertionError, match="'' should be non-empty"):
            deployed.prefect("deploy", "--name", "daily")


@pytest.mark.usefixtures("worker")
class TestRunning:
    def test_a_scheduled_run_is_done_by_a_worker(self, deployed: Standing, project: Path) -> None:
        deployed.schedule(HOURLY, project=str(project))
        until(lambda: bool(deployed.runs_of(HOURLY, "COMPLETED")), "the scheduled run")
        deployed.drop_schedules(HOURLY)
        assert len(posts_of(project)) == 400
        rows = deployed.artifact("community-account-collect-forum")
        assert {"rows": "out", "n": 400} in rows

    def test_a_source_that_fails_for_a_while_is_read_in_the_end(
        self, deployed: Standing, project: Path, forum: Forum
    ) -> None:
        forum.broken = 1
        run = deployed.start(HOURLY, project=str(project))
        assert deployed.end_of(run) == "COMPLETED"
        (task,) = deployed.tasks_of(run)
        assert task["run_count"] == 2
        assert len(posts_of(project)) == 400

    def test_a_wrong_setting_is_not_tried_again_and_other_sources_are_read(
        self, deployed: Standing, project: Path
    ) -> None:
        with (project / "feedbackminer.toml").open("a", encoding="utf-8") as file:
            file.write('[sources.a]\nkind = "telepathy"\n')
        run = deployed.start(HOURLY, project=str(project))
        assert deployed.end_of(run) == "FAILED"
        assert [task["run_count"] for task in deployed.tasks_of(run)] == [1, 1]
        assert len(posts_of(project)) == 400
        (event,) = deployed.events("feedbackminer.source.failed")
        assert event["resource"]["prefect.resource.id"] == "feedbackminer.project.community"
        assert event["payload"]["source"] == "a"
        assert "no kind 'telepathy'" in event["payload"]["why"]
        (metrics,) = (project / "metrics").glob("*.prom")
        assert "feedbackminer_run_failed 1.0" in metrics.read_text("utf-8")

    def test_the_secret_of_a_source_comes_from_its_block_and_is_told_to_nobody_else(
        self, deployed: Standing, project: Path, forum: Forum
    ) -> None:
        Secret(value=SecretStr("ann:correct-horse-battery")).save(
            "feedbackminer-forum", overwrite=True
        )
        run = deployed.start(HOURLY, project=str(project))
        assert deployed.end_of(run) == "COMPLETED"
        assert "correct-horse-battery" in forum.keys
        kept = (deployed.home / "prefect.db").read_bytes()
        kept += (deployed.home / "worker.log").read_bytes()
        assert b"correct-horse" not in kept

    def test_what_is_older_than_may_be_kept_is_erased_with_a_receipt(
        self, deployed: Standing, project: Path
    ) -> None:
        collect_source(Run(open_project(project)), "forum")
        with (project / "feedbackminer.toml").open("a", encoding="utf-8") as file:
            file.write("[retain]\ndays = 30\n")
        assert deployed.end_of(deployed.start("retain/daily", project=str(project))) == "COMPLETED"
        assert posts_of(project).is_empty()
        assert "400 posts erased" in deployed.artifact("community-receipt")[0]["receipt"]

    def test_a_cancelled_run_stops_and_the_next_one_completes(
        self, deployed: Standing, project: Path, forum: Forum
    ) -> None:
        forum.gate.clear()
        run = deployed.start(HOURLY, project=str(project))
        until(lambda: forum.asked > 0, "the run to read")
        deployed.prefect("flow-run", "cancel", run)
        assert deployed.end_of(run) == "CANCELLED"
        forum.gate.set()
        time.sleep(1)
        assert forum.asked == 1
        assert deployed.end_of(deployed.start(HOURLY, project=str(project))) == "COMPLETED"
        assert len(posts_of(project)) == 400

    def test_overlapping_runs_of_two_deployments_take_turns_and_double_no_post(
        self, deployed: Standing, project: Path, forum: Forum
    ) -> None:
        forum.gate.clear()
        first = deployed.start(HOURLY, project=str(project))
        until(lambda: forum.asked > 0, "the first run to read")
        left_out = deployed.start(HOURLY, project=str(project))
        second = deployed.start(AGAIN, project=str(project))
        assert deployed.end_of(left_out) == "CANCELLED"
        until(lambda: "waiting for its end" in deployed.log_of(second), "the second run to wait")
        assert forum.asked == 1
        forum.gate.set()
        assert [deployed.end_of(run) for run in (first, second)] == ["COMPLETED"] * 2
        assert sorted(posts_of(project)["post_id"]) == sorted(f"forum:{i}" for i in forum.ids())
        done = Store(project / "tables").read("runs").sort("finished_at")
        assert done["rows_out"].to_list() == [400, 0]


def test_after_a_worker_was_killed_a_new_one_completes_the_table(
    deployed: Standing, worker: psutil.Process, tmp_path: Path
) -> None:
    forum = Forum(6_000)
    with serve(forum) as served:
        project = written(tmp_path / "Community", served.url)
        undisturbed = written(tmp_path / "undisturbed", served.url)
        collect_source(Run(open_project(undisturbed)), "forum")
        shutil.copy(undisturbed / KEY_NAME, project)
        forum.gate.clear()
        forum.quick = 2 * forum.asked - 10  # all answers but the last ten
        killed = deployed.start(AGAIN, project=str(project))
        until(lambda: len(posts_of(project)) > 0, "the run to store")
        kill_tree(worker)
        assert deployed.state(killed) == "RUNNING"  # nobody could say that it is not
        assert len(posts_of(project)) < 6_000
        forum.gate.set()
        with deployed.worker():
            assert deployed.end_of(deployed.start(AGAIN, project=str(project))) == "COMPLETED"
    assert posts_of(project).equals(posts_of(undisturbed))
