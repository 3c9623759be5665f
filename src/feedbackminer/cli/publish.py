"""``feedbackminer publish``: deliver a digest to the channels of the settings."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, cast

import typer

from feedbackminer.cli.frame import Session, command, print_json, print_table
from feedbackminer.cli.options import AsJson, Config, ProjectFolder
from feedbackminer.vocabulary.editions import PARTS, PartName

FAILED = 1  # exit code: a channel did not get it, or nobody knows


@command
def publish(
    session: Session,
    digest: Annotated[Path, typer.Argument(metavar="DIGEST", help="Folder of a digest")],
    project: ProjectFolder = Path(),
    channel: Annotated[
        list[str] | None, typer.Option(help="Name in [channels]; several: again; none: all")
    ] = None,
    edition: Annotated[
        list[str] | None, typer.Option(help=f"{', '.join(PARTS)}; none: what each channel gets")
    ] = None,
    send: Annotated[bool, typer.Option("--send", help="Send; otherwise only say what would go")] = (
        False
    ),
    again: Annotated[
        bool, typer.Option("--again", help="Also what was sent before, or may have been")
    ] = False,
    settings: Config = None,
    as_json: AsJson = False,
) -> None:
    """Deliver a digest that holds to folders, mail, chats, warehouses and trackers, each once.

    Without --send it says what would go where. Ends with 1 where a channel did not get it.
    """
    from feedbackminer.errors import SettingsError
    from feedbackminer.steps import publish as steps

    if unknown := sorted({*(edition or ())} - {*PARTS}):
        raise SettingsError(f"no edition {unknown[0]!r}; want {', '.join(PARTS)}")
    request = steps.Request(tuple(channel or ()), cast(list[PartName], edition or []), again)
    if send:
        deliveries = steps.publish(session.begin(), digest, request)
    else:
        deliveries = steps.preview(session.open(), digest, request)

    if session.as_json:
        print_json({"sent": send, "deliveries": [asdict(one) for one in deliveries]})
    else:
        counts = Counter((one.channel, one.part, one.status, one.detail) for one in deliveries)
        rows = ((*alike[:3], f"{n:,}", alike[3]) for alike, n in counts.items())
        print_table(("channel", "edition", "status", "n", "what"), rows)
        if not deliveries:
            session.print("No channel gets any of that")
        elif not send:
            session.print("Nothing was sent; --send does")
    if any(one.status in ("failed", "maybe") for one in deliveries):
        raise typer.Exit(FAILED)
