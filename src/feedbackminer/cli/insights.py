"""``feedbackminer insight``: decide on what the digest says, and hear what became of it."""

from __future__ import annotations

import csv
import getpass
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feedbackminer.cli.frame import (
    Session,
    command,
    print_correction,
    print_json,
    print_line,
    print_table,
)
from feedbackminer.cli.options import AsJson, Config, ProjectFolder
from feedbackminer.vocabulary import decisions as words
from feedbackminer.vocabulary.claims import quantity

if TYPE_CHECKING:
    from feedbackminer.curation.insights import Listed
    from feedbackminer.curation.unheard import Unheard

app = typer.Typer(
    help="Decide on what a digest says, and hear whether it helped.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Target = Annotated[
    str, typer.Argument(metavar="ID", help="Of a claim, of an insight, or kind/topic: problem/t004")
]
By = Annotated[str | None, typer.Option("--by", help="Who decides; default: your login name")]
Date = Annotated[
    datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Such as 2026-06-16")
]


@app.command("list")
@command
def list_(
    session: Session,
    project: ProjectFolder = Path(),
    settings: Config = None,
    as_json: AsJson = False,
) -> None:
    """List what was decided, and what became of it by the last `feedbackminer mine`."""
    from feedbackminer.curation.insights import listed

    rows = listed(session.open().store)
    if session.as_json:
        print_json([asdict(row) for row in rows])
        return
    if not rows:
        session.print("Nothing was decided on yet; `feedbackminer insight accept CLAIM` begins it.")
        return
    print_table(("id", "is", "since", "by", "owner", "about"), map(_cells, rows), box=None)
    for row in rows:
        if row.outcome:  # a sentence, too long for a column
            print_line(f"\n{row.insight_id}  {row.outcome}")


@app.command()
@command
def accept(
    session: Session,
    target: Target,
    by: By = None,
    project: ProjectFolder = Path(),
    settings: Config = None,
) -> None:
    """Take it up: something shall be done about it."""
    _decide(session, words.ACCEPT, target, by)


@app.command()
@command
def assign(
    session: Session,
    target: Target,
    to: Annotated[str, typer.Option("--to", help="Who takes care of it")],
    by: By = None,
    project: ProjectFolder = Path(),
    settings: Config = None,
) -> None:
    """Give it an owner."""
    _decide(session, words.ASSIGN, target, by, text=to)


@app.command()
@command
def plan(
    session: Session,
    target: Target,
    date: Date = None,
    note: Annotated[str, typer.Option("--note", help="What will be done, for the digest")] = "",
    by: By = None,
    project: ProjectFolder = Path(),
    settings: Config = None,
) -> None:
    """Say that it will be done, and for when it is planned."""
    _decide(session, words.PLAN, target, by, on=date, text=note)


@app.command()
@command
def ship(
    session: Session,
    target: Target,
    date: Date = None,
    note: Annotated[str, typer.Option("--note", help="What was done, for the digest")] = "",
    by: By = None,
    project: ProjectFolder = Path(),
    settings: Config = None,
) -> None:
    """Say that it is done, and since when (default: today); digests say what came of it."""
    _decide(session, words.SHIP, target, by, on=date, text=note)


@app.command()
@command
def reject(
    session: Session,
    target: Target,
    why: Annotated[str, typer.Option("--why", help="For the digest, and for those who said it")],
    by: By = None,
    project: ProjectFolder = Path(),
    settings: Config = None,
) -> None:
    """Say that it will not be done, and why."""
    _decide(session, words.REJECT, target, by, text=why)


@app.command()
@command
def note(
    session: Session,
    target: Target,
    text: Annotated[str, typer.Argument(help="For the digest")],
    by: By = None,
    project: ProjectFolder = Path(),
    settings: Config = None,
) -> None:
    """Note something beside it."""
    _decide(session, words.NOTE, target, by, text=text)


@app.command()
@command
def undo(
    session: Session,
    number: Annotated[
        int | None, typer.Argument(help="Number of the decision; default: the last")
    ] = None,
    by: By = None,
    project: ProjectFolder = Path(),
    settings: Config = None,
) -> None:
    """Take a decision back; it stays in the table."""
    from feedbackminer.curation import insights

    _, told = insights.undo(session.begin(), _who(by), number)
    print_correction(session, told)


@app.command()
@command
def tell(
    session: Session,
    target: Target,
    done: Annotated[
        bool, typer.Option("--done", help="They were told: leave these threads out from now on")
    ] = False,
    by: By = None,
    project: ProjectFolder = Path(),
    settings: Config = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print rows as CSV on stdout")] = False,
    as_json: AsJson = False,
) -> None:
    """List who said it and was not told yet, with a draft reply each; nothing is posted."""
    from feedbackminer.curation import insights
    from feedbackminer.curation.unheard import find_unheard

    unheard = find_unheard(session.open(), target)
    if session.as_json:
        print_json([asdict(one) for one in unheard])
    elif as_csv:
        _print_csv(unheard)
    else:
        _print_unheard(session, unheard)
    if done and unheard:
        threads = tuple(one.thread_id for one in unheard)
        order = insights.Order(words.TELL, target, _who(by), threads=threads)
        _, told = insights.decide(session.begin(), order)
        session.print(f"{told}: {quantity(len(threads), 'thread')}")


def _decide(
    session: Session,
    action: str,
    target: str,
    by: str | None,
    *,
    on: datetime | None = None,
    text: str = "",
) -> None:
    from feedbackminer.curation import insights
    from feedbackminer.vocabulary.moments import as_utc

    order = insights.Order(action, target, _who(by), on=as_utc(on) if on else None, text=text)
    _, told = insights.decide(session.begin(), order)
    print_correction(session, told)


def _who(by: str | None) -> str:
    if by is not None:
        return by
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return ""


def _cells(row: Listed) -> tuple[str, ...]:
    since = f"{row.since:%F}" if row.since else ""
    return row.insight_id, row.status, since, row.by, row.owner, row.about


def _print_unheard(session: Session, unheard: list[Unheard]) -> None:
    if not unheard:
        session.print("Everybody who said it was told, or nobody said it.")
    for one in unheard:
        asked = " (asked)" if one.asked else ""
        when = f"{one.said_at:%-d %B %Y}" if one.said_at else "undated"
        print_line(f"\n{one.thread or one.thread_id}{asked}, {when}")
        for line in (one.url or "", ", ".join(one.members), f"    {one.draft}"):
            if line:
                print_line(line)


def _print_csv(unheard: list[Unheard]) -> None:
    from feedbackminer.curation.review_file import as_cell

    rows = csv.writer(sys.stdout)
    rows.writerow(("thread_id", "thread", "url", "members", "asked", "said_at", "draft"))
    for one in unheard:
        when = f"{one.said_at:%F}" if one.said_at else ""
        members = " ".join(one.members)
        asked = "yes" if one.asked else ""
        cells = (one.thread_id, one.thread, one.url or "", members, asked, when, one.draft)
        rows.writerow(map(as_cell, cells))
