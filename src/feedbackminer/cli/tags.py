"""``feedbackminer tag``, ``tags`` and ``train``: tag any file, say what is right, fit heads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from feedbackminer.cli.frame import answer, console, guard, new_run, open_at
from feedbackminer.cli.options import Config, ProjectFolder

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
        from feedbackminer.curation import labels
        from feedbackminer.curation.review_file import read_review, write_review

        this = new_run(open_at(project, settings, {}), quiet=True)
        if accept:
            _told(labels.accept(this, read_review(accept)))
            return
        rows = labels.worth_reading(this, count)
        if out:
            write_review(rows, out)
            console.print(
                f"{len(rows)} posts: {escape(str(out))}. Fill in sentiment, kinds and severity, "
                f"then: feedbackminer tags review --accept {escape(str(out))}"
            )
            return
        said = 0
        for label in labels.ask(rows, _prompt):  # each is kept at once
            labels.accept(this, [label])
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
        from feedbackminer.api import files
        from feedbackminer.settings.load import load

        told = load(settings, {})
        found = files.tag_file(
            file, out, text_column=text_column, settings=told, are_reviews=reviews
        )
        console.print(escape(found))

    guard(work)


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
