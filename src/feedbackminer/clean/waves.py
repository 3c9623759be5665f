"""Waves: one text that many new accounts post within days, such as spam or a campaign.

Whoever holds so many names is one voice. An account is new by what its posts show; where nearly
everybody is, as when a history begins or where a platform shows one post of each, that says
nothing. So the accounts of a wave have to be new far more often than others who write then.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import polars as pl

from feedbackminer.clean.alike import distinct_words, first_alike, similarity

ALIKE = 0.6  # Jaccard similarity: of 25 words, three changed in each post
BANDS = 24  # at a similarity of 0.6 this finds 860 of 1,000 pairs, at 0.7 988
FEWEST_ACCOUNTS = 5  # fewer may be colleagues, a class, a family
SPAN = timedelta(days=7)  # in which that many have to post
NEW = timedelta(days=7)  # since the account's first post, or less
FEW_TEXTS = 3  # that a new account has at most, besides those that it has in common with many
CHANCE = 0.001  # that so many of the accounts are new; below it they are a wave
_HUMAN = ("member", "unknown")


def find_waves(texts: pl.DataFrame, posts: pl.DataFrame) -> dict[str, str]:
    """Return the posts of waves, each with the post that began its wave.

    A post without a date or an author is in none: nothing tells how new its account was.

    Args:
        texts: ``post_id``, ``passage`` and ``first_id``, the first post that says nearly the same.
        posts: the ``posts`` table.
    """
    dated = _with_newness(texts, posts)
    new = dated.filter("is_new")
    first = list(first_alike(new["passage"].to_list(), least=ALIKE, bands=BANDS))
    runs = list(_runs(new.with_columns(text=pl.Series(first, dtype=pl.UInt32))))
    suspects = {account for run in runs for account in run["author_id"]}
    waves: dict[str, str] = {}
    for run in runs:
        if _chance(run, new["passage"][run["text"][0]], dated, suspects) < CHANCE:
            waves |= dict.fromkeys(run["post_id"], run["post_id"][0])
    return waves


def _with_newness(texts: pl.DataFrame, posts: pl.DataFrame) -> pl.DataFrame:
    """Return what people wrote and when, earliest first, and whether their accounts were new."""
    n_accounts = pl.col("author_id").n_unique().over("first_id")
    n_texts = pl.col("first_id").filter(~pl.col("is_common")).n_unique().over("author_id")
    age = pl.col("created_at") - pl.col("created_at").min().over("author_id")
    return (
        posts.select("post_id", "author_id", "author_role", "source", "created_at")
        .filter(pl.col("author_role").cast(pl.String).is_in(_HUMAN))
        .drop_nulls(["author_id", "created_at"])
        .join(texts, on="post_id", how="left")
        .with_columns(pl.col("passage").fill_null(""), pl.coalesce("first_id", "post_id"))
        .with_columns(is_common=n_accounts >= FEWEST_ACCOUNTS)
        .with_columns(is_new=(age <= NEW) & (n_texts <= FEW_TEXTS))
        .sort("created_at", "post_id")
    )


def _runs(alike: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield the posts of a text that lie in spans with enough accounts, earliest first."""
    by_text = alike.filter(pl.len().over("text") >= FEWEST_ACCOUNTS)
    for _, same in by_text.group_by("text", maintain_order=True):
        spans = same.rolling("created_at", period=SPAN).agg(n=pl.col("author_id").n_unique())
        ends = pl.when(spans["n"] >= FEWEST_ACCOUNTS).then("created_at").backward_fill()
        crowded = same.filter(ends - pl.col("created_at") < SPAN)
        begins = (pl.col("created_at").diff() >= SPAN).fill_null(value=False)
        runs = crowded.with_columns(run=begins.cum_sum())
        yield from runs.partition_by("run")


def _chance(run: pl.DataFrame, text: str, dated: pl.DataFrame, suspects: set[str]) -> float:
    """Return the chance that so many with one text are new, if new as often as others then.

    Args:
        run: the posts of new accounts.
        text: that they are like.
        dated: what everybody wrote.
        suspects: accounts of all runs, which tell nothing of who else writes.
    """
    from scipy.stats import binom

    moment = pl.col("created_at")
    near = dated.filter(
        moment.is_between(run["created_at"][0] - SPAN, run["created_at"][-1] + SPAN),
        pl.col("source").is_in(run["source"].unique().to_list()),
    )
    words = distinct_words(text)
    is_same = [similarity(words, distinct_words(other)) >= ALIKE for other in near["passage"]]
    same = near.filter(is_same)
    others = near.filter(~pl.col("author_id").is_in([*suspects, *same["author_id"]]))
    newness = others.group_by("author_id").agg(pl.col("is_new").any())["is_new"]
    usual = (newness.sum() + 1) / (len(newness) + 1)  # nobody else: nothing is known
    return float(binom.sf(run["author_id"].n_unique() - 1, same["author_id"].n_unique(), usual))
