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
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from importlib.resources import as_file, files
from typing import Any, Protocol

import polars as pl
from pydantic import BaseModel

from feedbackminer import __version__
from feedbackminer.project import Project
from feedbackminer.settings import fingerprint
from feedbackminer.tables import Account, Runs, check, column_types

COLLECT = "collect"
LIVE = "source:"  # how the fingerprint of a collect from a live source begins
MINING = ("clean", "embed", "topics", "tag", "signals", "insight", "health")


class Reporter(Protocol):
    """Shows a person, or a log, what goes on."""

    def begin(self) -> None:
        """The run begins."""

    def start(self, stage: str, total: int | None) -> None:
        """A stage begins; ``total`` units of work where known."""

    def advance(self, done: int) -> None:
        """``done`` more units are finished."""

    def finish(self, outcome: Outcome) -> None:
        """The stage is over."""

    def end(self, error: BaseException | None) -> None:
        """The run is over; ``error`` is what stopped it, None where it came to its end."""


class Silent:
    """Shows nothing."""

    def begin(self) -> None: ...
    def start(self, stage: str, total: int | None) -> None: ...
    def advance(self, done: int) -> None: ...
    def finish(self, outcome: Outcome) -> None: ...
    def end(self, error: BaseException | None) -> None: ...


@dataclass(frozen=True)
class Outcome:
    """How a step ended."""

    account: Account
    seconds: float
    reused: bool
    notices: tuple[str, ...] = ()
    detail: str = ""
    source: str = ""  # that a collect read


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
        mark = _mark(stage, read, settings, extra)
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
        self._record(stage, _mark(stage, read, settings), outcome, {}, read, {}, settings)
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


def steps_behind(
    runs: pl.DataFrame, posts: pl.DataFrame, n_erased: int = 0
) -> list[dict[str, Any]]:
    """Return the steps that the tables of today come from, in order, as rows of ``runs``.

    Of imports that is the last of each set of files, and of a live source the sum of all its
    collects; of the others the last that was not reused.

    Args:
        n_erased: posts that were erased since, as the audit tells.
    """
    ordered = runs.sort("finished_at", "run_id")
    own = ordered.filter(~pl.col("reused"))
    collects = own.filter(pl.col("stage") == COLLECT)
    is_live = pl.col("fingerprint").str.starts_with(LIVE)
    imports = collects.filter(~is_live).unique("reads", keep="last", maintain_order=True).to_dicts()
    for _, source in collects.filter(is_live).group_by("fingerprint", maintain_order=True):
        imports.append(_summed(source.to_dicts()))
    rows = [*imports, *_merged(imports, len(posts), n_erased)]
    for stage in MINING:
        last = ordered.filter(pl.col("stage") == stage).tail(1).select("stage", "fingerprint")
        rows += own.join(last, on=["stage", "fingerprint"], how="semi").tail(1).to_dicts()
    return rows


def _summed(collects: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return all collects of one live source as one row; what the last one told is told."""
    total = sum_accounts(COLLECT, [account_of(row) for row in collects])
    last = collects[-1]
    seconds = sum(row["seconds"] for row in collects)
    return _row_of(total, last) | {"seconds": seconds, "notices": last["notices"]}


def _merged(
    imports: Sequence[Mapping[str, Any]], n_posts: int, n_erased: int
) -> list[dict[str, Any]]:
    """Return the account of putting imports together: a post in two is one, some were erased."""
    rows_in = sum(row["rows_out"] for row in imports)
    if not imports or (len(imports) == 1 and rows_in == n_posts):
        return []
    erased = min(n_erased, rows_in - n_posts)
    dropped = {"erased": erased, "in_several_imports": rows_in - n_posts - erased}
    dropped = {reason: n for reason, n in dropped.items() if n > 0}
    return [
        _row_of(Account("merge", n_posts + sum(dropped.values()), n_posts, dropped), imports[-1])
    ]


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


def _mark(
    stage: str,
    read: Mapping[str, int | str | None],
    settings: Sequence[BaseModel],
    extra: str = "",
) -> str:
    """Hash all that decides the result of a stage."""
    parts = [
        __version__,
        _code_mark(stage),
        stage,
        fingerprint(*settings),
        json.dumps(read),
        extra,
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


@cache
def _code_mark(stage: str) -> str:
    """Hash the code of a stage, so that a change of it is never mistaken for done work."""
    with as_file(files(f"feedbackminer.{stage}")) as package:
        code = [f.read_bytes() for f in sorted(package.rglob("*")) if f.suffix in (".py", ".toml")]
    return hashlib.sha256(b"".join(code)).hexdigest()[:16]
