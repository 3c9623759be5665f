"""What every command shares: exit codes, one net for every failure, a project and a run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from feedbackminer.errors import FeedbackminerError

if TYPE_CHECKING:
    from feedbackminer.project import Project
    from feedbackminer.runs import Run

OK, TOO_MANY_DROPPED, WRONG_USAGE, INTERRUPTED, INTERNAL = range(5)
console = Console(stderr=True, soft_wrap=True)  # a path must stay whole
answer = Console()  # what was asked for, on standard output

ProjectFolder = Annotated[
    Path, typer.Option("--project", help="Folder with the store and settings")
]
Config = Annotated[
    Path | None, typer.Option("--settings", help="Settings file; default: the project's")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON on stdout")]


def interrupt(*_: Any) -> NoReturn:
    raise KeyboardInterrupt


def guard(work: Callable[[], None], *, resume_hint: str = "") -> None:
    """Run a command; every way it can fail ends in a message and the documented exit code."""
    try:
        work()
    except KeyboardInterrupt:
        hint = resume_hint or "run the same command again to continue"
        console.print(f"\nInterrupted; what is done is kept: {escape(hint)}", style="yellow")
        raise typer.Exit(INTERRUPTED) from None
    except FeedbackminerError as error:
        if error.exit_code == INTERNAL:
            _report(error)
        console.print(f"[red]Error:[/] {escape(str(error))}")
        if error.exit_code == INTERRUPTED and resume_hint:
            console.print(escape(resume_hint))
        raise typer.Exit(error.exit_code) from None
    except (typer.Exit, typer.Abort, BrokenPipeError):
        raise
    except Exception as error:  # the last net: a report instead of a traceback on the screen
        _report(error)
        raise typer.Exit(INTERNAL) from None


def _report(error: BaseException) -> None:
    """Write a report file: versions and the traceback, without values of variables."""
    import platform
    import tempfile
    import traceback

    from feedbackminer import __version__

    lines = [
        f"feedbackminer {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"command: {' '.join(sys.argv[1:2])}",
        "".join(traceback.format_exception(error)),
    ]
    with tempfile.NamedTemporaryFile(
        "w", prefix="feedbackminer-report-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write("\n".join(lines))
    console.print(
        f"[red]Internal error:[/] {escape(type(error).__name__)}. This is our mistake; "
        f"please send us the report: {escape(file.name)}",
    )


def open_at(folder: Path, settings: Path | None, overrides: dict[str, Any]) -> Project:
    from feedbackminer.project import open_project

    return open_project(folder, overrides, settings_file=settings)


def new_run(project: Project, quiet: bool) -> Run:
    from feedbackminer.progress import Progress
    from feedbackminer.runs import Run, Silent

    return Run(project, reporter=Silent() if quiet else Progress(console))
