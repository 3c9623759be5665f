"""The flows of heads: train one from public data, fit one to a project, evaluate them.

Run one by hand with ``python -m pipelines.training HEAD PROJECT`` to fit a head to a project.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import cast

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from feedbackminer.curation import heads as adapting
from feedbackminer.embed.load import load_encoder
from feedbackminer.research import agreement, training
from feedbackminer.research.benchmarks import topics
from feedbackminer.research.cards import as_markdown
from feedbackminer.research.examples import Sources
from feedbackminer.settings.sections import EmbedSettings
from feedbackminer.steps.vectors import read_for_replay
from pipelines import artifacts
from pipelines.context import RunContext
from pipelines.parameters import Folder, Head, Seed
from pipelines.stages import HOUR


@task(cache_policy=NO_CACHE, task_run_name="train-{head}", timeout_seconds=6 * HOUR)
def train_head(head: str, data: str, labels: str, out: str, cache: str, seed: int) -> str:
    """Train a shipped head from public data and publish its card; returns its folder."""
    encoder = load_encoder(EmbedSettings())
    sources = Sources(Path(data), Path(labels), Path(cache), encoder)
    fitted = training.train(head, sources, seed=seed)
    folder = Path(out) / head
    card = training.save(fitted.head, folder)
    create_markdown_artifact(as_markdown(card), key=f"card-{head}")
    return str(folder)


@task(cache_policy=NO_CACHE, task_run_name="adapt-{head}", timeout_seconds=2 * HOUR)
def adapt_head(context: RunContext, head: str, seed: int) -> bool:
    """Fit a head to a project and publish the comparison; returns whether it was replaced."""
    comparison = adapting.adapt(context.run(), head, seed=seed)
    rows = [{"what": name, "value": str(value)} for name, value in asdict(comparison).items()]
    artifacts.show_table(context, f"comparison-{head}", rows, "Before and after")
    return comparison.replaced


@task(cache_policy=NO_CACHE, task_run_name="agreement", timeout_seconds=HOUR)
def judge_tags(context: RunContext, seed: int) -> None:
    """Publish how far the heads agree with what people said of posts."""
    agreements = agreement.agreements(context.run(), seed=seed)
    rows = [{name: str(value) for name, value in asdict(one).items()} for one in agreements]
    artifacts.show_table(context, "agreement", rows, "Heads against what people said")


@task(cache_policy=NO_CACHE, task_run_name="lasting", timeout_seconds=6 * HOUR)
def judge_topics(context: RunContext, seed: int) -> None:
    """Publish how well topics last when the latest weeks are added one by one."""
    replayed = topics.replay(*read_for_replay(context.run()), context.slug, seed)
    rows = [{name: str(value) for name, value in asdict(week).items()} for week in replayed]
    artifacts.show_table(context, "lasting", rows, "Topics, week by week")


@flow(name="train", log_prints=True, timeout_seconds=8 * HOUR)
def train(
    head: Head,
    data: Folder,
    labels: Folder = "data/labels",
    out: Folder = "models",
    cache: Folder = "vectors",
    seed: Seed = 0,
) -> str:
    """Train one of the shipped heads from public data; returns its folder.

    Args:
        head: Which head.
        data: Folder of the public data sets.
        labels: Folder of our labels.
        out: Folder that gets a folder of the head's name.
        cache: Folder that keeps vectors for the next training.
        seed: Of folds and fit.
    """
    return train_head(head, data, labels, out, cache, seed)


@flow(name="adapt", log_prints=True, timeout_seconds=4 * HOUR)
def adapt(head: Head, project: Folder, seed: Seed = 0) -> bool:
    """Fit a head to a project's corrected labels, stars and places, and keep the better one.

    Args:
        head: Which head.
        project: Folder of a mined project.
        seed: Of the held-out part and the fit.
    """
    context = RunContext.begin(project)
    with context.locked():
        return adapt_head(context, head, seed)


@flow(name="evaluate", log_prints=True, timeout_seconds=8 * HOUR)
def evaluate(project: Folder, seed: Seed = 0) -> None:
    """Measure how well topics last and how far tags agree with people; nothing is changed.

    Args:
        project: Folder of a mined project.
        seed: Of intervals and fits.
    """
    context = RunContext.begin(project)
    with context.locked():
        judge_tags(context, seed)
        judge_topics(context, seed)


def main(arguments: Sequence[str]) -> None:
    """Fit a head to a project: HEAD PROJECT."""
    head, project = arguments
    adapt(cast(Head, head), project)  # the flow refuses what is no head


if __name__ == "__main__":
    main(sys.argv[1:])
