"""``feedbackminer topics``: look at topics, correct them, and find them in a file of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from feedbackminer.cli.frame import (
    Session,
    answer,
    command,
    print_correction,
    print_json,
    print_table,
)
from feedbackminer.cli.options import AsJson, Config, ProjectFolder, Quiet
from feedbackminer.text.words import on_one_line

app = typer.Typer(
    help="See topics, correct them for good, or find them in any file of texts.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
TopicId = Annotated[str, typer.Argument(metavar="TOPIC", help="Such as t004")]
POST_CHARS = 200


@app.command("list")
@command
def list_(
    session: Session,
    project: ProjectFolder = Path(),
    settings: Config = None,
    as_json: AsJson = False,
) -> None:
    """List the topics of a project, under their themes."""
    store = session.open().store
    topics = store.read("topics").to_dicts()
    n_texts = len(store.read("texts", ["post_id"]))
    n_sorted = len(store.read("assignments").filter(rank=1))
    shown = [row for row in topics if row["level"] == "topic" and row["status"] != "retired"]
    if session.as_json:
        print_json([_without_vectors(row) for row in shown])
        return

    labels = {row["topic_id"]: row["label"] for row in topics}
    rows = [
        (
            row["topic_id"],
            row["label"],
            f"{row['size']:,}",
            _stability(row["stability"]),
            labels.get(row["parent_id"] or "", ""),
            row["status"],
        )
        for row in sorted(shown, key=lambda row: (row["parent_id"] or "~", -row["size"]))
    ]
    rows.append(("", "unsorted", f"{n_texts - n_sorted:,}", "", "", ""))
    print_table(("id", "topic", "posts", "stability", "theme", "status"), rows, box=None)


@app.command()
@command
def show(
    session: Session,
    topic: TopicId,
    project: ProjectFolder = Path(),
    settings: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show one topic: what marks it, the posts that stand for it, and its history."""
    from feedbackminer.curation.topics import topic_of

    details = topic_of(session.open().store, topic)
    if session.as_json:
        print_json(details)
        return
    row = details["topic"]
    answer.print(f"[bold]{row['topic_id']}  {escape(row['label'])}[/]  ({row['status']})")
    answer.print(f"{row['size']:,} posts, stability {_stability(row['stability'])}")
    answer.print(f"{details['n_partly']:,} more posts are partly about it")
    answer.print(f"Marked by: {escape(', '.join(row['keywords'][:12]))}")
    for part in details["subtopics"]:
        answer.print(f"  {part['topic_id']}  {escape(part['label'])}: {part['size']:,} posts")
    for post in details["posts"]:
        start = on_one_line(post["body"])[:POST_CHARS]
        answer.print(f"{escape(post['post_id'])}: {escape(start)}")
    for event in details["lineage"]:
        ends = " → ".join(i for i in (event["from_id"], event["to_id"]) if i)
        answer.print(f"{event['event']} {ends} by {event['by']}: {escape(event['why'])}")


@app.command()
@command
def rename(
    session: Session,
    topic: TopicId,
    name: Annotated[str, typer.Argument(help="What to call it")],
    project: ProjectFolder = Path(),
    settings: Config = None,
) -> None:
    """Give a topic a name that it keeps."""
    _correct(session, "rename", topic, to=name)


@app.command()
@command
def merge(
    session: Session,
    topic: TopicId,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The topic that takes its posts")],
    project: ProjectFolder = Path(),
    settings: Config = None,
) -> None:
    """Put the posts of a topic, now and later, into another one."""
    _correct(session, "merge", topic, to=into)


@app.command()
@command
def split(
    session: Session,
    topic: TopicId,
    parts: Annotated[int, typer.Option(min=2, max=10, help="Into how many")] = 2,
    project: ProjectFolder = Path(),
    settings: Config = None,
) -> None:
    """Divide a topic into parts that stay apart."""
    _correct(session, "split", topic, parts=parts)


@app.command()
@command
def pin(
    session: Session, topic: TopicId, project: ProjectFolder = Path(), settings: Config = None
) -> None:
    """Keep a topic even where a refit would not find it."""
    _correct(session, "pin", topic)


@app.command()
@command
def ignore(
    session: Session, topic: TopicId, project: ProjectFolder = Path(), settings: Config = None
) -> None:
    """Keep a topic out of claims and digests; its posts stay in the store."""
    _correct(session, "ignore", topic)


@app.command()
@command
def undo(
    session: Session,
    number: Annotated[
        int | None, typer.Argument(help="Number of the correction; default: the last")
    ] = None,
    project: ProjectFolder = Path(),
    settings: Config = None,
) -> None:
    """Take a correction back."""
    from feedbackminer.curation import topics

    print_correction(session, topics.undo(session.begin(), number))


@app.command()
@command
def refit(
    session: Session,
    project: ProjectFolder = Path(),
    settings: Config = None,
    quiet: Quiet = False,
) -> None:
    """Find topics anew; those that are found again keep their ids and names."""
    from feedbackminer.curation import topics

    topics.refit(session.begin())
    print_correction(session, "Topics were found anew; `topics show` tells what became of each")


@app.command()
@command
def fit(
    session: Session,
    file: Annotated[str, typer.Argument(help="JSONL, JSON, CSV or Parquet; - for stdin")],
    out: Annotated[Path, typer.Option("--out", help="JSONL, one row per row of the input")],
    text_column: Annotated[str, typer.Option(help="Column with the text")] = "text",
    seed: Annotated[int | None, typer.Option(help="Of the clustering")] = None,
    settings: Config = None,
) -> None:
    """Find topics in any file of texts, without a project."""
    from feedbackminer.api import files
    from feedbackminer.settings.load import load

    chosen = load(settings, {} if seed is None else {"topics": {"seed": seed}})
    session.print(files.fit_topics(file, out, text_column=text_column, settings=chosen))


def _correct(session: Session, action: str, topic: str, *, to: str = "", parts: int = 0) -> None:
    from feedbackminer.curation import topics

    print_correction(session, topics.correct(session.begin(), action, topic, to=to, parts=parts))


def _stability(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _without_vectors(row: dict[str, Any]) -> dict[str, Any]:
    from feedbackminer.curation.topics import HIDDEN

    return {name: value for name, value in row.items() if name not in HIDDEN}
