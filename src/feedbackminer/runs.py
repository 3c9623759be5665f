"""What was done: one row of ``runs`` per step, known again by its fingerprint.

A step that was already done on the same input, with the same settings and code, is not done
again. So a killed run continues where it was, and a second run over the same export ends at once.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

import polars as pl
from pydantic import BaseModel

from feedbackminer import __version__
from feedbackminer.project import Project
from feedbackminer.settings import fingerprint
from feedbackminer.tables import Account, Runs, check, column_types

COLLECT = "collect"
MINING = ("clean", "embed", "topics", "tag", "signals", "insight")


class Reporter(Protocol):
    """Shows a person what goes on."""

    def start(self, stage: str, total: int | None) -> None:
        """A stage begins; ``total`` units of work where known."""

    def advance(self, done: int) -> None:
        """``done`` more units are finished."""

    def finish(self, outcome: Outcome) -> None:
        """The stage is over."""


class Silent:
    """Shows nothing."""

    def start(self, stage: str, total: int | None) -> None: ...
    def advance(self, done: int) -> None: ...
    def finish(self, outcome: Outcome) -> None: ...


@dataclass(frozen=True)
class Outcome:
    """How a step ended."""

    account: Account
    seconds: float
    reused: bool
    notices: tuple[str, ...] = ()
    detail: str = ""


@dataclass(frozen=True)
class Work:
    """What a stage did: its row account, and what the reader should know."""

    account: Account
    notices: tuple[str, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)
    detail: str = ""


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
        parts = [
            __version__,
            _code_mark(stage),
            stage,
            fingerprint(*settings),
            json.dumps(read),
            extra,
        ]
        mark = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
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
            "settings_hash": fingerprint(*settings),
            "code_version": __version__,
            "models": json.dumps(models),
            "reads": json.dumps(read),
            "writes": json.dumps(written),
            "notices": list(outcome.notices),
            "finished_at": datetime.now(UTC),
        }
        frame = pl.DataFrame([row], schema=column_types(Runs))
        self.project.store.append("runs", check(frame, Runs, where=stage))


def steps_behind(runs: pl.DataFrame, posts: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the steps that the tables of today come from, in order, as rows of ``runs``.

    Of imports that is the last of each set of files; of the others the last that was not reused.
    """
    ordered = runs.sort("finished_at", "run_id")
    own = ordered.filter(~pl.col("reused"))
    imports = own.filter(pl.col("stage") == COLLECT)
    imports = imports.unique("reads", keep="last", maintain_order=True)
    rows = [*imports.to_dicts(), *_merged(imports.to_dicts(), len(posts))]
    for stage in MINING:
        last = ordered.filter(pl.col("stage") == stage).tail(1).select("stage", "fingerprint")
        rows += own.join(last, on=["stage", "fingerprint"], how="semi").tail(1).to_dicts()
    return rows


def _merged(imports: Sequence[Mapping[str, Any]], n_posts: int) -> list[dict[str, Any]]:
    """Return the account of putting several imports together; a post in two of them is one."""
    if len(imports) < 2:
        return []
    rows_in = sum(row["rows_out"] for row in imports)
    dropped = {"in_several_imports": rows_in - n_posts} if rows_in > n_posts else {}
    return [_row_of(Account("merge", rows_in, n_posts, dropped), imports[-1])]


def _row_of(account: Account, like: Mapping[str, Any]) -> dict[str, Any]:
    return dict(like) | {
        "stage": account.stage,
        "rows_in": account.rows_in,
        "rows_out": account.rows_out,
        "dropped": json.dumps(dict(account.dropped)),
        "seconds": 0.0,
        "notices": [],
        "models": "{}",
    }


def account_of(row: Mapping[str, Any]) -> Account:
    """Return the row account that a row of ``runs`` holds."""
    return Account(row["stage"], row["rows_in"], row["rows_out"], json.loads(row["dropped"]))


def sum_accounts(stage: str, accounts: Sequence[Account]) -> Account:
    """Add the accounts of several files up to that of one stage."""
    dropped: Counter[str] = Counter()
    for account in accounts:
        dropped.update(account.dropped)
    rows_in, rows_out = sum(a.rows_in for a in accounts), sum(a.rows_out for a in accounts)
    return Account(stage, rows_in, rows_out, dict(dropped))


@cache
def _code_mark(stage: str) -> str:
    """Hash the code of a stage, so that a change of it is never mistaken for done work."""
    package = files(f"feedbackminer.{stage}")
    sources = sorted(package.iterdir(), key=lambda file: file.name)
    code = [f.read_bytes() for f in sources if f.name.endswith((".py", ".toml"))]
    return hashlib.sha256(b"".join(code)).hexdigest()[:16]
