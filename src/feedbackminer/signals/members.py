"""Members: tenure, help given and received, segments, advocates, bots."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from feedbackminer.settings.sections import SegmentSettings
from feedbackminer.signals.staff import speaks_for_makers

BOT_POSTS, BOT_SAMENESS = 20, 0.9


def summarise_members(
    turns: pl.DataFrame, threads: pl.DataFrame, rules: SegmentSettings
) -> pl.DataFrame:
    """Return a row per author: what they wrote, whom they helped, and what came back."""
    signed = turns.filter(pl.col("author_id").is_not_null())
    signed = signed.with_columns(is_of_team=speaks_for_makers())
    other = pl.col("author_id") != pl.col("answers_author")
    of_team = pl.col("post_id").filter("is_of_team").sort().first()
    written = signed.group_by("author_id").agg(
        role=pl.col("author_role").mode().sort().first(),
        first_at=pl.col("created_at").min(),
        last_at=pl.col("created_at").max(),
        n_posts=pl.len(),
        n_threads_opened=pl.col("is_opener").sum(),
        n_replies_to_others=other.sum(),
        n_threads_answered=pl.col("thread_id").filter("by_other").n_unique(),
        n_team_posts=pl.col("is_of_team").sum(),
        example_id=pl.coalesce(of_team, pl.col("post_id").sort().first()),
        n_people_helped=pl.col("opener_id").filter("by_other").drop_nulls().n_unique(),
    )
    addressed = signed.filter(other)
    received = addressed.group_by(author_id="answers_author").agg(
        n_replies_received=pl.len(), thanked=pl.col("thanks").sum()
    )
    accepted = signed.filter(pl.col("accepted") & pl.col("by_other"))
    accepted = accepted.group_by("author_id").agg(n_accepted=pl.len())

    end = threads["last_at"].max()
    counts = ["n_replies_received", "thanked", "n_accepted"]
    return (
        written.join(received, on="author_id", how="left")
        .join(accepted, on="author_id", how="left")
        .with_columns(pl.col(counts).fill_null(0))
        .with_columns(n_thanks=pl.col("thanked") + pl.col("n_accepted"))
        .with_columns(segment=_segment(end if isinstance(end, datetime) else None, rules))
        .with_columns(advocate=_advocate(rules))
    )


def role_of() -> pl.Expr:
    """Say bot of an account most of whose many posts begin alike, digits aside."""
    start = pl.col("body").str.replace_all(r"\d+", "0").str.slice(0, 40)
    sameness = (start.unique_counts().max() / pl.len()).over("author_id")
    machine = (pl.len().over("author_id") >= BOT_POSTS) & (sameness >= BOT_SAMENESS)
    signed = pl.col("author_id").is_not_null()
    return (
        pl.when(signed & machine)
        .then(pl.lit("bot"))
        .otherwise(pl.col("author_role").cast(pl.String))
    )


def _segment(end: datetime | None, rules: SegmentSettings) -> pl.Expr:
    """Newcomer, veteran, regular, lapsed, else occasional: the first whose definition holds."""
    if end is None:
        return pl.lit("occasional")
    posts, newcomer = pl.col("n_posts"), timedelta(days=rules.newcomer_days)
    active = pl.col("last_at") >= end - timedelta(days=rules.active_days)
    tenure = pl.col("last_at") - pl.col("first_at")
    return (
        pl.when(pl.col("first_at") >= end - newcomer)
        .then(pl.lit("newcomer"))
        .when(
            active & (posts >= rules.veteran_posts) & (tenure >= timedelta(days=rules.veteran_days))
        )
        .then(pl.lit("veteran"))
        .when(active & (posts >= rules.regular_posts))
        .then(pl.lit("regular"))
        .when(~active & (posts >= rules.lapsed_posts))
        .then(pl.lit("lapsed"))
        .otherwise(pl.lit("occasional"))
    )


def _advocate(rules: SegmentSettings) -> pl.Expr:
    """A member who still comes, has helped several people and was thanked for it."""
    return (
        (pl.col("role") == "member")
        & pl.col("segment").is_in(["regular", "veteran"])
        & (pl.col("n_people_helped") >= rules.advocate_helped)
        & (pl.col("n_thanks") >= rules.advocate_thanks)
    )
