"""``feedbackminer ask`` and ``mcp``: questions to the room, from a terminal and from a machine."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from feedbackminer.cli.frame import Session, command, print_json, print_line
from feedbackminer.cli.options import AsJson, Config, ProjectFolder


@command
def ask(
    session: Session,
    question: Annotated[
        str, typer.Argument(metavar="QUESTION", help="In the language of the posts")
    ],
    project: ProjectFolder = Path(),
    since: Annotated[
        datetime | None, typer.Option(help="Hear only what was written from this day on")
    ] = None,
    until: Annotated[datetime | None, typer.Option(help="And before this one")] = None,
    limit: Annotated[int, typer.Option(min=0, max=1_000, help="Posts to show")] = 10,
    settings: Config = None,
    as_json: AsJson = False,
) -> None:
    """Ask the room: who speaks on it, for and against, in whose words; or too few to say."""
    from feedbackminer.search.document import document
    from feedbackminer.search.wording import lines
    from feedbackminer.steps.ask import Room

    sheet = Room(session.open()).ask(question, since=since, until=until, limit=limit)
    if session.as_json:
        print_json(document(sheet))
        return
    for line in lines(sheet):
        print_line(line)


@command
def mcp(
    session: Session,
    project: ProjectFolder = Path(),
    settings: Config = None,
) -> None:
    """Let an MCP client ask this project, read only: ask, claims, explain, topics."""
    from feedbackminer.mcp.server import serve

    serve(session.open())
