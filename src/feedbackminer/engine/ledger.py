"""What the table ``runs`` tells of the tables of today."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from feedbackminer.accounts import Account, account_of, sum_accounts
from feedbackminer.engine.stage import COLLECT, LIVE, MINING

if TYPE_CHECKING:
    from feedbackminer.project.store import Store


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


def latest_checks(store: Store) -> pl.DataFrame:
    """Return the rows of ``health`` of the run that checked last.

    A run that found everything unchanged did not check again: these hold for it too.
    """
    checks = store.recall("health")
    last = checks.sort("checked_at", "run_id").tail(1).select("run_id")
    return checks.join(last, on="run_id", how="semi")
