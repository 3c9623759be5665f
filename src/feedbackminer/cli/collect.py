"""The command that reads configured sources."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from feedbackminer.cli.frame import complain, guard, new_run, open_at, summarise
from feedbackminer.cli.options import AsJson, Config, LogJson, ProjectFolder, Quiet

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[SOURCE]...", help="Names in [sources]; none: all")
]
ReadSince = Annotated[
    datetime | None, typer.Option(help="Read posts from this date on again; the cursor stays")
]
ReadUntil = Annotated[
    datetime | None, typer.Option(help="Read posts before this date again; the cursor stays")
]


def collect(
    names: Names = None,
    project: ProjectFolder = Path(),
    since: ReadSince = None,
    until: ReadUntil = None,
    settings: Config = None,
    quiet: Quiet = False,
    log_json: LogJson = False,
    as_json: AsJson = False,
) -> None:
    """Read what is new in the configured sources; repeating it changes nothing."""

    def work() -> None:
        from feedbackminer.errors import FeedbackminerError, SettingsError
        from feedbackminer.settings.load import secret_of
        from feedbackminer.steps import sources

        current = open_at(project, settings, {})
        wanted = list(dict.fromkeys(names or ())) or list(current.settings.sources)
        if not wanted:
            raise SettingsError(
                f"{project}: no source is configured; `feedbackminer init` shows how, or import "
                "a file with `feedbackminer import FILE`"
            )
        this = new_run(current, quiet)
        outcomes, failures = [], []
        for name in wanted:  # one that fails must not keep the others from being read
            try:
                outcomes.append(
                    sources.collect_source(
                        this, name, secret=secret_of(name), since=since, until=until
                    )
                )
            except FeedbackminerError as error:
                failures.append(error)
                complain(str(error), title=name)
        summarise(this, outcomes, None, quiet, as_json)
        if failures:
            raise typer.Exit(max(error.exit_code for error in failures))

    guard(work, log_json=log_json)
