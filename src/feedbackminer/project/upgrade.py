"""Tables that an older version of the code wrote: the columns that came since, and their values.

A table that is not listed, or lacks more than what is listed, counts as outdated: stages make it
again, and whatever only people can give is refused with a message.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from feedbackminer.tables import TABLES

_LANGUAGE = "language "  # how clean began the detail of a post in another language
_LIVE = "source:"  # how the fingerprint of a collect from a live source begins
_RUN_ID = r"^(\d{8}T\d{6}-[0-9a-f]{6})-"

ADDED: Mapping[str, Mapping[str, pl.Expr]] = {
    "runs": {
        "parent_run": pl.col("run_id").str.extract(_RUN_ID).fill_null(""),
        "source": pl.when(pl.col("fingerprint").str.starts_with(_LIVE))
        .then(pl.col("fingerprint").str.strip_prefix(_LIVE))
        .otherwise(pl.lit("")),
    },
    "members": {
        "n_threads_answered": pl.lit(0, pl.Int64),
        "n_team_posts": pl.lit(0, pl.Int64),
        "example_id": pl.lit(""),
    },
    "threads": {
        "solved_by": pl.lit(None, pl.String),
        "best_answer": pl.lit(None, pl.String),
        "helped": pl.lit(None, pl.String),
    },
    "tags": {"spans": pl.lit([], pl.List(pl.Int64))},
    "aspects": {"read_as": pl.lit("")},
    "needs": {"names_job": pl.lit(None, pl.Boolean)},
    "key_points": {"near": pl.lit(None, pl.String)},
    "vectors": {"sentences": pl.lit(None, pl.Binary)},
    "repeats": {"wave_id": pl.lit(None, pl.String)},
    "dropped": {
        "value": pl.when(pl.col("detail").str.starts_with(_LANGUAGE))
        .then(pl.col("detail").str.strip_prefix(_LANGUAGE))
        .otherwise(pl.lit("")),
        "other_ref": pl.lit(""),
    },
    "claims": {
        "does": pl.lit(""),
        "verdict": pl.lit(None, pl.String),
        "scope": pl.lit("period"),
        "key_point_id": pl.lit(None, pl.String),
        "went_well": pl.lit([], pl.List(pl.String)),
        "quoted": pl.when(pl.col("kind") == "need")
        .then(pl.col("headline").str.extract("“(.*)”"))
        .otherwise(pl.lit(""))
        .fill_null(""),
        "quoted_from": pl.lit(None, pl.String),
        "subject": pl.when(pl.col("kind") == "component")
        .then(pl.col("headline").str.extract(r"^(.*):"))
        .when(pl.col("kind") == "need")
        .then(pl.col("headline").str.extract("“(.*)”"))
        .otherwise(pl.lit(""))
        .fill_null(""),
    },
}


def can_upgrade(name: str, columns: frozenset[str]) -> bool:
    """Tell whether a table of these columns lacks nothing but what is known how to add."""
    today = frozenset(TABLES[name].column_names())
    return columns <= today and today - columns <= ADDED.get(name, {}).keys()


def upgrade(name: str, frame: pl.LazyFrame) -> pl.LazyFrame:
    """Return a table with the columns of today.

    They are also filled where they stand and are empty: a process of an older version may have
    added rows to a table that has them.
    """
    present = frame.collect_schema().names()
    return frame.with_columns(
        **{
            column: pl.coalesce(column, value) if column in present else value
            for column, value in ADDED.get(name, {}).items()
        }
    )
