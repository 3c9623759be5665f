"""``feedbackminer alerts``: hear of trouble, and of nothing else."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feedbackminer.cli.frame import Session, command, print_json, print_line, print_table
from feedbackminer.cli.options import AsJson, Config, ProjectFolder
from feedbackminer.text.words import on_one_line

if TYPE_CHECKING:
    from feedbackminer.digest.render.alert import AlertView
    from feedbackminer.insight.conversations import Alert
    from feedbackminer.project.project import Project

app = typer.Typer(
    help="Hear of trouble among members, and of nothing else.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
MOST_POSTS = 5
FAILED = 1  # exit code: a channel did not get it, or nobody knows

Id = Annotated[str, typer.Argument(metavar="ALERT", help="Its id, as in the list")]


@app.command()
@command
def check(
    session: Session,
    project: ProjectFolder = Path(),
    at: Annotated[
        datetime | None,
        typer.Option("--at", help="Look at this moment; default: now, of imports the last day"),
    ] = None,
    send: Annotated[
        bool, typer.Option("--send", help="Send messages to the channels of the settings")
    ] = False,
    settings: Config = None,
    as_json: AsJson = False,
) -> None:
    """Look at what stands out in the last days, and keep the list; only mined posts count.

    Ends with 1 where a channel did not get a message.
    """
    from feedbackminer.steps import alerts as steps

    run = session.begin()
    checked = steps.check_alerts(run, at)
    deliveries = steps.send_alerts(run) if send else []
    for notice in checked.notices:
        session.print(f"Note: {notice}")
    if not session.as_json:
        print_line(f"Looked at the days up to {checked.at:%-d %B %Y, %H:%M} UTC")
    _print(session, run.project, checked.alerts, "Nothing stands out")
    for one in deliveries:
        session.print(f"{one.channel}: {one.status}: {one.detail}")
    if any(one.status in ("failed", "maybe") for one in deliveries):
        raise typer.Exit(FAILED)


@app.command("list")
@command
def list_(
    session: Session,
    project: ProjectFolder = Path(),
    all_: Annotated[bool, typer.Option("--all", help="Those that are closed, too")] = False,
    settings: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show alerts, real and open ones first, and how many a month are false."""
    from feedbackminer.steps import alerts as steps
    from feedbackminer.vocabulary.alerts import CLOSED

    opened = session.open()
    alerts = [one for one in steps.alerts_of(opened) if all_ or one.status != CLOSED]
    _print(session, opened, alerts, "No alerts")
    if not session.as_json:
        for line in steps.promise(opened):
            print_line(line)


@app.command()
@command
def show(
    session: Session,
    alert: Id,
    project: ProjectFolder = Path(),
    settings: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show an alert, what became of it, and posts behind it."""
    from feedbackminer.steps import alerts as steps

    opened = session.open()
    found = steps.find_alert(opened, alert)
    view, log = steps.view_of(opened, found), steps.log_of(opened, alert)
    posts = steps.posts_of(opened, found)
    if session.as_json:
        print_json({**_row(found, view), "log": log.to_dicts(), "posts": posts})
        return
    also = f"Also: {'; '.join(view.also)}" if view.also else ""
    said = (view.headline, view.cause_line, view.since_line, also, view.action, view.how)
    for line in filter(None, said):
        print_line(line)
    for event in log.to_dicts():
        by = f" by {event['by']}" if event["by"] else ""
        print_line(f"{event['at']:%Y-%m-%d %H:%M} {event['event']}{by}")
    for post in posts[:MOST_POSTS]:
        print_line(f"\n{post['post_id']} ({post['created_at']:%-d %B %Y})\n{post['body'][:400]}")
    if more := max(len(posts) - MOST_POSTS, 0):
        print_line(f"\n{more:,} more posts; --json has all")


@app.command()
@command
def ack(
    session: Session,
    alert: Id,
    owner: Annotated[str, typer.Option("--owner", help="Who has taken it")],
    project: ProjectFolder = Path(),
    take: Annotated[bool, typer.Option("--take", help="From whoever has it")] = False,
    settings: Config = None,
) -> None:
    """Note who has taken an alert; it is told again when far more members are affected."""
    from feedbackminer.steps import alerts as steps

    found = steps.acknowledge(session.begin(), alert, owner, take=take)
    if found.owner == on_one_line(owner):
        session.print(f"{alert}: {found.owner} has it")
    else:
        session.print(f"{alert}: {found.owner} had taken it before; --take makes it yours")


@app.command()
@command
def snooze(
    session: Session,
    alert: Id,
    length: Annotated[str, typer.Option("--for", metavar="TIME", help="30m, 12h, 3d or 2w")],
    project: ProjectFolder = Path(),
    settings: Config = None,
) -> None:
    """Hear no more of an alert for some time; then it is told again where it still stands out."""
    from feedbackminer.steps import alerts as steps

    found = steps.snooze(session.begin(), alert, _length(length))
    session.print(f"{alert}: nothing is told before {found.snoozed_until:%-d %B %Y, %H:%M} UTC")


@app.command()
@command
def close(
    session: Session,
    alert: Id,
    project: ProjectFolder = Path(),
    settings: Config = None,
) -> None:
    """Be done with an alert; it is opened again where far more members are affected."""
    from feedbackminer.steps import alerts as steps

    steps.close(session.begin(), alert)
    session.print(f"{alert}: closed")


def _length(text: str) -> timedelta:
    """Read a length of time.

    Raises:
        SettingsError: it is none.
    """
    from feedbackminer.errors import SettingsError

    match = re.fullmatch(r"(-?\d{1,5})([mhdw])", text.strip())
    if not match:
        raise SettingsError(f"--for {text!r} is no length of time; want 30m, 12h, 3d or 2w")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def _print(session: Session, project: Project, alerts: list[Alert], nothing: str) -> None:
    from feedbackminer.steps import alerts as steps
    from feedbackminer.vocabulary.alerts import CAUSE_TITLES

    views = steps.views_of(project, alerts)
    if session.as_json:
        print_json([_row(alert, view) for alert, view in zip(alerts, views, strict=True)])
    elif alerts:
        rows = (
            (
                alert.alert_id,
                alert.status + (f" ({alert.owner})" if alert.owner else ""),
                CAUSE_TITLES[alert.cause],
                f"{alert.opened_at:%Y-%m-%d}",
                view.headline,
            )
            for alert, view in zip(alerts, views, strict=True)
        )
        print_table(("alert", "status", "cause", "since", "what"), rows)
    else:
        print_line(nothing)


def _row(alert: Alert, view: AlertView) -> dict[str, object]:
    from dataclasses import asdict

    return {**asdict(alert), "title": view.title, "headline": view.headline}
