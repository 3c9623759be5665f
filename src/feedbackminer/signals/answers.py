"""The answer of a thread that helped most, and by whom a thread was solved.

What tells so, in this order: the platform's mark, that whoever asked says it works now, or thanks
for it, that others like it; else the longest stands first, which is a guess.
"""

from __future__ import annotations

import polars as pl

LONG = 1_500  # characters; a longer answer is no fuller


def summarise_answers(turns: pl.DataFrame) -> pl.DataFrame:
    """Return the best answer of each thread, and who solved it.

    Args:
        turns: as ``turns_of`` makes them.
    Returns:
        thread_id, best_answer (a post of somebody who did not ask; null: nobody else wrote), helped
        (what tells that it is the best), resolved (whether an answer was accepted, or whoever asked
        says that it works now) and solved_by (opener: whoever asked; null: not resolved).
    """
    answers = turns.filter("by_other").join(_said_by_askers(turns), on="post_id", how="left")
    told = answers.with_columns(
        pl.col("works", "thanked").fill_null(value=False),
        is_liked=(pl.col("score") > 0).fill_null(value=False),
        length=pl.col("body").str.len_chars().clip(upper_bound=LONG),
    ).with_columns(
        helped=pl.when("accepted").then(pl.lit("accepted"))
        .when("works").then(pl.lit("works"))
        .when("thanked").then(pl.lit("thanked"))
        .when("is_liked").then(pl.lit("liked"))
        .otherwise(pl.lit("longest"))
    )  # fmt: skip
    order = ["accepted", "works", "thanked", "score", "length", "position"]
    best = told.sort(
        "thread_id", *order, descending=[False, *([True] * 5), False], nulls_last=True
    ).unique("thread_id", keep="first", maintain_order=True)
    who = (
        pl.when(pl.col("author_role") == "staff").then(pl.lit("staff")).otherwise(pl.lit("member"))
    )
    is_told = pl.col("helped").is_in(["accepted", "works"]) & ~pl.col("accepted_own")
    return (
        turns.group_by("thread_id", maintain_order=True)
        .agg(
            resolved=_is_resolved(),
            accepted_own=(pl.col("accepted") & ~pl.col("by_other")).any(),
        )
        .join(
            best.select("thread_id", "helped", best_answer="post_id", answerer=who),
            on="thread_id",
            how="left",
        )
        .with_columns(
            solved_by=pl.when("resolved").then(
                pl.when(is_told).then("answerer").otherwise(pl.lit("opener"))
            )
        )
        .select("thread_id", "best_answer", "helped", "resolved", "solved_by")
    )


def _is_resolved() -> pl.Expr:
    """Tell of a thread whether an answer was accepted, or whoever asked says that it works now."""
    says_so = pl.col("author_id").eq_missing(pl.col("opener_id")) & pl.col("works_now")
    return pl.col("accepted").any() | says_so.any()


def _said_by_askers(turns: pl.DataFrame) -> pl.DataFrame:
    """Return post_id of what askers answered in their threads: that it works now, thanks."""
    is_asker = pl.col("author_id") == pl.col("opener_id")
    return (
        turns.filter(is_asker, ~pl.col("is_opener"))
        .drop_nulls("answers")
        .group_by(post_id="answers")
        .agg(works=pl.col("works_now").any(), thanked=pl.col("thanks").any())
    )
