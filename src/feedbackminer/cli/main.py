"""The command line. It composes the steps and reports; heavy imports wait until they are needed.

Exit codes: 0 done, 1 more rows dropped than allowed, a digest stopped by a check, one that differs
from its tables, or one that a channel did not get, 2 wrong usage or input, 3 interrupted and
resumable, 4 internal error (with a report file).
"""

from __future__ import annotations

import os
from typing import Annotated, NoReturn

import typer

from feedbackminer.cli import (
    alerts,
    ask,
    bench,
    claims,
    collect,
    events,
    experiments,
    insights,
    interrupts,
    mining,
    privacy,
    projects,
    publish,
    runs,
    tags,
    topics,
    train,
)
from feedbackminer.cli.frame import OK

app = typer.Typer(
    name="feedbackminer",
    help="Mine a product community's posts into a digest of checkable claims.",
    epilog="Exit codes: 0 done · 1 more rows dropped than --max-dropped, or a digest stopped by a "
    "check of [drift] block, one that differs from its tables, or one that a channel did not get · "
    "2 wrong usage or input · 3 interrupted, run again to continue · 4 internal error, see the "
    "report file.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # half the time of a --help goes into its boxes
)

for name, command in (
    ("init", projects.init),
    ("doctor", projects.doctor),
    ("run", mining.run),
    ("import", mining.import_),
    ("collect", collect.collect),
    ("mine", mining.mine),
    ("digest", mining.digest),
    ("verify", claims.verify),
    ("explain", claims.explain),
    ("ask", ask.ask),
    ("mcp", ask.mcp),
    ("publish", publish.publish),
    ("forget", privacy.forget),
    ("retain", privacy.retain),
    ("audit", privacy.audit),
    ("tag", tags.tag),
    ("train", train.train),
):
    app.command(name)(command)
app.add_typer(topics.app, name="topics")
app.add_typer(tags.app, name="tags")
app.add_typer(events.app, name="events")
app.add_typer(alerts.app, name="alerts")
app.add_typer(insights.app, name="insight")
app.add_typer(runs.app, name="runs")
app.add_typer(bench.app, name="bench")
app.add_typer(experiments.app, name="experiment")


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version")] = False,
) -> None:
    if version:
        from feedbackminer import __version__

        typer.echo(__version__)
        raise typer.Exit


def main() -> NoReturn:
    """Entry point of the ``feedbackminer`` script."""
    os.environ.setdefault(
        "HF_HUB_OFFLINE", "1"
    )  # a model that is not there is an error, not a wait
    interrupts.expect()
    app()
    raise SystemExit(OK)
