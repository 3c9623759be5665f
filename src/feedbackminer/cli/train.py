"""Train a head: ``train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from feedbackminer.cli.frame import answer, console, guard, new_run, open_at
from feedbackminer.cli.options import Config, ProjectFolder
from feedbackminer.vocabulary.tags import HEADS


def train(
    head: Annotated[str, typer.Argument(metavar="HEAD", help=", ".join(HEADS))],
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder of the public data sets")
    ] = None,
    labels: Annotated[
        Path, typer.Option("--labels", help="Folder of our labels, with train.jsonl")
    ] = Path("data/labels"),
    out: Annotated[Path, typer.Option("--out", help="Folder that gets HEAD/")] = Path("models"),
    cache: Annotated[
        Path | None, typer.Option("--cache", help="Keep vectors here for the next training")
    ] = None,
    from_store: Annotated[
        bool, typer.Option("--from-store", help="Fit to the project's own posts and labels")
    ] = False,
    project: ProjectFolder = Path(),
    precision: Annotated[
        float | None,
        typer.Option(min=0.5, max=0.99, help="That thresholds aim at; default: the head's own"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of folds and fit")] = 0,
    settings: Config = None,
) -> None:
    """Train a head: from public data, or --from-store from what a project knows of its posts."""

    def work() -> None:
        from feedbackminer.errors import InputError

        if head not in HEADS:
            raise InputError(f"there is no head {head!r}; want one of {', '.join(HEADS)}")
        if from_store == bool(data):
            raise InputError("train wants either --data or --from-store")
        if from_store:
            _adapt(head, project, settings, seed, precision)
        elif data:
            _train(head, data, labels, out, cache, settings, seed, precision)

    guard(work)


def _train(
    head: str,
    data: Path,
    labels: Path,
    out: Path,
    cache: Path | None,
    settings: Path | None,
    seed: int,
    precision: float | None,
) -> None:
    from tempfile import TemporaryDirectory

    from feedbackminer.embed.load import load_encoder
    from feedbackminer.research import training
    from feedbackminer.settings.load import load

    encoder = load_encoder(load(settings, {}).embed)
    with TemporaryDirectory() as folder:
        sources = training.Sources(data, labels, cache or Path(folder), encoder)
        fitted = training.train(head, sources, seed=seed, aim=precision)
    told = training.save(fitted.head, out / head)
    table = Table("label", "threshold", "precision", "recall", "calibration error")
    for name, row in told["by_label"].items():
        table.add_row(
            name,
            f"{row['threshold']:.2f}" if row["threshold"] <= 1 else "never given",
            *(
                "–" if row[what][0] is None else f"{row[what][0]:.2f}"
                for what in ("precision", "recall")
            ),
            f"{row['calibration_error']:.3f}",
        )
    answer.print(table)
    console.print(f"Head and card: {escape(str(out / head))}")


def _adapt(
    head: str, project: Path, settings: Path | None, seed: int, precision: float | None
) -> None:
    from feedbackminer.curation import heads

    this = new_run(open_at(project, settings, {}), quiet=True)
    found = heads.adapt(this, head, seed=seed, precision=precision)
    answer.print(
        f"{', '.join(found.labels)}: fitted on {found.n_trained} posts; log loss on "
        f"{found.n_held_out} others {found.before:.3f} before, {found.after:.3f} after."
    )
    if found.replaced:
        console.print(
            f"The new head is better and was kept: {escape(str(this.project.heads / head))}. "
            "`feedbackminer mine` uses it."
        )
    else:
        console.print("The new head is not better than the shipped one and was not kept.")
