"""``feedbackminer init`` and ``doctor``: set a project up, and say what is wrong with one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from feedbackminer.cli.frame import WRONG_USAGE, Session, command, print_json
from feedbackminer.cli.options import AsJson, ProjectFolder


@command
def init(
    session: Session,
    folder: Annotated[Path, typer.Argument(help="Folder of the new project")] = Path(),
    product: Annotated[str | None, typer.Option(help="Name of the product, for the title")] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing; as where there is no terminal")
    ] = False,
) -> None:
    """Ask three questions and write a commented settings file into a new project folder."""
    from feedbackminer.admin import init

    init.refuse_existing(folder)  # before any question
    answers = init.Answers(product=product or "")
    if product is None and not yes and sys.stdin.isatty():
        answers = init.ask(_prompt)
    session.print(f"Wrote {init.init(folder, answers)}")
    session.print(init.next_step(folder, answers))


def _prompt(question: str, default: str) -> str:
    return str(typer.prompt(question, default=default, show_default=bool(default)))


@command
def doctor(
    session: Session,
    project: ProjectFolder = Path(),
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not ask the sources anything")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check settings, sources and their secrets, models, disk and store; say how to mend each."""
    from feedbackminer.admin.doctor import examine

    findings = examine(project, offline=offline)
    if session.as_json:
        print_json([finding.__dict__ for finding in findings], is_ascii=True)
    else:
        for finding in findings:
            mark = "[green]ok[/]   " if finding.ok else "[red]wrong[/]"
            session.console.print(f"{mark} {escape(finding.what)}: {escape(finding.found)}")
            if finding.mend:
                session.print(f"      {finding.mend}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(WRONG_USAGE)
