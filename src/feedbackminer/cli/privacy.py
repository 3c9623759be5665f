"""The commands of privacy: erase a member or a post, erase by age, show what was done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from feedbackminer.cli.frame import answer, guard, new_run, open_at
from feedbackminer.cli.options import AsJson, Config, ProjectFolder, Quiet

if TYPE_CHECKING:
    from feedbackminer.erasure.receipt import Receipt

Author = Annotated[str, typer.Option("--author", help="Name of an account, as on the platform")]
Pseudonym = Annotated[str, typer.Option("--pseudonym", help="What stands for it: m_…")]
Post = Annotated[str, typer.Option("--post", help="Id of one post, as in the digest")]


def forget(
    author: Author = "",
    pseudonym: Pseudonym = "",
    post: Post = "",
    project: ProjectFolder = Path(),
    settings: Config = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Erase a member, or one post, everywhere; they are not collected again."""

    def work() -> None:
        from feedbackminer.steps import erase

        this = new_run(open_at(project, settings, {}), quiet)
        _print(erase.forget(this, author=author, pseudonym=pseudonym, post_id=post), as_json)

    guard(work)


def retain(
    project: ProjectFolder = Path(),
    settings: Config = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Erase posts older than [retain] days, with all that was made of them."""

    def work() -> None:
        from feedbackminer.steps import erase

        _print(erase.retain(new_run(open_at(project, settings, {}), quiet)), as_json)

    guard(work)


def audit(
    project: ProjectFolder = Path(),
    settings: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show what was imported, erased and published, in order."""

    def work() -> None:
        events = open_at(project, settings, {}).store.read("audit").sort("at", "event_id")
        if as_json:
            typer.echo(json.dumps(events.to_dicts(), ensure_ascii=False, indent=1, default=str))
            return
        when = Column("at (UTC)", no_wrap=True)
        table = Table(when, "action", "rows", "subject", "detail", box=None, padding=(0, 1, 0, 0))
        for event in events.to_dicts():
            table.add_row(
                f"{event['at']:%Y-%m-%d %H:%M:%S}",
                event["action"],
                f"{event['rows']:,}",
                escape(event["subject"]),
                escape(event["detail"]),
            )
        answer.print(table)

    guard(work)


def _print(receipt: Receipt, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(receipt.as_json(), ensure_ascii=False, indent=1))
    else:
        typer.echo("\n".join(receipt.lines()))
