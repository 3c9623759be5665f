"""The commands of privacy: erase a member or a post, erase by age, show what was done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column

from feedbackminer.cli.frame import Session, command, print_json, print_table
from feedbackminer.cli.options import AsJson, Config, ProjectFolder, Quiet

if TYPE_CHECKING:
    from feedbackminer.erasure.receipt import Receipt

Author = Annotated[str, typer.Option("--author", help="Name of an account, as on the platform")]
Pseudonym = Annotated[str, typer.Option("--pseudonym", help="What stands for it: m_…")]
Post = Annotated[str, typer.Option("--post", help="Id of one post, as in the digest")]


@command
def forget(
    session: Session,
    author: Author = "",
    pseudonym: Pseudonym = "",
    post: Post = "",
    project: ProjectFolder = Path(),
    settings: Config = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Erase a member, or one post, everywhere; they are not collected again."""
    from feedbackminer.steps import erase

    run = session.begin()
    receipt = erase.forget(run, author=author, pseudonym=pseudonym, post_id=post)
    _print(receipt, session.as_json)


@command
def retain(
    session: Session,
    project: ProjectFolder = Path(),
    settings: Config = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Erase posts older than [retain] days, with all that was made of them."""
    from feedbackminer.steps import erase

    _print(erase.retain(session.begin()), session.as_json)


@command
def audit(
    session: Session,
    project: ProjectFolder = Path(),
    settings: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show what was imported, erased and published, in order."""
    events = session.open().store.read("audit").sort("at", "event_id").to_dicts()
    if session.as_json:
        print_json(events)
        return
    columns = (Column("at (UTC)", no_wrap=True), "action", "rows", "subject", "detail")
    rows = (
        (
            f"{event['at']:%Y-%m-%d %H:%M:%S}",
            event["action"],
            f"{event['rows']:,}",
            event["subject"],
            event["detail"],
        )
        for event in events
    )
    print_table(columns, rows, box=None, padding=(0, 1, 0, 0))


def _print(receipt: Receipt, as_json: bool) -> None:
    if as_json:
        print_json(receipt.as_json())
    else:
        typer.echo("\n".join(receipt.lines()))
