"""What every command shares: its session, the one net for every failure, and how it prints."""

from __future__ import annotations

import inspect
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from feedbackminer.cli import interrupts
from feedbackminer.errors import FeedbackminerError
from feedbackminer.privacy.secrets import mask_secrets

if TYPE_CHECKING:
    from feedbackminer.engine.reporting import Reporter
    from feedbackminer.engine.run import Run
    from feedbackminer.engine.stage import Outcome
    from feedbackminer.project.project import Project
    from feedbackminer.settings.sections import Settings

OK, TOO_MANY_DROPPED, WRONG_USAGE, INTERRUPTED, INTERNAL = range(5)
WAIT = 60.0  # seconds, for another run in the same project
CONTINUE = "run the same command again to continue"
# What was asked for, on standard output; “:key:” that somebody wrote is no picture of one.
answer = Console(emoji=False)
P = ParamSpec("P")
T = TypeVar("T")


def exit_code(error: BaseException) -> int:
    """Return the documented exit code of what stopped a command."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    return int(getattr(error, "exit_code", INTERNAL))


def command(body: Callable[Concatenate[Session, P], None]) -> Callable[P, None]:
    """Make a command; every way it can fail ends in a message and the documented exit code.

    The body gets a session before its options. Options that commands share (``project``,
    ``settings``, ``quiet``, ``log_json``, ``as_json``) stand in its signature for Typer, which
    shows them in that order; the session reads them there.
    """

    @wraps(body)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        session = Session.of(kwargs)
        try:
            with session.held:
                try:
                    body(session, *args, **kwargs)
                except (Exception, KeyboardInterrupt) as error:
                    # C code that is being imported makes an error of its own of an interrupt.
                    if interrupts.taken():
                        raise KeyboardInterrupt from error
                    raise
        except (typer.Exit, typer.Abort, typer.BadParameter, BrokenPipeError):
            raise
        except (Exception, KeyboardInterrupt) as error:  # the last net: no traceback on the screen
            session.explain(error)
            raise typer.Exit(exit_code(error)) from None

    signature = inspect.signature(body, eval_str=True)
    _, *options = signature.parameters.values()
    run.__signature__ = signature.replace(parameters=options)  # type: ignore[attr-defined]
    return run


@dataclass
class Session:
    """One command at work: its project, whom it speaks to, and what it holds until it ends."""

    folder: Path = Path()  # of the project
    settings_file: Path | None = None  # None: the project's
    quiet: bool = True  # as is a command without that option
    as_json: bool = False  # the outcome, on standard output
    logs_json: bool = False  # and nothing else on standard error
    resume_hint: str = ""  # where repeating the command would not continue it
    console: Console = field(  # a path must stay whole
        default_factory=lambda: Console(stderr=True, soft_wrap=True)
    )
    held: ExitStack = field(default_factory=ExitStack)

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Session:
        """Return the session that the options of a command ask for."""
        session = cls(
            folder=options.get("project") or Path(),
            settings_file=options.get("settings"),
            quiet=options.get("quiet", True),
            as_json=options.get("as_json", False),
        )
        if options.get("log_json") or os.environ.get("FEEDBACKMINER_LOG") == "json":
            session.log_as_json()
        return session

    def hold(self, resource: AbstractContextManager[T]) -> T:
        """Enter a context that lasts until the command ends; the last one ends first."""
        return self.held.enter_context(resource)

    def open(self, overrides: Mapping[str, Any] | None = None) -> Project:
        """Open the project; ``overrides`` are settings from the command line."""
        import stamina.instrumentation

        from feedbackminer.project.project import open_project

        if not self.logs_json:  # what is tried again is no news, least of all on standard output
            stamina.instrumentation.set_on_retry_hooks(())
        return open_project(self.folder, overrides, settings_file=self.settings_file)

    def settings(self, overrides: Mapping[str, Any] | None = None) -> Settings:
        """Return the settings of the project, which may not exist; nothing is made."""
        from feedbackminer.settings.load import FILE_NAME, load

        default = self.folder / FILE_NAME
        return load(self.settings_file or (default if default.exists() else None), overrides)

    def begin(self, overrides: Mapping[str, Any] | None = None) -> Run:
        """Return a run that writes: until the command ends, no other one works in the project."""
        from feedbackminer.engine.observe import observed
        from feedbackminer.engine.run import Run
        from feedbackminer.project.lock import hold

        project = self.open(overrides)
        self.hold(hold(project.folder, wait=WAIT, tell=self.print))
        run = Run(project)
        run.reporter = self._reporter(run)
        self.hold(observed(run))
        return run

    def _reporter(self, run: Run) -> Reporter:
        if run.project.settings.log == "json" and not self.logs_json:
            self.log_as_json()
        if self.logs_json:
            from feedbackminer.engine.json_log import JsonLog

            return JsonLog(run.run_id)
        from feedbackminer.engine.progress import Progress
        from feedbackminer.engine.reporting import Silent

        return Silent() if self.quiet else Progress(self.console)

    def log_as_json(self) -> None:
        """From now on write nothing but JSON lines to stderr."""
        from feedbackminer.engine.json_log import others_as_json

        self.logs_json = True
        self.console = Console(file=_JsonLines(), soft_wrap=True)
        self.hold(others_as_json())

    def print(self, message: object, style: str | None = None) -> None:
        """Print a message for whoever runs the command, word for word."""
        self.console.print(escape(str(message)), style=style)

    def complain(self, message: str, *, title: str = "Error") -> None:
        """Say what went wrong, without secrets: on the console, or in the log if that is JSON."""
        if not self.logs_json:
            self.console.print(f"[red]{title}:[/] {escape(mask_secrets(message))}")
            return
        from feedbackminer.engine.json_log import open_log

        open_log().error("error", message=f"{title}: {message}")

    def explain(self, error: BaseException) -> None:
        """Say what stopped the command and how to go on; write a report of a mistake of ours."""
        if isinstance(error, KeyboardInterrupt):
            hint = self.resume_hint or CONTINUE
            self.print(f"\nInterrupted; what is done is kept: {hint}", style="yellow")
            return
        if exit_code(error) == INTERNAL:
            self.complain(
                f"{type(error).__name__}. This is our mistake; please send us the report: "
                f"{_write_report(error)}",
                title="Internal error",
            )
        if isinstance(error, FeedbackminerError):
            self.complain(str(error))
            if error.exit_code == INTERRUPTED and self.resume_hint:
                self.print(self.resume_hint)

    def summarise(self, run: Run, outcomes: Sequence[Outcome], out: Path | None = None) -> None:
        """Print what a run did, as JSON where that is wanted, and what the reader should know.

        Args:
            out: folder of the digest that it wrote.
        """
        index = (out / "index.html").resolve() if out else None
        if self.as_json:
            stages = [_summary(outcome) for outcome in outcomes]
            digest = str(index) if index else None
            print_json({"run_id": run.run_id, "digest": digest, "stages": stages}, is_ascii=True)
        if self.quiet:
            return

        notices = dict.fromkeys(notice for o in outcomes for notice in o.notices)
        for notice in () if self.logs_json else notices:  # the log has them already
            self.console.print(f"[yellow]Note:[/] {escape(mask_secrets(notice))}")
        encoding = sum(o.seconds for o in outcomes if o.account.stage == "embed")
        others = sum(o.seconds for o in outcomes) - encoding
        if encoding > 1:
            share = f"{others:.1f} s, {others / encoding:.0%} of the {encoding:.1f} s of encoding"
            self.console.print(f"Everything but encoding took {share}.")
        if index:
            self.print(f"Digest: {index}", style="bold")


class _JsonLines(io.StringIO):
    """Takes what is printed for people and writes each line of it to the JSON log."""

    def write(self, text: str) -> int:
        from feedbackminer.engine.json_log import open_log

        for line in filter(None, map(str.strip, text.splitlines())):
            open_log().info("message", message=line)
        return len(text)


def print_table(
    columns: Sequence[str | Column], rows: Iterable[Sequence[str]], **style: Any
) -> None:
    """Print a table on standard output, its cells word for word; ``style`` as Rich's table."""
    table = Table(*columns, **style)
    for row in rows:
        table.add_row(*map(escape, row))
    answer.print(table)


def print_correction(session: Session, message: str, *, then: str = "") -> None:
    """Say that something was corrected or decided, and what takes it further."""
    session.print(f"{message}. `feedbackminer mine` carries it into claims and digests{then}.")


def print_line(text: str) -> None:
    """Print a line on standard output as it is, however long."""
    answer.print(text, markup=False, highlight=False, soft_wrap=True)


def print_json(value: Any, *, is_ascii: bool = False) -> None:
    """Print an outcome as JSON on standard output; what JSON does not know becomes text."""
    typer.echo(json.dumps(value, ensure_ascii=is_ascii, indent=1, default=str))


def _summary(outcome: Outcome) -> dict[str, Any]:
    return {
        "stage": outcome.account.stage,
        "in": outcome.account.rows_in,
        "out": outcome.account.rows_out,
        "dropped": dict(outcome.account.dropped),
        "seconds": round(outcome.seconds, 2),
        "reused": outcome.reused,
        "notices": list(outcome.notices),
    }


def _write_report(error: BaseException) -> str:
    """Write versions and the traceback, without values of variables, to a file; return its path."""
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
    return file.name
