"""What every command shares: exit codes, one net for every failure, a project and a run."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from feedbackminer.errors import FeedbackminerError
from feedbackminer.privacy.secrets import mask_secrets

if TYPE_CHECKING:
    from feedbackminer.engine.reporting import Reporter
    from feedbackminer.engine.run import Run
    from feedbackminer.engine.stage import Outcome
    from feedbackminer.project.project import Project

OK, TOO_MANY_DROPPED, WRONG_USAGE, INTERRUPTED, INTERNAL = range(5)
WAIT = 60.0  # seconds, for another run in the same project
_held = ExitStack()  # what a command keeps until it ends
console = Console(stderr=True, soft_wrap=True)  # a path must stay whole
answer = Console()  # what was asked for, on standard output


def interrupt(*_: Any) -> NoReturn:
    raise KeyboardInterrupt


def guard(work: Callable[[], None], *, resume_hint: str = "", log_json: bool = False) -> None:
    """Run a command; every way it can fail ends in a message and the documented exit code.

    Args:
        log_json: let stderr have nothing but the log, as JSON lines.
    """
    if log_json or os.environ.get("FEEDBACKMINER_LOG") == "json":
        _speak_json()
    try:
        _guard(work, resume_hint)
    finally:
        console.file = None  # type: ignore[assignment]  # stderr, whatever that is then


def _guard(work: Callable[[], None], resume_hint: str) -> None:
    try:
        with _held:
            work()
    except KeyboardInterrupt:
        hint = resume_hint or "run the same command again to continue"
        console.print(f"\nInterrupted; what is done is kept: {escape(hint)}", style="yellow")
        raise typer.Exit(INTERRUPTED) from None
    except FeedbackminerError as error:
        if error.exit_code == INTERNAL:
            _report(error)
        complain(str(error))
        if error.exit_code == INTERRUPTED and resume_hint:
            console.print(escape(resume_hint))
        raise typer.Exit(error.exit_code) from None
    except (typer.Exit, typer.Abort, BrokenPipeError):
        raise
    except Exception as error:  # the last net: a report instead of a traceback on the screen
        _report(error)
        raise typer.Exit(INTERNAL) from None


def complain(message: str, *, title: str = "Error") -> None:
    """Say what went wrong, without secrets: on the console, or in the log where that is JSON."""
    if not _speaks_json():
        console.print(f"[red]{title}:[/] {escape(mask_secrets(message))}")
        return
    from feedbackminer.engine.json_log import open_log

    open_log().error("error", message=f"{title}: {message}")


class _JsonLines(io.StringIO):
    """Takes what is printed for people and writes each line of it to the JSON log."""

    def write(self, text: str) -> int:
        from feedbackminer.engine.json_log import open_log

        for line in filter(None, map(str.strip, text.splitlines())):
            open_log().info("message", message=line)
        return len(text)


def _speak_json() -> None:
    """From now on write nothing but JSON lines to stderr, until the command ends."""
    from feedbackminer.engine.json_log import others_as_json

    console.file = _JsonLines()
    _held.enter_context(others_as_json())


def _speaks_json() -> bool:
    return isinstance(console.file, _JsonLines)


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
        file.write(mask_secrets("\n".join(lines)))
    complain(
        f"{type(error).__name__}. This is our mistake; please send us the report: {file.name}",
        title="Internal error",
    )


def open_at(folder: Path, settings: Path | None, overrides: dict[str, Any]) -> Project:
    from feedbackminer.project.project import open_project

    return open_project(folder, overrides, settings_file=settings)


def _say(message: str) -> None:
    console.print(escape(message))


def new_run(project: Project, quiet: bool) -> Run:
    """Return a run that writes: until the command ends, no other one works in the project."""
    from feedbackminer.engine.observe import observed
    from feedbackminer.engine.run import Run
    from feedbackminer.project.lock import hold

    _held.enter_context(hold(project.folder, wait=WAIT, tell=_say))
    this = Run(project)
    this.reporter = _reporter(this, quiet)
    _held.enter_context(observed(this))
    return this


def _reporter(this: Run, quiet: bool) -> Reporter:
    if this.project.settings.log == "json" and not _speaks_json():
        _speak_json()
    if _speaks_json():
        from feedbackminer.engine.json_log import JsonLog

        return JsonLog(this.run_id)
    from feedbackminer.engine.progress import Progress
    from feedbackminer.engine.reporting import Silent

    return Silent() if quiet else Progress(console)


def summarise(
    this: Run, outcomes: Sequence[Outcome], out: Path | None, quiet: bool, as_json: bool
) -> None:
    """Print what a run did, as JSON where that is wanted, and what the reader should know."""
    index = (out / "index.html").resolve() if out else None
    if as_json:
        rows = [
            {
                "stage": o.account.stage,
                "in": o.account.rows_in,
                "out": o.account.rows_out,
                "dropped": dict(o.account.dropped),
                "seconds": round(o.seconds, 2),
                "reused": o.reused,
                "notices": list(o.notices),
            }
            for o in outcomes
        ]
        told = {"run_id": this.run_id, "digest": str(index) if index else None, "stages": rows}
        typer.echo(json.dumps(told, indent=1))
    if quiet:
        return
    notices = dict.fromkeys(notice for o in outcomes for notice in o.notices)
    for notice in () if _speaks_json() else notices:  # it has them already
        console.print(f"[yellow]Note:[/] {escape(mask_secrets(notice))}")
    encoding = sum(o.seconds for o in outcomes if o.account.stage == "embed")
    others = sum(o.seconds for o in outcomes) - encoding
    if encoding > 1:
        share = f"{others:.1f} s, {others / encoding:.0%} of the {encoding:.1f} s of encoding"
        console.print(f"Everything but encoding took {share}.")
    if index:
        console.print(f"Digest: {escape(str(index))}", style="bold")
