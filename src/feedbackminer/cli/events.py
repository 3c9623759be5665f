"""``feedbackminer events``: releases and whatever else happened, to be marked in digests."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from feedbackminer.cli.frame import Session, command, print_json, print_table
from feedbackminer.cli.options import AsJson, Config, ProjectFolder
from feedbackminer.vocabulary.claims import quantity

app = typer.Typer(
    help="Mark releases and other events in digests.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("import")
@command
def import_(
    session: Session,
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="A date and a name in each row")
    ],
    project: ProjectFolder = Path(),
    settings: Config = None,
) -> None:
    """Read events from files; repeating it changes nothing."""
    from feedbackminer.steps.events import import_events

    events = import_events(session.begin().project, files)
    ahead = sum(event["at"] > datetime.now(UTC) for event in events.to_dicts())
    later = f"; {ahead} of them lie ahead, and are marked when their day has come" if ahead else ""
    session.print(f"{quantity(len(events), 'event')} known from {', '.join(files)}{later}")


@app.command()
@command
def collect(
    session: Session,
    source: Annotated[str, typer.Argument(help="A source of the settings, of kind github")],
    project: ProjectFolder = Path(),
    settings: Config = None,
) -> None:
    """Read the releases that a source tells of."""
    from feedbackminer.settings.load import secret_of
    from feedbackminer.steps.sources import collect_releases

    releases = collect_releases(session.begin().project, source, secret=secret_of(source))
    session.print(f"{quantity(len(releases), 'release')} known from {source}")


@app.command("list")
@command
def list_(
    session: Session,
    project: ProjectFolder = Path(),
    settings: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show the events that digests mark, earliest first."""
    from feedbackminer.steps.events import events_of

    opened = session.open()
    rows = events_of(opened.store.read("events"), opened.settings).to_dicts()
    if session.as_json:
        print_json(rows)
        return
    columns = ("date", "name", "kind", "from")
    print_table(columns, ((f"{r['at']:%F}", r["name"], r["kind"], r["source"]) for r in rows))
