"""Why a claim says what it says: how it was counted, who spoke, who did not, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from feedbackminer.accounts import LOSSY
from feedbackminer.digest.small_groups import without_small
from feedbackminer.digest.views import ClaimRow
from feedbackminer.tables import Claims, count_once, of_members
from feedbackminer.vocabulary.claims import METRICS

UNKNOWN = "nobody known"


@dataclass(frozen=True)
class Segment:
    """Members of a segment: how many are behind a claim, and wrote at all in that time.

    Of a small group neither is told: None.
    """

    name: str
    n_spoke: int | None
    n_wrote: int | None


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A claim with what it rests on.

    Attributes:
        formula: how its number is computed.
        segments: who spoke, of those who wrote in the time of the claim.
        loudest: posts of the member with most of them.
        longest: posts in the thread with most of them.
        sources: with the posts behind it from each.
        left_out: why rows were dropped before anything was counted -> rows, most first.
        n_undated: posts that no claim can count, since nobody knows when they were written.
        posts: behind it, the newest first: post_id, created_at, segment, thread, body; of whom a
            small group wrote, the segment is not told either.
    """

    claim: ClaimRow
    formula: str
    segments: Sequence[Segment]
    loudest: int
    longest: int
    sources: Sequence[tuple[str, int]]
    left_out: Sequence[tuple[str, int]]
    n_undated: int
    posts: Sequence[Mapping[str, Any]]


def explain(claim_id: str, tables: Mapping[str, pl.DataFrame]) -> Explanation:
    """Say what a claim rests on.

    Args:
        claim_id: of a row of ``claims``.
        tables: posts, members, threads, repeats, dropped and claims.
    """
    rows = tables["claims"].select(Claims.column_names())
    claim = ClaimRow(**rows.row(by_predicate=pl.col("claim_id") == claim_id, named=True))
    segments = tables["members"].select("author_id", pl.col("segment").cast(pl.String))
    posts = (
        tables["posts"]
        .join(segments, on="author_id", how="left", maintain_order="left")
        .with_columns(pl.col("segment").fill_null(UNKNOWN))
    )
    is_behind = pl.col("post_id").is_in(claim.evidence)
    is_then = pl.col("created_at").is_between(claim.since, claim.until, "left")
    behind = posts.filter(is_behind)
    then = posts.filter(is_behind | is_then.fill_null(claim.since is None))
    wrote = count_once(of_members(then, tables["members"]), tables["repeats"])
    dropped = tables["dropped"].filter(pl.col("stage").is_in(LOSSY))
    found = _segments(behind, wrote)
    hidden = [segment.name for segment in found if segment.n_wrote is None]
    return Explanation(
        claim=claim,
        formula=METRICS[claim.metric].formula,
        segments=found,
        loudest=_most(behind, "author_id"),
        longest=_most(behind, "thread_id"),
        sources=_ranked(behind["source"]),
        left_out=_ranked(dropped["reason"]),
        n_undated=posts["created_at"].null_count(),
        posts=_newest_first(behind, tables["threads"], hidden),
    )


def _segments(behind: pl.DataFrame, wrote: pl.DataFrame) -> list[Segment]:
    """Count who spoke by segment, of those who wrote; the largest segment first."""
    spoke, all_of = (
        dict(
            frame.drop_nulls("author_id").unique("author_id")["segment"].value_counts().iter_rows()
        )
        for frame in (behind, wrote)
    )
    told = without_small(all_of, {name: spoke.get(name, 0) for name in all_of})
    ranked = sorted(all_of, key=lambda name: (-all_of[name], name))
    return [
        Segment(name, None if told[name] is None else spoke.get(name, 0), told[name])
        for name in ranked
    ]


def _most(posts: pl.DataFrame, column: str) -> int:
    return max(posts[column].drop_nulls().value_counts()["count"], default=0)


def _ranked(values: pl.Series) -> list[tuple[str, int]]:
    name = values.name
    found = values.value_counts().sort("count", name, descending=[True, False])
    return [(str(value), n) for value, n in found.iter_rows()]


def _newest_first(
    posts: pl.DataFrame, threads: pl.DataFrame, hidden: Sequence[str]
) -> list[dict[str, Any]]:
    is_hidden = pl.col("segment").is_in(list(hidden))
    posts = posts.with_columns(segment=pl.when(~is_hidden).then("segment"))
    titles = threads.select("thread_id", thread="title")
    rows = posts.join(titles, on="thread_id", how="left").sort(
        "created_at", "post_id", descending=[True, False], nulls_last=True
    )
    return rows.select("post_id", "created_at", "segment", "thread", "body").to_dicts()
