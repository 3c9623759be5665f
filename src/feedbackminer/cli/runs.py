"""``feedbackminer runs``: what was done, and what two runs differ in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Column, Table

from feedbackminer.cli.frame import answer, guard, open_at
from feedbackminer.cli.options import AsJson, Config, ProjectFolder

if TYPE_CHECKING:
    from feedbackminer.engine.compare import Differences
    from feedbackminer.engine.history import PastRun

MOST_SHOWN = 10  # lines of a kind; --json has all
WHICH = "Id of a run, or how it begins"
app = typer.Typer(
    help="See what was done, and compare two runs.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def list_(
    project: ProjectFolder = Path(),
    count: Annotated[int, typer.Option(min=1, help="How many, the latest first")] = 20,
    settings: Config = None,
    as_json: AsJson = False,
) -> None:
    """List runs, the latest first: rows, seconds and how much there was to say."""

    def work() -> None:
        from feedbackminer.engine.history import past_runs

        runs = past_runs(open_at(project, settings, {}).store)[:count]
        if as_json:
            _print_json([_summary(run) for run in runs])
            return
        run_id = Column("run", no_wrap=True)  # has to be whole, to be copied
        names = ("started", "done", "reused", "in", "out", "s", "notes")
        table = Table(run_id, *names, box=None, padding=(0, 1, 0, 0))
        for row in map(_summary, runs):
            table.add_row(
                escape(row["run_id"]),
                row["started"][:16],
                *(str(len(row[what])) for what in ("done", "reused")),
                *(f"{row[what]:,}" for what in ("rows_in", "rows_out")),
                f"{row['seconds']:.1f}",
                str(len(row["notices"])),
            )
        answer.print(table)

    guard(work)


@app.command()
def show(
    run: Annotated[str, typer.Argument(metavar="RUN", help=WHICH)],
    project: ProjectFolder = Path(),
    settings: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show one run: the account of each stage, what it read and wrote, and with what."""

    def work() -> None:
        from feedbackminer.engine.history import find_run

        found = find_run(open_at(project, settings, {}).store, run)
        if as_json:
            _print_json(_summary(found) | {"steps": list(found.steps)})
            return
        answer.print(f"[bold]{escape(found.run_id)}[/]  {found.started:%Y-%m-%d %H:%M:%S} UTC")
        for step in found.steps:
            for line in _step(step):
                answer.print(line, soft_wrap=True, highlight=False)
        for notice in found.notices:
            answer.print(f"[yellow]Note:[/] {escape(notice)}", soft_wrap=True)

    guard(work)


@app.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="BEFORE", help=WHICH)],
    after: Annotated[str, typer.Argument(metavar="AFTER", help=WHICH)],
    project: ProjectFolder = Path(),
    settings: Config = None,
    as_json: AsJson = False,
) -> None:
    """Say what differs between two runs: code, settings, rows, posts, topics and claims."""

    def work() -> None:
        from feedbackminer.engine.compare import compare
        from feedbackminer.engine.history import find_run

        store = open_at(project, settings, {}).store
        pair = find_run(store, before), find_run(store, after)
        found = compare(store, *pair)
        if as_json:
            _print_json(found.as_json())
            return
        for name, run in zip(("before", "after "), pair, strict=True):
            answer.print(f"{name}  {escape(run.run_id)}  {run.started:%Y-%m-%d %H:%M:%S} UTC")
        for line in (*_steps(found), *_rows(found)):
            answer.print(line, soft_wrap=True, highlight=False)

    guard(work)


def _summary(run: PastRun) -> dict[str, Any]:
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


def _step(step: dict[str, Any]) -> Iterator[str]:
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


def _steps(found: Differences) -> Iterator[str]:
    for stage, changed in found.steps.items():
        yield f"[bold]{stage}[/]: " + ", ".join(
            escape(f"{what} {_plain(then)} → {_plain(now)}")
            for what, (then, now) in changed.items()
        )
    for name, stages in zip(("before", "after"), found.alone, strict=True):
        if stages:
            yield f"[bold]only {name}[/]: {', '.join(stages)}"
    versions = ", ".join(f"{name} {old} → {new}" for name, (old, new) in found.versions.items())
    if versions:
        yield f"[bold]versions[/]: {versions}"


def _rows(found: Differences) -> Iterator[str]:
    for name in ("posts", "topics", "claims"):
        counts = {what: len(rows) for what, rows in getattr(found, name).items()}
        if counts:
            told = ", ".join(f"{count:,} {what}" for what, count in counts.items())
            yield f"[bold]{name}[/]: {told}"
        if name == "topics":
            yield from _some(found.topics.get("born", []), _topic, "+")
            yield from _some(found.topics.get("over", []), _topic, "-")
            yield from _some(found.topics.get("renamed", []), _renamed, "~")
        if name == "claims":
            yield from _some(found.claims.get("came", []), _claim, "+")
            yield from _some(found.claims.get("went", []), _claim, "-")
            yield from _some(found.claims.get("changed", []), _changed, "~")
    for reason in found.untold:
        yield f"[yellow]Not compared:[/] {escape(reason)}"


def _some(rows: Sequence[dict[str, Any]], told: Any, sign: str) -> Iterator[str]:
    yield from (f"  {sign} {escape(told(row))}" for row in rows[:MOST_SHOWN])
    if len(rows) > MOST_SHOWN:
        yield f"  {sign} and {len(rows) - MOST_SHOWN:,} more; --json lists all"


def _topic(row: dict[str, Any]) -> str:
    how = f", {row['status']}" if "status" in row else ""
    return f"{row['topic_id']} {row['label']} ({row['size']:,} posts{how})"


def _renamed(row: dict[str, Any]) -> str:
    return f"{row['topic_id']} {row['label'][0]} → {row['label'][1]}"


def _claim(row: dict[str, Any]) -> str:
    return str(row["headline"])


def _changed(row: dict[str, Any]) -> str:
    was = row["was"]
    interval = f" ({_plain(was['low'])} to {_plain(was['high'])})"
    former = _plain(was["value"]) + (interval if was["low"] is not None else "")
    return f"{row['headline']}: {row['metric']} {former} → {_plain(row['value'])}"


def _plain(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _print_json(told: Any) -> None:
    typer.echo(json.dumps(told, ensure_ascii=False, indent=1, default=str))
