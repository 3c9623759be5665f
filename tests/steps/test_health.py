"""Checks in the run of things: they are stored, told everywhere, and can stop a digest."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from feedbackminer.engine.ledger import latest_checks
from feedbackminer.engine.run import Run
from feedbackminer.errors import DriftError, SettingsError
from feedbackminer.project.project import Project, open_project
from feedbackminer.steps import mining
from feedbackminer.steps.digest import write_digest
from feedbackminer.tables import Health, check, column_types
from feedbackminer.vocabulary.tags import CHECKS
from tests.support.builders import day
from tests.support.command import Mined, invoke

pytestmark = pytest.mark.slow


@pytest.fixture
def mined(sample: Mined, tmp_path: Path) -> Mined:
    """Return a copy of the sample community, which was mined to its end."""
    return sample.copy_to(tmp_path)


def blocking(folder: Path, *names: str) -> Project:
    return open_project(folder, {"drift": {"block": names}})


def unsort_latest_week(project: Project) -> None:
    """Take the topics of the latest week's posts away."""
    posts = project.store.read("posts", ["post_id", "created_at"])
    last = posts["created_at"].max()
    latest = posts.filter(pl.col("created_at") > pl.lit(last) - timedelta(days=7))
    assigned = project.store.read("assignments")
    project.store.replace("assignments", assigned.join(latest, on="post_id", how="anti"))


def store_warning(project: Project, name: str) -> None:
    row = {"run_id": "later", "check": name, "value": 0.9, "low": 0.1, "high": 0.2,
           "status": "warning", "detail": "90% are odd", "checked_at": day(9_000)}  # fmt: skip
    rows = pl.DataFrame([row], schema=column_types(Health))
    project.store.append("health", check(rows, Health, where="test"))


class TestStored:
    def test_mining_ends_with_one_row_per_check(self, sample: Mined) -> None:
        rows = sample.table("health")
        print(f"\n{rows.select('check', 'value', 'low', 'high', 'status', 'detail')}")
        assert sorted(rows["check"]) == sorted(CHECKS)
        assert not (rows["status"] == "unknown").any()

    def test_a_steady_community_gets_no_warning(self, sample: Mined) -> None:
        assert (sample.table("health")["status"] == "ok").all()

    def test_the_same_data_is_not_checked_again_and_gives_the_same_rows(self, mined: Mined) -> None:
        before = mined.table("health")
        project = open_project(mined.project, {"digest": {"product": "Inkwren"}})
        assert Run(project).step(mining.HEALTH).reused
        assert mined.table("health").equals(before)
        stricter = open_project(mined.project, {"drift": {"tolerance": 2.9}})
        Run(stricter).step(mining.HEALTH)
        again = Run(project)
        assert not again.step(mining.HEALTH).reused
        own = ("run_id", "checked_at")
        latest = latest_checks(project.store)
        assert set(latest["run_id"]) == {again.run_id}
        assert latest.drop(own).equals(before.drop(own))


class TestTold:
    def test_a_planted_drift_reaches_notices_table_method_page_and_metrics(
        self, mined: Mined
    ) -> None:
        unsort_latest_week(open_project(mined.project))
        run = Run(open_project(mined.project))
        notices = run.step(mining.HEALTH).notices
        assert any("(unsorted_share)" in notice for notice in notices)
        done = invoke("digest", "--project", mined.project, "--out", mined.out)
        assert done.exit_code == 0, done.stderr
        assert set(notices) <= set(mined.digest["notices"])
        assert "of texts belong to no topic" in (mined.out / "method.html").read_text("utf-8")
        newest = max((mined.project / "metrics").glob("*.prom"))
        wanted = 'check="unsorted_share",feedbackminer_health_status="warning"} 1'
        assert wanted in newest.read_text("utf-8")


class TestBlock:
    def test_a_check_that_warns_stops_the_digest_where_the_settings_say_so(
        self, mined: Mined, tmp_path: Path
    ) -> None:
        project = blocking(mined.project, "unsorted_share")
        store_warning(project, "unsorted_share")
        with pytest.raises(DriftError) as stopped:
            write_digest(Run(project), tmp_path / "new")
        for told in ("unsorted_share: got 0.9, expected 0.1 to 0.2 (90% are odd)", "--force"):
            assert told in str(stopped.value)
        assert not (tmp_path / "new").exists()

    def test_the_command_ends_with_1_and_force_writes_it_all_the_same(
        self, mined: Mined, tmp_path: Path
    ) -> None:
        (mined.project / "feedbackminer.toml").write_text('[drift]\nblock = ["all"]\n', "utf-8")
        store_warning(open_project(mined.project), "language_mix")
        command = ("digest", "--project", mined.project, "--out", tmp_path / "new")
        stopped = invoke(*command)
        assert stopped.exit_code == 1
        assert "language_mix: got 0.9, expected 0.1 to 0.2" in " ".join(stopped.stderr.split())
        assert invoke(*command, "--force").exit_code == 0
        assert (tmp_path / "new" / "index.html").exists()

    def test_other_checks_do_not_stop_it(self, mined: Mined, tmp_path: Path) -> None:
        project = blocking(mined.project, "unsorted_share")
        store_warning(project, "language_mix")
        write_digest(Run(project), tmp_path / "new")

    def test_a_warning_of_an_earlier_run_does_not_stop_it(
        self, mined: Mined, tmp_path: Path
    ) -> None:
        project = blocking(mined.project, "all")
        store_warning(project, "language_mix")
        Run(project, started_at=day(9_001)).step(mining.HEALTH)
        write_digest(Run(project), tmp_path / "new")

    def test_a_check_that_does_not_exist_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(
            SettingsError, match=r"drift\.block: no check 'mood'; want posts_per_day"
        ):
            blocking(tmp_path, "mood")
