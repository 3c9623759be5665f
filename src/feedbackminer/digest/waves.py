"""Waves of new accounts that posted one text: what a digest tells of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from feedbackminer.digest.counts import Span, within


@dataclass(frozen=True)
class Wave:
    """One text that many new accounts posted, which count as one voice."""

    wave_id: str  # its first post
    n_accounts: int
    since: datetime  # its first post in the period
    until: datetime  # its last one
    text: str
    url: str | None
    post_ids: Sequence[str]


def find_waves(tables: Mapping[str, pl.DataFrame], span: Span) -> list[Wave]:
    """Return the waves of the period, the most accounts first.

    Args:
        tables: by name: posts and repeats.
    """
    in_waves = tables["repeats"].drop_nulls("wave_id").select("post_id", "wave_id")
    first = in_waves.select(post_id="wave_id", wave_id="wave_id")
    posts = within(tables["posts"], span).sort("created_at", "post_id")
    waves = (
        posts.join(pl.concat([in_waves, first]).unique(), on="post_id")
        .group_by("wave_id", maintain_order=True)
        .agg(
            n_accounts=pl.col("author_id").n_unique(),
            since=pl.col("created_at").first(),
            until=pl.col("created_at").last(),
            text=pl.col("body").first(),
            url=pl.col("url").first(),
            post_ids=pl.col("post_id"),
        )
        .sort("n_accounts", "wave_id", descending=[True, False])
    )
    return [Wave(**row) for row in waves.iter_rows(named=True)]
