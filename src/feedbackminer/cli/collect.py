"""The command that reads configured sources."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from feedbackminer.cli.frame import Session, command
from feedbackminer.cli.options import AsJson, Config, Identities, LogJson, ProjectFolder, Quiet

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[SOURCE]...", help="Names in [sources]; none: all")
]
ReadSince = Annotated[
    datetime | None, typer.Option(help="Read posts from this date on again; the cursor stays")
]
ReadUntil = Annotated[
    datetime | None, typer.Option(help="Read posts before this date again; the cursor stays")
]


@command
def collect(
    session: Session,
    names: Names = None,
    project: ProjectFolder = Path(),
    identities: Identities = None,
    since: ReadSince = None,
    until: ReadUntil = None,
    settings: Config = None,
    quiet: Quiet = False,
    log_json: LogJson = False,
    as_json: AsJson = False,
) -> None:
    """Read what is new in the configured sources; repeating it changes nothing."""
    from feedbackminer.errors import FeedbackminerError, SettingsError
    from feedbackminer.settings.load import secret_of
    from feedbackminer.steps.sources import collect_source

    wanted = list(dict.fromkeys(names or ())) or list(session.open().settings.sources)
    if not wanted:
        raise SettingsError(
            f"{project}: no source is configured; `feedbackminer init` shows how, or import "
            "a file with `feedbackminer import FILE`"
        )

    run = session.begin(
        {"collect": {"identities": str(identities.absolute())}} if identities else None
    )
    outcomes, failures = [], []
    for name in wanted:  # one that fails must not keep the others from being read
        try:
            secret = secret_of(name)
            outcomes.append(collect_source(run, name, secret=secret, since=since, until=until))
        except FeedbackminerError as error:
            failures.append(error)
            session.complain(str(error), title=name)
    session.summarise(run, outcomes)
    if failures:
        raise typer.Exit(max(error.exit_code for error in failures))
