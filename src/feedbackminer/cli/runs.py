"""``feedbackminer runs``: what was done, and what two runs differ in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Column

from feedbackminer.cli.frame import Session, answer, command, print_json, print_table
from feedbackminer.cli.options import AsJson, Config, ProjectFolder

if TYPE_CHECKING:
    from feedbackminer.engine.compare import Differences
    from feedbackminer.engine.history import PastRun

MOST_SHOWN = 10  # lines of a kind; --json has all
WHICH = "Id of a run, or how it begins"
Row = dict[str, Any]
app = typer.Typer(
    help="See what was done, and compare two runs.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
@command
def list_(
    session: Session,
    project: ProjectFolder = Path(),
    count: Annotated[int, typer.Option(min=1, help="How many, the latest first")] = 20,
    settings: Config = None,
    as_json: AsJson = False,
) -> None:
    """List runs, the latest first: rows, seconds and how much there was to say."""
    from feedbackminer.engine.history import past_runs

    runs = [_summary(run) for run in past_runs(session.open().store)[:count]]
    if session.as_json:
        print_json(runs)
        return
    run_id = Column("run", no_wrap=True)  # has to be whole, to be copied
    columns = (run_id, "started", "done", "reused", "in", "out", "s", "notes")
    rows = (
        (
            run["run_id"],
            run["started"][:16],
            str(len(run["done"])),
            str(len(run["reused"])),
            f"{run['rows_in']:,}",
            f"{run['rows_out']:,}",
            f"{run['seconds']:.1f}",
            str(len(run["notices"])),
        )
        for run in runs
    )
    print_table(columns, rows, box=None, padding=(0, 1, 0, 0))


@app.command()
@command
def show(
    session: Session,
    run: Annotated[str, typer.Argument(metavar="RUN", help=WHICH)],
    project: ProjectFolder = Path(),
    settings: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show one run: the account of each stage, what it read and wrote, and with what."""
    from feedbackminer.engine.history import find_run

    past = find_run(session.open().store, run)
    if session.as_json:
        print_json(_summary(past) | {"steps": list(past.steps)})
        return
    answer.print(f"[bold]{escape(past.run_id)}[/]  {past.started:%Y-%m-%d %H:%M:%S} UTC")
    for step in past.steps:
        for line in _step(step):
            answer.print(line, soft_wrap=True, highlight=False)
    for notice in past.notices:
        answer.print(f"[yellow]Note:[/] {escape(notice)}", soft_wrap=True)


@app.command()
@command
def diff(
    session: Session,
    before: Annotated[str, typer.Argument(metavar="BEFORE", help=WHICH)],
    after: Annotated[str, typer.Argument(metavar="AFTER", help=WHICH)],
    project: ProjectFolder = Path(),
    settings: Config = None,
    as_json: AsJson = False,
) -> None:
    """Say what differs between two runs: code, settings, rows, posts, topics and claims."""
    from feedbackminer.engine.compare import compare
    from feedbackminer.engine.history import find_run

    store = session.open().store
    pair = find_run(store, before), find_run(store, after)
    differences = compare(store, *pair)
    if session.as_json:
        print_json(differences.as_json())
        return
    for name, run in zip(("before", "after "), pair, strict=True):
        answer.print(f"{name}  {escape(run.run_id)}  {run.started:%Y-%m-%d %H:%M:%S} UTC")
    for line in (*_steps(differences), *_rows(differences)):
        answer.print(line, soft_wrap=True, highlight=False)


def _summary(run: PastRun) -> Row:
    rows_in, rows_out = run.rows
    return {
        "run_id": run.run_id,
        "started": f"{run.started:%Y-%m-%d %H:%M:%S}",
        "done": [step["stage"] for step in run.steps if not step["reused"]],
        "reused": [step["stage"] for step in run.steps if step["reused"]],
        "rows_in": rows_in,
        "rows_out": rows_out,
        "seconds": round(run.seconds, 2),
        "notices": run.notices,
    }


def _step(step: Row) -> Iterator[str]:
    how = "unchanged" if step["reused"] else f"{step['seconds']:.1f} s"
    yield f"[bold]{step['stage']}[/]  {step['rows_in']:,} in, {step['rows_out']:,} out ({how})"
    for reason, count in step["dropped"].items():
        yield f"  dropped: {escape(reason)} {count:,}"
    for what in ("reads", "writes"):
        if step[what]:
            versions = (_version(name, v) for name, v in step[what].items())
            yield f"  {what}: {escape(', '.join(versions))}"
    models = "".join(f", {what} {name}" for what, name in step["models"].items())
    yield f"  code {step['code_version']}, settings {step['settings_hash']}{escape(models)}"


def _version(name: str, version: int | str | None) -> str:
    """Name a table and its version, or a file from outside and the start of its hash."""
    if version is None:
        return name if ":" in name else f"{name} (none yet)"
    return f"{name} {version[:12] if isinstance(version, str) else version}"


def _steps(differences: Differences) -> Iterator[str]:
    for stage, changed in differences.steps.items():
        yield f"[bold]{stage}[/]: " + ", ".join(
            escape(f"{what} {_plain(then)} → {_plain(now)}")
            for what, (then, now) in changed.items()
        )
    for name, stages in zip(("before", "after"), differences.alone, strict=True):
        if stages:
            yield f"[bold]only {name}[/]: {', '.join(stages)}"
    if differences.versions:
        versions = (f"{name} {old} → {new}" for name, (old, new) in differences.versions.items())
        yield f"[bold]versions[/]: {', '.join(versions)}"


def _rows(differences: Differences) -> Iterator[str]:
    for name in ("posts", "topics", "claims"):
        counts = {what: len(rows) for what, rows in getattr(differences, name).items()}
        if counts:
            numbers = ", ".join(f"{count:,} {what}" for what, count in counts.items())
            yield f"[bold]{name}[/]: {numbers}"
        if name == "topics":
            yield from _some(differences.topics.get("born", []), _topic, "+")
            yield from _some(differences.topics.get("over", []), _topic, "-")
            yield from _some(differences.topics.get("renamed", []), _renamed, "~")
        if name == "claims":
            yield from _some(differences.claims.get("came", []), _claim, "+")
            yield from _some(differences.claims.get("went", []), _claim, "-")
            yield from _some(differences.claims.get("changed", []), _changed, "~")
    for reason in differences.untold:
        yield f"[yellow]Not compared:[/] {escape(reason)}"


def _some(rows: Sequence[Row], as_text: Callable[[Row], str], sign: str) -> Iterator[str]:
    yield from (f"  {sign} {escape(as_text(row))}" for row in rows[:MOST_SHOWN])
    if len(rows) > MOST_SHOWN:
        yield f"  {sign} and {len(rows) - MOST_SHOWN:,} more; --json lists all"


def _topic(row: Row) -> str:
    how = f", {row['status']}" if "status" in row else ""
    return f"{row['topic_id']} {row['label']} ({row['size']:,} posts{how})"


def _renamed(row: Row) -> str:
    return f"{row['topic_id']} {row['label'][0]} → {row['label'][1]}"


def _claim(row: Row) -> str:
    return str(row["headline"])


def _changed(row: Row) -> str:
    old = row["was"]
    interval = f" ({_plain(old['low'])} to {_plain(old['high'])})"
    value = _plain(old["value"]) + (interval if old["low"] is not None else "")
    return f"{row['headline']}: {row['metric']} {value} → {_plain(row['value'])}"


def _plain(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
