"""Whoever is told how a run goes."""

from __future__ import annotations

from typing import Protocol

from feedbackminer.engine.stage import Outcome


class Reporter(Protocol):
    """Shows a person, or a log, what goes on."""

    def begin(self) -> None:
        """The run begins."""

    def start(self, stage: str, total: int | None) -> None:
        """A stage begins; ``total`` units of work where known."""

    def advance(self, done: int) -> None:
        """``done`` more units are finished."""

    def tell(self, message: str) -> None:
        """Something that a person should see before the run goes on."""

    def finish(self, outcome: Outcome) -> None:
        """The stage is over."""

    def end(self, error: BaseException | None) -> None:
        """The run is over; ``error`` is what stopped it, None where it came to its end."""


class Silent:
    """Shows nothing."""

    def begin(self) -> None: ...
    def start(self, stage: str, total: int | None) -> None: ...
    def advance(self, done: int) -> None: ...
    def tell(self, message: str) -> None: ...
    def finish(self, outcome: Outcome) -> None: ...
    def end(self, error: BaseException | None) -> None: ...
