"""Results to MLflow, where somebody keeps experiments there; our own files stay what counts."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from feedbackminer.errors import InputError
from feedbackminer.research.experiments.manifest import FILE, manifest_id
from feedbackminer.research.experiments.methods import OURS
from feedbackminer.research.experiments.run import RESULTS, Experiment

if TYPE_CHECKING:
    from mlflow import MlflowClient

REPORTS = (FILE, RESULTS, "report.md", "report.html")


def track(experiment: Experiment, folder: Path, uri: str) -> list[str]:
    """Log each line of the results as a run, and return the ids of the runs.

    Settings that vary are parameters; means over seeds are metrics; manifest, table and reports
    are artifacts.

    Args:
        uri: of the tracking store, such as ``sqlite:///mlflow.db`` or ``http://host:5000``.
    Raises:
        InputError: MLflow is not installed, or its store cannot be used.
    """
    if not find_spec("mlflow"):
        raise InputError('--mlflow: wants an extra: pip install "feedbackminer[mlflow]"')
    import mlflow
    from mlflow.exceptions import MlflowException

    results = pl.read_parquet(folder / RESULTS)
    try:
        client = mlflow.MlflowClient(uri)
        found = client.get_experiment_by_name(experiment.name)
        number = found.experiment_id if found else client.create_experiment(experiment.name)
        return [
            _log(client, number, experiment, title, results, folder) for title in experiment.titles
        ]
    except (MlflowException, OSError) as error:
        raise InputError(f"--mlflow {uri}: {error}") from None


def _log(
    client: MlflowClient,
    number: str,
    experiment: Experiment,
    title: str,
    results: pl.DataFrame,
    folder: Path,
) -> str:
    run = client.create_run(number, run_name=title)
    run_id = str(run.info.run_id)
    changed = next((v.changed for v in experiment.spec.variants() if v.name == title), {})
    parameters = {**changed, "method": OURS if changed or title == "ours" else title}
    for key, value in parameters.items():
        client.log_param(run_id, key, value)
    client.set_tag(run_id, "manifest", manifest_id(experiment.manifest))
    is_this = (pl.col("variant") == title) | (pl.col("method") == title)
    means = results.filter(is_this).group_by("measure").agg(pl.col("value").mean()).drop_nulls()
    for measure, value in means.sort("measure").iter_rows():
        client.log_metric(run_id, measure, value)
    for name in REPORTS:
        client.log_artifact(run_id, str(folder / name))
    client.set_terminated(run_id)
    return run_id
