"""Train a head, as a Prefect flow: from public data, or from what a project knows of its posts.

Run it with ``python -m pipelines.training HEAD PROJECT`` to fit a head to a project, or serve it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from feedbackminer import adapt as adapting
from feedbackminer.embed.encoders import SentenceEncoder
from feedbackminer.project import open_project
from feedbackminer.research import tag_heads
from feedbackminer.runs import Run
from feedbackminer.settings import EmbedSettings


@task(cache_policy=NO_CACHE, task_run_name="train-{head}")
def train_head(head: str, data: str, labels: str, out: str, cache: str, seed: int) -> str:
    """Train a shipped head from public data and publish its card; returns its folder."""
    encoder = SentenceEncoder(EmbedSettings())
    sources = tag_heads.Sources(Path(data), Path(labels), Path(cache), encoder)
    fitted = tag_heads.train(head, sources, seed=seed)
    folder = Path(out) / head
    told = tag_heads.save(fitted.head, folder)
    create_markdown_artifact(tag_heads.as_markdown(told), key=f"card-{head}")
    return str(folder)


@task(cache_policy=NO_CACHE, task_run_name="adapt-{head}")
def adapt_head(head: str, project: str, seed: int) -> bool:
    """Fit a head to a project and publish the comparison; returns whether it was replaced."""
    found = adapting.adapt(Run(open_project(Path(project))), head, seed=seed)
    rows = [{"what": name, "value": str(value)} for name, value in asdict(found).items()]
    create_table_artifact(rows, key=f"comparison-{head}", description="Before and after")
    return found.replaced


@flow(name="train")
def train(
    head: str,
    data: str,
    labels: str = "data/labels",
    out: str = "models",
    cache: str = "vectors",
    seed: int = 0,
) -> str:
    """Train one of the shipped heads from public data; returns its folder.

    Args:
        head: sentiment, tone, kinds or severity.
        data: folder of the public data sets.
        labels: folder of our labels.
        out: folder that gets a folder of the head's name.
        cache: folder that keeps vectors for the next training.
        seed: of folds and fit.
    """
    return train_head(head, data, labels, out, cache, seed)


@flow(name="adapt")
def adapt(head: str, project: str, seed: int = 0) -> bool:
    """Fit a head to a project's corrected labels, stars and places, and keep the better one.

    Args:
        head: sentiment, tone, kinds or severity.
        project: folder of a mined project.
        seed: of the held-out part and the fit.
    """
    return adapt_head(head, project, seed)


def main(arguments: Sequence[str]) -> None:
    """Fit a head to a project: HEAD PROJECT."""
    head, project = arguments
    adapt(head, project)


if __name__ == "__main__":
    main(sys.argv[1:])
