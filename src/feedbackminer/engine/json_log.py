"""The log of a run as JSON lines on stderr, for machines; people get progress bars instead.

structlog rather than the standard library: it binds ``run_id``, ``stage`` and ``source`` to a
logger and passes every line through the mask, with nothing set up for the whole process, which
Prefect has a logging of its own for.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any, TextIO

import structlog

from feedbackminer import __version__
from feedbackminer.engine.stage import Outcome
from feedbackminer.errors import FeedbackminerError
from feedbackminer.privacy.secrets import mask_secrets


def open_log(stream: TextIO | None = None) -> Any:
    """Return a structlog logger that writes one JSON object a line, without secrets."""
    return structlog.wrap_logger(
        structlog.WriteLogger(stream or sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _masked,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )


class JsonLog:
    """Reports a run as events: run_started, stage_started, stage_finished, notice, warning, …"""

    def __init__(self, run_id: str, log: Any = None) -> None:
        self._log = (log or open_log()).bind(run_id=run_id)
        self._began = time.perf_counter()
        self._stage = ""

    def begin(self) -> None:
        """Log run_started."""
        self._log.info("run_started", version=__version__)

    def start(self, stage: str, total: int | None) -> None:
        """Log stage_started, with the units of work where they are known."""
        self._stage = stage
        units = {"total": total} if total else {}
        self._log.info("stage_started", stage=stage, **units)

    def advance(self, done: int) -> None:
        """Log nothing: a line a batch would bury the others."""

    def tell(self, message: str) -> None:
        """Log it as it is."""
        self._log.info("message", message=message)

    def finish(self, outcome: Outcome) -> None:
        """Log stage_finished, and what there is to know as notices, of health as warnings."""
        self._stage = ""
        account = outcome.account
        source = {"source": outcome.source} if outcome.source else {}
        log = self._log.bind(stage=account.stage, **source)
        log.info(
            "stage_finished",
            rows_in=account.rows_in,
            rows_out=account.rows_out,
            dropped=dict(account.dropped),
            seconds=round(outcome.seconds, 3),
            reused=outcome.reused,
            detail=outcome.detail,
        )
        for notice in outcome.notices:
            if account.stage == "health":
                log.warning("warning", message=notice)
            else:
                log.info("notice", message=notice)

    def end(self, error: BaseException | None) -> None:
        """Log run_finished or run_failed; only our own errors are quoted, they hold no texts."""
        seconds = round(time.perf_counter() - self._began, 3)
        if error is None:
            self._log.info("run_finished", seconds=seconds)
            return
        message = str(error) if isinstance(error, FeedbackminerError) else ""
        self._log.error(
            "run_failed",
            stage=self._stage,
            error=type(error).__name__,
            message=message,
            exit_code=getattr(error, "exit_code", None),
            seconds=seconds,
        )


@contextmanager
def others_as_json() -> Iterator[None]:
    """Write what libraries log, and Python's warnings, as JSON lines as well."""
    handler = _Others(logging.WARNING)
    root = logging.getLogger()
    root.addHandler(handler)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.removeHandler(handler)


class _Others(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        open_log().log(record.levelno, "log", logger=record.name, message=record.getMessage())


def _masked(_log: Any, _name: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {name: _mask(value) for name, value in event.items()}


def _mask(value: Any) -> Any:
    if isinstance(value, str):
        return mask_secrets(value)
    if isinstance(value, Mapping):
        return {name: _mask(one) for name, one in value.items()}
    return [_mask(one) for one in value] if isinstance(value, list | tuple) else value
