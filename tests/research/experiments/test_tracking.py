"""What MLflow keeps of an experiment is what the results say."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from feedbackminer.errors import InputError
from feedbackminer.research.experiments import run
from feedbackminer.research.experiments.run import prepare
from feedbackminer.research.experiments.tracking import track
from tests.support.experiment_files import write_experiment

pytestmark = pytest.mark.slow


def test_each_line_is_a_run_with_its_settings_and_means(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    from mlflow import MlflowClient

    experiment = prepare(write_experiment(tmp_path))
    folder = run.run(experiment, tmp_path / "out")
    uri = (tmp_path / "tracked").as_uri()
    run_ids = track(experiment, folder, uri)

    client = MlflowClient(uri)
    runs = [client.get_run(run_id) for run_id in run_ids]
    assert [one.info.run_name for one in runs] == experiment.titles
    assert runs[0].data.params == {"topics.max_topics": "20", "method": "feedbackminer"}
    results = pl.read_parquet(folder / run.RESULTS)
    nmi = results.filter(measure="nmi", variant="topics.max_topics=20")["value"].mean()
    assert runs[0].data.metrics["nmi"] == pytest.approx(nmi)
    assert runs[2].data.params == {"method": "nmf"}
    artifacts = {file.path for file in client.list_artifacts(run_ids[0])}
    assert artifacts == {"manifest.json", "results.parquet", "report.md", "report.html"}


def test_a_store_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    experiment = prepare(write_experiment(tmp_path, seeds=[0], matrix={}, baselines=[]))
    folder = run.run(experiment, tmp_path / "out")
    with pytest.raises(InputError, match=r"--mlflow nowhere://x: "):
        track(experiment, folder, "nowhere://x")
