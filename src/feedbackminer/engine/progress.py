"""Progress on the terminal: a bar while a stage works, a line when it is done."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars

from feedbackminer.engine.stage import Outcome
from feedbackminer.privacy.secrets import mask_secrets


class Progress:
    """Shows one stage at a time; plain lines where the output is no terminal."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._bars: Bars | None = None

    def begin(self) -> None:
        """Say nothing yet."""

    def start(self, stage: str, total: int | None) -> None:
        """Show a bar for the stage; a second call for it sets its total."""
        self._close()
        if not self.console.is_terminal:
            return
        columns = [SpinnerColumn(), TextColumn(f"{stage:9}")]
        if total:
            columns += [BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
        self._bars = Bars(*columns, console=self.console, transient=True)
        self._task = self._bars.add_task(stage, total=total)
        self._bars.start()

    def advance(self, done: int) -> None:
        """Move the bar."""
        if self._bars:
            self._bars.advance(self._task, done)

    def tell(self, message: str) -> None:
        """Print a message above the bar."""
        self.console.print(escape(mask_secrets(message)), highlight=False, soft_wrap=True)

    def finish(self, outcome: Outcome) -> None:
        """Replace the bar by one line: rows, what was dropped, seconds."""
        self._close()
        account = outcome.account
        dropped = ", ".join(f"{reason} {n:,}" for reason, n in account.dropped.items())
        how = "unchanged" if outcome.reused else f"{outcome.seconds:.1f} s"
        parts = [f"{account.rows_in:,} in", f"{account.rows_out:,} out"]
        parts += [f"dropped: {dropped}"] if dropped else []
        parts += [outcome.detail] if outcome.detail else []
        line = escape(f"{account.stage:9} {', '.join(parts)} ({how})")
        self.console.print(line, highlight=False, soft_wrap=True)

    def end(self, error: BaseException | None) -> None:  # noqa: ARG002
        """Take the bar of a stage that failed away."""
        self._close()

    def _close(self) -> None:
        if self._bars:
            self._bars.stop()
            self._bars = None
