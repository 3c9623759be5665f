"""``feedbackminer topics``: look at topics, correct them, and find them in a file of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from feedbackminer.cli.frame import answer, console, guard, new_run, open_at
from feedbackminer.cli.options import AsJson, Config, ProjectFolder, Quiet

app = typer.Typer(
    help="See topics, correct them for good, or find them in any file of texts.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
TopicId = Annotated[str, typer.Argument(metavar="TOPIC", help="Such as t004")]
POST_CHARS = 200


@app.command("list")
def list_(
    project: ProjectFolder = Path(), settings: Config = None, as_json: AsJson = False
) -> None:
    """List the topics of a project, under their themes."""

    def work() -> None:
        store = open_at(project, settings, {}).store
        rows = store.read("topics").to_dicts()
        n_texts = len(store.read("texts", ["post_id"]))
        n_sorted = len(store.read("assignments").filter(rank=1))
        shown = [row for row in rows if row["level"] == "topic" and row["status"] != "retired"]
        if as_json:
            typer.echo(json.dumps([_plain(row) for row in shown], ensure_ascii=False, indent=1))
            return
        labels = {row["topic_id"]: row["label"] for row in rows}
        table = Table("id", "topic", "posts", "stability", "theme", "status", box=None)
        order = sorted(shown, key=lambda row: (row["parent_id"] or "~", -row["size"]))
        for row in order:
            table.add_row(
                row["topic_id"],
                escape(row["label"]),
                f"{row['size']:,}",
                _stability(row["stability"]),
                escape(labels.get(row["parent_id"] or "", "")),
                row["status"],
            )
        table.add_row("", "unsorted", f"{n_texts - n_sorted:,}", "", "", "")
        answer.print(table)

    guard(work)


@app.command()
def show(
    topic: TopicId,
    project: ProjectFolder = Path(),
    settings: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show one topic: what marks it, the posts that stand for it, and its history."""
    from feedbackminer.curation import topics

    def work() -> None:
        found = topics.topic_of(open_at(project, settings, {}).store, topic)
        if as_json:
            typer.echo(json.dumps(found, ensure_ascii=False, indent=1, default=str))
            return
        row = found["topic"]
        answer.print(f"[bold]{row['topic_id']}  {escape(row['label'])}[/]  ({row['status']})")
        answer.print(f"{row['size']:,} posts, stability {_stability(row['stability'])}")
        answer.print(f"{found['n_partly']:,} more posts are partly about it")
        answer.print(f"Marked by: {escape(', '.join(row['keywords'][:12]))}")
        for part in found["subtopics"]:
            answer.print(f"  {part['topic_id']}  {escape(part['label'])}: {part['size']:,} posts")
        for post in found["posts"]:
            said = " ".join(post["body"].split())[:POST_CHARS]
            answer.print(f"{escape(post['post_id'])}: {escape(said)}")
        for event in found["lineage"]:
            ends = " → ".join(i for i in (event["from_id"], event["to_id"]) if i)
            answer.print(f"{event['event']} {ends} by {event['by']}: {escape(event['why'])}")

    guard(work)


@app.command()
def rename(
    topic: TopicId,
    name: Annotated[str, typer.Argument(help="What to call it")],
    project: ProjectFolder = Path(),
    settings: Config = None,
) -> None:
    """Give a topic a name that it keeps."""
    _correct(project, settings, "rename", topic, to=name)


@app.command()
def merge(
    topic: TopicId,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The topic that takes its posts")],
    project: ProjectFolder = Path(),
    settings: Config = None,
) -> None:
    """Put the posts of a topic, now and later, into another one."""
    _correct(project, settings, "merge", topic, to=into)


@app.command()
def split(
    topic: TopicId,
    parts: Annotated[int, typer.Option(min=2, max=10, help="Into how many")] = 2,
    project: ProjectFolder = Path(),
    settings: Config = None,
) -> None:
    """Divide a topic into parts that stay apart."""
    _correct(project, settings, "split", topic, parts=parts)


@app.command()
def pin(topic: TopicId, project: ProjectFolder = Path(), settings: Config = None) -> None:
    """Keep a topic even where a refit would not find it."""
    _correct(project, settings, "pin", topic)


@app.command()
def ignore(topic: TopicId, project: ProjectFolder = Path(), settings: Config = None) -> None:
    """Keep a topic out of claims and digests; its posts stay in the store."""
    _correct(project, settings, "ignore", topic)


@app.command()
def undo(
    number: Annotated[
        int | None, typer.Argument(help="Number of the correction; default: the last")
    ] = None,
    project: ProjectFolder = Path(),
    settings: Config = None,
) -> None:
    """Take a correction back."""
    from feedbackminer.curation import topics

    def work() -> None:
        this = new_run(open_at(project, settings, {}), quiet=True)
        _told(topics.undo(this, number))

    guard(work)


@app.command()
def refit(project: ProjectFolder = Path(), settings: Config = None, quiet: Quiet = False) -> None:
    """Find topics anew; those that are found again keep their ids and names."""
    from feedbackminer.curation import topics

    def work() -> None:
        topics.refit(new_run(open_at(project, settings, {}), quiet))
        _told("Topics were found anew; `topics show` tells what became of each")

    guard(work)


@app.command()
def fit(
    file: Annotated[str, typer.Argument(help="JSONL, JSON, CSV or Parquet; - for stdin")],
    out: Annotated[Path, typer.Option("--out", help="JSONL, one row per row of the input")],
    text_column: Annotated[str, typer.Option(help="Column with the text")] = "text",
    seed: Annotated[int | None, typer.Option(help="Of the clustering")] = None,
    settings: Config = None,
) -> None:
    """Find topics in any file of texts, without a project."""

    def work() -> None:
        from feedbackminer.api import files
        from feedbackminer.settings.load import load

        chosen = {} if seed is None else {"topics": {"seed": seed}}
        told = load(settings, chosen)
        found = files.fit_topics(file, out, text_column=text_column, settings=told)
        console.print(escape(found))

    guard(work)


def _correct(
    project: Path, settings: Path | None, action: str, topic: str, *, to: str = "", parts: int = 0
) -> None:
    from feedbackminer.curation import topics

    def work() -> None:
        this = new_run(open_at(project, settings, {}), quiet=True)
        _told(topics.correct(this, action, topic, to=to, parts=parts))

    guard(work)


def _told(what: str) -> None:
    console.print(f"{escape(what)}. `feedbackminer mine` carries it into claims and digests.")


def _stability(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    hidden = ("centroid", "words", "ratios")
    return {name: value for name, value in row.items() if name not in hidden}
