"""``feedbackminer tag`` and ``tags``: tag any file, and say what is right of tags."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from feedbackminer.cli.frame import Session, answer, command, print_correction
from feedbackminer.cli.options import Config, ProjectFolder

app = typer.Typer(
    help="Say what is right of tags; what you say counts at once, and a retrain learns from it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
LEARN = "; `feedbackminer train kinds --from-store` learns from it"


@app.callback()
def _tags() -> None:
    """Keep ``review`` a command of its own."""


@app.command()
@command
def review(
    session: Session,
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
    from feedbackminer.curation import labels
    from feedbackminer.curation.review_file import read_review, write_review

    run = session.begin()
    if accept:
        print_correction(session, labels.accept(run, read_review(accept)), then=LEARN)
        return
    posts = labels.worth_reading(run, count)
    if out:
        write_review(posts, out)
        session.print(
            f"{len(posts)} posts: {out}. Fill in sentiment, kinds and severity, "
            f"then: feedbackminer tags review --accept {out}"
        )
        return

    n_kept = 0
    for label in labels.ask(posts, partial(_prompt, session)):  # each is kept at once
        labels.accept(run, [label])
        n_kept += 1
    print_correction(session, f"{n_kept} labels kept", then=LEARN)


@command
def tag(
    session: Session,
    file: Annotated[str, typer.Argument(help="JSONL, JSON, CSV or Parquet; - for stdin")],
    out: Annotated[Path, typer.Option("--out", help="JSONL, one row per row of the input")],
    text_column: Annotated[str, typer.Option(help="Column with the text")] = "text",
    reviews: Annotated[
        bool, typer.Option("--reviews", help="The texts are reviews of an app, not posts")
    ] = False,
    settings: Config = None,
) -> None:
    """Tag any file of texts, without a project: sentiment, kinds, severity, talk of leaving."""
    from feedbackminer.api import files
    from feedbackminer.settings.load import load

    summary = files.tag_file(
        file, out, text_column=text_column, settings=load(settings), are_reviews=reviews
    )
    session.print(summary)


def _prompt(session: Session, post: Mapping[str, Any], mistake: str) -> dict[str, str] | None:
    """Show a post and ask for its labels; "q" ends."""
    if mistake:
        session.print(mistake, style="red")
    else:
        answer.print(f"\n[bold]{escape(post['post_id'])}[/]  (guess: {escape(post['guess'])})")
        answer.print(escape(post["text"]))
    labels = {}
    for name, hint in (
        ("kinds", "comma-separated, none, or empty to skip; q ends"),
        ("sentiment", "negative, neutral, positive, or empty"),
        ("severity", "0 no problem, 1 cosmetic … 4 unusable, or empty"),
    ):
        labels[name] = typer.prompt(f"{name} ({hint})", default="", show_default=False)
        if labels[name].strip().lower() == "q":
            return None
        if name == "kinds" and not labels[name].strip():
            break
    return labels
