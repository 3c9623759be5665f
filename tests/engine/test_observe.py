"""A run under observation leaves its metrics, however it ends, and the log hears of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from feedbackminer.engine.observe import FOLDER, KEPT, observed, write_metrics
from feedbackminer.engine.run import Run
from feedbackminer.engine.stage import Outcome
from feedbackminer.errors import StoreError
from feedbackminer.project.project import open_project
from feedbackminer.steps.exports import collect_exports
from tests.support.command import invoke, write_jsonl


class Heard:
    """Remembers what a run reports."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def begin(self) -> None:
        self.told.append("begin")

    def start(self, stage: str, total: int | None) -> None: ...
    def advance(self, done: int) -> None: ...
    def tell(self, message: str) -> None: ...
    def finish(self, outcome: Outcome) -> None:
        self.told.append(outcome.account.stage)

    def end(self, error: BaseException | None) -> None:
        self.told.append(error)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(open_project(tmp_path / "p"), reporter=Heard())


def export(folder: Path) -> str:
    return str(write_jsonl(folder / "talk.jsonl", [{"id": "a", "body": "One"}, {"id": "b"}]))


def metrics(run: Run) -> dict[str, float]:
    """Return the samples of a run's file; of rows those of collect."""
    text = (run.project.folder / FOLDER / f"{run.run_id}.prom").read_text("utf-8")
    return {
        sample.name.removeprefix("feedbackminer_"): sample.value
        for family in text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
        for sample in family.samples
    }


def test_a_run_leaves_its_row_account_and_that_it_did_not_fail(run: Run, tmp_path: Path) -> None:
    with observed(run):
        collect_exports(run, [export(tmp_path)])
    found = metrics(run)
    assert (found["run_failed"], found["posts"]) == (0, 1)
    assert (found["stage_rows_in"], found["stage_rows_out"]) == (2, 1)
    assert found["stage_rows_dropped"] == 1
    assert isinstance(run.reporter, Heard)
    assert run.reporter.told == ["begin", "collect", None]


@pytest.mark.parametrize("error", [StoreError("full"), ZeroDivisionError(), KeyboardInterrupt()])
def test_a_run_that_fails_leaves_what_it_did_and_that_it_failed(
    run: Run, tmp_path: Path, error: BaseException
) -> None:
    def work() -> None:
        with observed(run):
            collect_exports(run, [export(tmp_path)])
            raise error

    with pytest.raises(type(error)):
        work()
    found = metrics(run)
    assert (found["run_failed"], found["stage_rows_in"]) == (1, 2)
    assert isinstance(run.reporter, Heard)
    assert run.reporter.told[-1] is error


def test_a_store_that_cannot_be_read_is_told_and_leaves_metrics_too(run: Run) -> None:
    broken = Path(run.project.store.url) / "runs" / "_delta_log"
    broken.mkdir(parents=True)
    (broken / f"{0:020d}.json").write_text("no JSON", "utf-8")
    with pytest.raises(StoreError), observed(run):
        run.project.store.read("runs")
    found = metrics(run)
    assert found["run_failed"] == 1
    assert "posts" not in found


def test_metrics_that_cannot_be_written_are_told(run: Run) -> None:
    (run.project.folder / FOLDER).write_text("a file in the way", "utf-8")
    with pytest.raises(StoreError, match=r"prom: cannot be written"), observed(run):
        pass


def test_only_the_newest_files_are_kept_and_no_draft_is_left(run: Run) -> None:
    folder = run.project.folder / FOLDER
    folder.mkdir()
    for number in range(KEPT + 5):
        (folder / f"2020{number:04d}T000000-abcdef.prom").write_text("", "utf-8")
    write_metrics(run, failed=False)
    left = sorted(path.name for path in folder.iterdir())
    assert len(left) == KEPT
    assert left[0] == "20200006T000000-abcdef.prom"
    assert left[-1] == f"{run.run_id}.prom"


def test_every_command_that_writes_leaves_a_file_also_where_it_fails(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    assert invoke("import", export(tmp_path), "--project", folder).exit_code == 0
    assert invoke("digest", "--project", folder, "--out", tmp_path / "d").exit_code == 2
    files = sorted((folder / FOLDER).glob("*.prom"))
    failed = ["\nfeedbackminer_run_failed 1" in path.read_text("utf-8") for path in files]
    assert sorted(failed) == [False, True]
