"""``feedbackminer tag``, ``tags`` and ``train``: tag any file, say what is right, fit heads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from feedbackminer.cli_frame import (
    Config,
    ProjectFolder,
    answer,
    console,
    guard,
    new_run,
    open_at,
)

HEADS = ("sentiment", "tone", "kinds", "severity")
app = typer.Typer(
    help="Say what is right of tags; what you say counts at once, and a retrain learns from it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _tags() -> None:
    """Keep ``review`` a command of its own."""


@app.command()
def review(
    project: ProjectFolder = Path(),
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the posts as CSV, to be filled in")
    ] = None,
    accept: Annotated[
        Path | None, typer.Option("--accept", help="Read labels from such a CSV")
    ] = None,
    count: Annotated[int, typer.Option(min=1, max=1_000, help="How many posts")] = 20,
    settings: Config = None,
) -> None:
    """Show the posts whose labels would teach most; without --out and --accept, ask here."""

    def work() -> None:
        from feedbackminer import curate_tags

        this = new_run(open_at(project, settings, {}), quiet=True)
        if accept:
            _told(curate_tags.accept(this, curate_tags.read_review(accept)))
            return
        rows = curate_tags.worth_reading(this, count)
        if out:
            curate_tags.write_review(rows, out)
            console.print(
                f"{len(rows)} posts: {escape(str(out))}. Fill in sentiment, kinds and severity, "
                f"then: feedbackminer tags review --accept {escape(str(out))}"
            )
            return
        said = 0
        for label in curate_tags.ask(rows, _prompt):  # each is kept at once
            curate_tags.accept(this, [label])
            said += 1
        _told(f"{said} labels kept")

    guard(work)


def tag(
    file: Annotated[str, typer.Argument(help="JSONL, JSON, CSV or Parquet; - for stdin")],
    out: Annotated[Path, typer.Option("--out", help="JSONL, one row per row of the input")],
    text_column: Annotated[str, typer.Option(help="Column with the text")] = "text",
    reviews: Annotated[
        bool, typer.Option("--reviews", help="The texts are reviews of an app, not posts")
    ] = False,
    settings: Config = None,
) -> None:
    """Tag any file of texts, without a project: sentiment, kinds, severity, talk of leaving."""

    def work() -> None:
        from feedbackminer import settings as settings_of
        from feedbackminer import standalone

        told = settings_of.load(settings, {})
        found = standalone.tag_file(
            file, out, text_column=text_column, settings=told, are_reviews=reviews
        )
        console.print(escape(found))

    guard(work)


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

    from feedbackminer import settings as settings_of
    from feedbackminer.embed.encoders import SentenceEncoder
    from feedbackminer.research import tag_heads

    encoder = SentenceEncoder(settings_of.load(settings, {}).embed)
    with TemporaryDirectory() as folder:
        sources = tag_heads.Sources(data, labels, cache or Path(folder), encoder)
        fitted = tag_heads.train(head, sources, seed=seed, aim=precision)
    told = tag_heads.save(fitted.head, out / head)
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
    from feedbackminer import adapt

    this = new_run(open_at(project, settings, {}), quiet=True)
    found = adapt.adapt(this, head, seed=seed, precision=precision)
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


def _prompt(row: Mapping[str, Any], mistake: str) -> dict[str, str] | None:
    """Show a post and ask for its labels; "q" ends."""
    if mistake:
        console.print(f"[red]{escape(mistake)}[/]")
    else:
        answer.print(f"\n[bold]{escape(row['post_id'])}[/]  (guess: {escape(row['guess'])})")
        answer.print(escape(row["text"]))
    told = {}
    for name, hint in (
        ("kinds", "comma-separated, none, or empty to skip; q ends"),
        ("sentiment", "negative, neutral, positive, or empty"),
        ("severity", "0 no problem, 1 cosmetic … 4 unusable, or empty"),
    ):
        told[name] = typer.prompt(f"{name} ({hint})", default="", show_default=False)
        if told[name].strip().lower() == "q":
            return None
        if name == "kinds" and not told[name].strip():
            break
    return told


def _told(what: str) -> None:
    console.print(
        f"{escape(what)}. `feedbackminer mine` carries it into claims and digests; "
        "`feedbackminer train kinds --from-store` learns from it."
    )
