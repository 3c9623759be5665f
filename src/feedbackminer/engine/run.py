"""What was done: one row of ``runs`` per step, known again by its fingerprint.

A step that was already done on the same input, with the same settings and code, is not done
again. So a killed run continues where it was, and a second run over the same export ends at once.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import polars as pl
from pydantic import BaseModel

from feedbackminer import __version__
from feedbackminer.accounts import account_of
from feedbackminer.engine.fingerprint import fingerprint
from feedbackminer.engine.reporting import Reporter, Silent
from feedbackminer.engine.stage import COLLECT, LIVE, Outcome, Work
from feedbackminer.project.project import Project
from feedbackminer.settings.sections import hash_settings
from feedbackminer.tables import Runs, check, column_types


@dataclass
class Run:
    """One run over a project; ``started_at`` is the only clock that stages ever see."""

    project: Project
    reporter: Reporter = field(default_factory=Silent)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    run_id: str = ""

    def __post_init__(self) -> None:
        self.run_id = self.run_id or f"{self.started_at:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"

    def step(
        self,
        stage: str,
        work: Callable[[], Work],
        *,
        reads: Sequence[str],
        writes: Sequence[str],
        settings: Sequence[BaseModel],
        extra: str = "",
        files: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Do a stage, unless ``runs`` says it was done on the same input already.

        Args:
            reads: tables that the stage reads; ``files`` those that come from outside, by hash.
            extra: whatever else decides the result, such as the name of a model.
        """
        store = self.project.store
        self.reporter.start(stage, None)
        read = {**store.versions(reads), **(files or {})}
        mark = fingerprint(stage, read, settings, extra)
        began = time.perf_counter()
        done = self._done_before(stage, mark, writes)
        if done:
            outcome = Outcome(account_of(done), 0.0, True, tuple(done["notices"]))
            models = json.loads(done["models"])
        else:
            result = work()
            seconds = time.perf_counter() - began
            outcome = Outcome(result.account, seconds, False, result.notices, result.detail)
            models = dict(result.models)
        self._record(stage, mark, outcome, models, read, store.versions(writes), settings)
        self.reporter.finish(outcome)
        return outcome

    def record(
        self, outcome: Outcome, *, reads: Sequence[str], settings: Sequence[BaseModel]
    ) -> None:
        """Note a stage that is done anew every time and writes no table: a digest."""
        read = self.project.store.versions(reads)
        stage = outcome.account.stage
        self._record(stage, fingerprint(stage, read, settings), outcome, {}, read, {}, settings)
        self.reporter.finish(outcome)

    def record_source(self, name: str, outcome: Outcome, settings: BaseModel) -> None:
        """Note a collect from a live source, as a run of its own: a run may read several."""
        read = {LIVE + name: None}
        one = replace(self, run_id=f"{self.run_id}-{name}")
        written = self.project.store.versions(("posts",))
        one._record(COLLECT, LIVE + name, outcome, {}, read, written, (settings,))

    def _done_before(self, stage: str, mark: str, writes: Sequence[str]) -> dict[str, Any] | None:
        """Return the row of an equal step whose outputs are still as it left them."""
        store = self.project.store
        rows = store.read("runs").filter(
            (pl.col("stage") == stage) & (pl.col("fingerprint") == mark)
        )
        latest = rows.sort("finished_at", "run_id").tail(1).to_dicts()
        now = json.dumps(store.versions(writes))
        same = latest and (stage == COLLECT or latest[0]["writes"] == now)
        return latest[0] if same else None

    def _record(
        self,
        stage: str,
        mark: str,
        outcome: Outcome,
        models: Mapping[str, str],
        read: Mapping[str, int | str | None],
        written: Mapping[str, int | None],
        settings: Sequence[BaseModel],
    ) -> None:
        row = {
            "run_id": self.run_id,
            "stage": stage,
            "fingerprint": mark,
            "reused": outcome.reused,
            "rows_in": outcome.account.rows_in,
            "rows_out": outcome.account.rows_out,
            "dropped": json.dumps(dict(outcome.account.dropped)),
            "seconds": outcome.seconds,
            "settings_hash": hash_settings(*settings),
            "code_version": __version__,
            "models": json.dumps(models),
            "reads": json.dumps(read),
            "writes": json.dumps(written),
            "notices": list(outcome.notices),
            "finished_at": datetime.now(UTC),
        }
        frame = pl.DataFrame([row], schema=column_types(Runs))
        self.project.store.append("runs", check(frame, Runs, where=stage))
