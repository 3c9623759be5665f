"""What the table ``runs`` tells: which steps were done, and which the tables of today come from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from feedbackminer.accounts import COLLECT, Account, account_of, sum_accounts

if TYPE_CHECKING:
    from feedbackminer.project.store import TableStore

OBJECTS = ("dropped", "models", "reads", "writes")  # columns that hold JSON objects

Row = dict[str, Any]


def encode(row: Mapping[str, Any]) -> Row:
    """Return a step as a row of ``runs``."""
    return {**row, **{name: json.dumps(dict(row[name])) for name in OBJECTS}}


def decode(runs: pl.DataFrame) -> list[Row]:
    """Return rows of ``runs``, their objects as dictionaries."""
    return [row | {name: json.loads(row[name]) for name in OBJECTS} for row in runs.to_dicts()]


def steps_behind(
    runs: pl.DataFrame, posts: pl.DataFrame, stages: Sequence[str], n_erased: int = 0
) -> list[Row]:
    """Return the steps that the tables of today come from, in order.

    Of imports that is the last of each set of files, and of a live source the sum of all its
    collects; of the others the last that was not reused.

    Args:
        stages: those after collecting, in their order.
        n_erased: posts that were erased since, as the audit tells.
    """
    ordered = runs.sort("finished_at", "run_id")
    done = ordered.filter(~pl.col("reused"))
    collects = done.filter(pl.col("stage") == COLLECT)
    is_live = pl.col("source") != ""
    imports = decode(collects.filter(~is_live).unique("reads", keep="last", maintain_order=True))
    for _, source in collects.filter(is_live).group_by("source", maintain_order=True):
        imports.append(_summed(decode(source)))

    rows = [*imports, *_merged(imports, len(posts), n_erased)]
    for stage in stages:
        last = ordered.filter(pl.col("stage") == stage).tail(1).select("stage", "fingerprint")
        rows += decode(done.join(last, on=["stage", "fingerprint"], how="semi").tail(1))
    return rows


def latest_checks(store: TableStore) -> pl.DataFrame:
    """Return the rows of ``health`` of the run that checked last.

    A run that found everything unchanged did not check again: these hold for it too.
    """
    checks = store.recall("health")
    last = checks.sort("checked_at", "run_id").tail(1).select("run_id")
    return checks.join(last, on="run_id", how="semi")


def _summed(collects: Sequence[Row]) -> Row:
    """Return all collects of one live source as one step; what the last one noticed is told."""
    total = sum_accounts(COLLECT, [account_of(row) for row in collects])
    last = collects[-1]
    seconds = sum(row["seconds"] for row in collects)
    return _step_like(last, total) | {"seconds": seconds, "notices": last["notices"]}


def _merged(imports: Sequence[Row], n_posts: int, n_erased: int) -> list[Row]:
    """Return the account of putting imports together: a post in two is one, some were erased."""
    rows_in = sum(row["rows_out"] for row in imports)
    if not imports or (len(imports) == 1 and rows_in == n_posts):
        return []
    erased = min(n_erased, rows_in - n_posts)
    dropped = {"erased": erased, "in_several_imports": rows_in - n_posts - erased}
    dropped = {reason: n for reason, n in dropped.items() if n > 0}
    account = Account("merge", n_posts + sum(dropped.values()), n_posts, dropped)
    return [_step_like(imports[-1], account)]


def _step_like(step: Row, account: Account) -> Row:
    return step | {
        "stage": account.stage,
        "rows_in": account.rows_in,
        "rows_out": account.rows_out,
        "dropped": dict(account.dropped),
        "seconds": 0.0,
        "notices": [],
        "models": {},
    }
