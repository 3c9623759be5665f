"""Train a head: ``train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feedbackminer.cli.frame import Session, answer, command, print_table
from feedbackminer.cli.options import Config, ProjectFolder
from feedbackminer.shipped import MATCHER, READER, STATIC
from feedbackminer.vocabulary.tags import HEADS

if TYPE_CHECKING:
    from feedbackminer.research.examples import Sources

TRAINED = (READER, *HEADS, MATCHER, STATIC)


@command
def train(
    session: Session,
    head: Annotated[str, typer.Argument(metavar="HEAD", help=", ".join(TRAINED))],
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
    from feedbackminer.errors import InputError

    if head not in TRAINED:
        raise InputError(f"there is no head {head!r}; want one of {', '.join(TRAINED)}")
    if from_store == bool(data):
        raise InputError("train wants either --data or --from-store")
    if head == READER:
        _train_reader(session, data, labels, out / READER, seed)
        return
    if data is None:
        _adapt(session, head, seed, precision)
        return

    from tempfile import TemporaryDirectory

    from feedbackminer.embed.load import load_encoder
    from feedbackminer.research import training
    from feedbackminer.research.examples import Sources
    from feedbackminer.settings.load import load

    vectors = cache or Path(session.hold(TemporaryDirectory()))
    encoder = load_encoder(load(settings).embed)
    sources = Sources(data, labels, vectors, encoder, out)
    if head == MATCHER:
        _train_matcher(session, sources, out / head, seed)
        return
    if head == STATIC:
        _train_static(session, sources, out / head, seed)
        return
    fitted = training.train(head, sources, seed=seed, aim=precision)
    card = training.save(fitted.head, out / head)
    if card["by_label"]:
        _print_card(card)
    session.print(f"Head and card: {out / head}")


def _train_reader(
    session: Session, data: Path | None, labels: Path, folder: Path, seed: int
) -> None:
    from feedbackminer.errors import InputError
    from feedbackminer.research.reader.train import Plan, train_and_save

    if data is None:
        raise InputError(f"{READER}: is trained from --data only, not from a project")
    card = train_and_save(data, labels, folder, Plan(seed=seed), session.print)
    answer.print(
        f"{card['examples']:,} texts read; cosine to the sentence vectors of before "
        f"{card['cosine'][0]:.3f} on average, {card['cosine'][1]:.3f} for 99 % of them."
    )
    session.print(
        f"Reader and card: {folder}. Texts will be encoded anew; train the heads next: "
        f"{', '.join(HEADS)}."
    )


def _train_matcher(session: Session, sources: Sources, folder: Path, seed: int) -> None:
    from feedbackminer.research.matcher import Plan, train_matcher

    card = train_matcher(sources, folder, Plan(seed=seed), session.print)
    columns = ("pairs", "share", "average_precision", "untrained", "precision", "recall")
    rows = ((name, *(str(row[c]) for c in columns)) for name, row in card["by_set"].items())
    print_table(("set", *(column.replace("_", " ") for column in columns)), rows)
    session.print(f"Weights and card: {folder}")


def _train_static(session: Session, sources: Sources, folder: Path, seed: int) -> None:
    from feedbackminer.research.static import Plan, train_static

    card = train_static(sources, folder, Plan(seed=seed), session.print)
    held_out = card["held_out"]
    answer.print(
        f"{held_out['sentences']:,} sentences that nothing was fitted to: their cosines go with "
        f"those of the encoder by {held_out['correlation_of_cosines']:.3f} (Pearson)."
    )
    session.print(f"Weights and card: {folder}")


def _print_card(card: dict[str, Any]) -> None:
    columns = ("label", "threshold", "precision", "recall", "calibration error")
    rows = (
        (
            label,
            f"{row['threshold']:.2f}" if row["threshold"] <= 1 else "never given",
            *("–" if row[name][0] is None else f"{row[name][0]:.2f}" for name in columns[2:4]),
            f"{row['calibration_error']:.3f}",
        )
        for label, row in card["by_label"].items()
    )
    print_table(columns, rows)


def _adapt(session: Session, head: str, seed: int, precision: float | None) -> None:
    from feedbackminer.curation.heads import adapt

    run = session.begin()
    comparison = adapt(run, head, seed=seed, precision=precision)
    answer.print(
        f"{', '.join(comparison.labels)}: fitted on {comparison.n_trained} posts; log loss on "
        f"{comparison.n_held_out} others {comparison.before:.3f} before, "
        f"{comparison.after:.3f} after."
    )
    if comparison.replaced:
        session.print(
            f"The new head is better and was kept: {run.project.heads / head}. "
            "`feedbackminer mine` uses it."
        )
    else:
        session.print("The new head is not better than the shipped one and was not kept.")
