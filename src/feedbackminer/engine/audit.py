"""The audit log: what was done to members' words, by whom nobody, when and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import polars as pl

from feedbackminer.tables import Audit, check

if TYPE_CHECKING:
    from feedbackminer.engine.run import Run

Action = Literal["import", "collect", "erase", "retain", "publish", "deliver"]


def record(
    run: Run, action: Action, subject: str, rows: int, detail: str = "", *, event_id: str = ""
) -> str:
    """Append an event and return its id.

    Args:
        subject: a file, a source or a folder; of an erasure only its seal.
        rows: that came in, went or were shown.
        event_id: empty: one of this run, action and subject.
    """
    store = run.project.store
    at = datetime.now(UTC)
    event_id = event_id or f"{run.run_id}-{action}-{at:%H%M%S%f}"
    row = {
        "event_id": event_id,
        "at": at,
        "run_id": run.run_id,
        "action": action,
        "subject": subject,
        "rows": rows,
        "detail": detail,
    }
    store.append("audit", check(pl.DataFrame([row]), Audit, where="audit"))
    return event_id
