"""One run over a project: each step leaves a row in ``runs``, and is known again by it.

A step that was already done on the same input, with the same settings and code, is not done
again. So a killed run continues where it was, and a second run over the same export ends at once.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import polars as pl
from pydantic import BaseModel

from feedbackminer import __version__
from feedbackminer.accounts import COLLECT, account_of
from feedbackminer.engine.fingerprint import code_hash, fingerprint
from feedbackminer.engine.ledger import decode, encode
from feedbackminer.engine.models import Models, loader_of
from feedbackminer.engine.processes import Processes
from feedbackminer.engine.reporting import Reporter, Silent
from feedbackminer.engine.stage import Context, Outcome, Stage, StageResult, StageTables
from feedbackminer.engine.workers import Workers
from feedbackminer.project.project import Project
from feedbackminer.settings.load import secret_of
from feedbackminer.settings.sections import EngineSettings, hash_settings
from feedbackminer.tables import Runs, check, column_types
from feedbackminer.threads import one_thread_a_product


@dataclass(frozen=True)
class Step:
    """A step before it is done: what does it, on what.

    Attributes:
        read: tables with their versions, and files from outside with their hashes.
        mark: its fingerprint.
        source: the live source that a collect reads; empty: another step.
    """

    stage: str
    read: Mapping[str, int | str | None]
    writes: tuple[str, ...]
    settings: tuple[BaseModel, ...]
    mark: str
    source: str = ""


DONE, GOES_ON, ANEW, WAITS = "done", "goes on", "anew", "waits"


@dataclass(frozen=True)
class Planned:
    """What a run would do with a stage.

    Attributes:
        what: ``done`` (it is, and is not done again), ``goes on`` (only what it reads has changed,
            and of what has not it keeps what it can), ``anew``, or ``waits`` (for tables that a
            stage before it will write).
        why: the tables that have changed, or are waited for; or what else decides it.
    """

    stage: str
    what: str
    why: Sequence[str]


@dataclass(frozen=True)
class _Work:
    """A stage that is about to be done; ``mark_of`` tells its fingerprint on other versions."""

    stage: Stage
    context: Context
    step: Step
    mark_of: Callable[..., str]


@dataclass
class Run:
    """One run over a project; ``started_at`` is the only clock that stages ever see."""

    project: Project
    reporter: Reporter = field(default_factory=Silent)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    run_id: str = ""
    parent_run: str = ""  # the run that this is a part, or another attempt, of
    secret: Callable[[str], str] = secret_of  # of a source or a channel, by its name

    def __post_init__(self) -> None:
        self.run_id = self.run_id or f"{self.started_at:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"

    @property
    def models(self) -> Models:
        """Return the models that the project's settings name."""
        return Models(self.project.settings, self.project.heads)

    def part(self, name: str) -> Run:
        """Return a part of this run, or another attempt at it: a run by itself in ``runs``."""
        whole = self.parent_run or self.run_id
        return replace(self, run_id=f"{self.run_id}-{name}", parent_run=whole)

    def step(self, stage: Stage) -> Outcome:
        """Do a stage, unless ``runs`` says that it was done on the same input already."""
        store, work = self.project.store, self._prepare(stage)

        def do() -> StageResult:
            context = replace(work.context, continues=self._continues(work))
            with one_thread_a_product():
                result = stage.do(StageTables(stage, store), context)
            if result.dropped is not None:
                store.replace("dropped", result.dropped, where=("stage", stage.name))
            return result

        return self._unless_done(work.step, do)

    def plan(self, stages: Sequence[Stage]) -> list[Planned]:
        """Tell what a run would do, stage by stage; nothing is done or noted for it."""
        plan: list[Planned] = []
        changing: set[str] = set()
        for stage in stages:
            waits = [name for name in stage.reads if name in changing]
            planned = Planned(stage.name, WAITS, waits) if waits else self._planned(stage)
            if planned.what != DONE:
                changing.update(stage.writes)
            plan.append(planned)
        return plan

    def _planned(self, stage: Stage) -> Planned:
        work = self._prepare(stage)
        if self._done_before(work.step):
            return Planned(stage.name, DONE, [])
        last = self._last(stage)
        if last is None:
            return Planned(stage.name, ANEW, ["never done"])
        if self._continues(work):
            read = work.step.read
            return Planned(stage.name, GOES_ON, [n for n in read if read[n] != last["reads"][n]])

        why = []
        if last["settings_hash"] != hash_settings(*work.step.settings):
            why.append("settings")
        if last["writes"] != self.project.store.versions(stage.writes):
            why.append("tables that another wrote")
        return Planned(stage.name, ANEW, why or ["code, models or what else decides it"])

    def _prepare(self, stage: Stage) -> _Work:
        project = self.project
        code = code_hash(stage.do, *map(loader_of, stage.models))
        context = Context(
            settings=project.settings,
            models=self.models,
            run_id=self.run_id,
            now=self.started_at,
            reporter=self.reporter,
            code=code,
            workers=_workers_of(project.settings.engine),
        )
        settings = tuple(getattr(project.settings, name) for name in stage.settings)
        mark_of = partial(
            fingerprint, stage.name, settings=settings, code=code,
            depends="|".join([*self.models.names(stage.models), stage.depends(context)]),
        )  # fmt: skip
        read = project.store.versions(stage.reads)
        step = Step(stage.name, read, stage.writes, settings, mark_of(read))
        return _Work(stage, context, step, mark_of)

    def import_files(
        self,
        do: Callable[[], StageResult],
        *,
        files: Mapping[str, str],
        settings: BaseModel,
        code: Callable[..., Any],
    ) -> Outcome:
        """Read files into ``posts``, unless that was done with the same files already.

        Args:
            files: name -> hash.
            code: the function of a module that ``do`` is made in.
        """
        mark = fingerprint(COLLECT, files, (settings,), code=code_hash(code))
        return self._unless_done(Step(COLLECT, files, ("posts",), (settings,), mark), do)

    def record(
        self,
        outcome: Outcome,
        *,
        read: Mapping[str, int | None],
        settings: BaseModel,
        code: Callable[..., Any],
    ) -> None:
        """Note a step that is done anew every time and writes no table: a digest.

        Args:
            read: versions of the tables that it was made of.
        """
        stage = outcome.account.stage
        mark = fingerprint(stage, read, (settings,), code=code_hash(code))
        self._record(Step(stage, read, (), (settings,), mark), outcome, {})
        self.reporter.finish(outcome)

    def record_source(self, name: str, outcome: Outcome, settings: BaseModel) -> None:
        """Note a collect from a live source, as a run of its own: a run may read several."""
        mark = f"source:{name}"
        step = Step(COLLECT, {mark: None}, ("posts",), (settings,), mark, source=name)
        self.part(name)._record(step, outcome, {})

    def _unless_done(self, step: Step, do: Callable[[], StageResult]) -> Outcome:
        self.reporter.start(step.stage, None)
        done = self._done_before(step)
        began = time.perf_counter()
        if done:
            outcome = Outcome(account_of(done), 0.0, True, tuple(done["notices"]))
            models = done["models"]
        else:
            result = do()
            seconds = time.perf_counter() - began
            outcome = Outcome(result.account, seconds, False, result.notices, result.detail)
            models = result.models

        self._record(step, outcome, models)
        self.reporter.finish(outcome)
        return outcome

    def _done_before(self, step: Step) -> dict[str, Any] | None:
        """Return the equal step that was done last, if its outputs are still as it left them."""
        store = self.project.store
        rows = store.read("runs").filter(
            (pl.col("stage") == step.stage) & (pl.col("fingerprint") == step.mark)
        )
        latest = decode(rows.sort("finished_at", "run_id").tail(1))
        # Other imports write to posts as well.
        same = latest and (
            step.stage == COLLECT or latest[0]["writes"] == store.versions(step.writes)
        )
        return latest[0] if same else None

    def _continues(self, work: _Work) -> bool:
        """Tell whether a stage was last done as it would be now, and left its tables so."""
        last = self._last(work.stage)
        if last is None or last["writes"] != self.project.store.versions(work.stage.writes):
            return False
        return bool(last["fingerprint"] == work.mark_of(last["reads"]))

    def _last(self, stage: Stage) -> dict[str, Any] | None:
        """Return how a stage was done last."""
        rows = self.project.store.read("runs").filter(pl.col("stage") == stage.name)
        return next(iter(decode(rows.sort("finished_at", "run_id").tail(1))), None)

    def _record(self, step: Step, outcome: Outcome, models: Mapping[str, str]) -> None:
        account = outcome.account
        row = {
            "run_id": self.run_id,
            "parent_run": self.parent_run,
            "stage": step.stage,
            "source": step.source,
            "fingerprint": step.mark,
            "reused": outcome.reused,
            "rows_in": account.rows_in,
            "rows_out": account.rows_out,
            "dropped": account.dropped,
            "seconds": outcome.seconds,
            "settings_hash": hash_settings(*step.settings),
            "code_version": __version__,
            "models": models,
            "reads": step.read,
            "writes": self.project.store.versions(step.writes),
            "notices": list(outcome.notices),
            "finished_at": datetime.now(UTC),
        }
        frame = pl.DataFrame([encode(row)], schema=column_types(Runs))
        self.project.store.append("runs", check(frame, Runs, where=step.stage))


def _workers_of(settings: EngineSettings) -> Workers:
    """Return the workers that the settings name; nothing is started."""
    if settings.kind == "local":
        return Processes(settings)
    from feedbackminer.engine.cluster import RayWorkers

    return RayWorkers(settings)
