"""Who said what about which topic: the one frame that every claim is counted from."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from feedbackminer.insight.period import Period
from feedbackminer.tables import (
    Aspects,
    Assignments,
    Members,
    Needs,
    Posts,
    Tags,
    Topics,
    check,
)


@dataclass(frozen=True)
class Speech:
    """Posts of the period as voices on topics; those of staff and bots, and copies, are left out.

    ``said``: post_id, voice (a member's id; null where nobody knows who wrote), created_at,
    topic_id and label (null: unsorted), kinds, sentiment, severity, is_first (a member's first
    post). ``aspects`` and ``needs`` are those of what was said, with its voice.
    """

    said: pl.DataFrame
    threads: pl.DataFrame
    members: pl.DataFrame
    period: Period
    aspects: pl.DataFrame
    needs: pl.DataFrame

    @property
    def active(self) -> int:
        """Count the members who wrote in the period."""
        return count_voices(self.said)

    @property
    def windows(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return what was said in the latest window and in the one before."""
        period, moment = self.period, pl.col("created_at")
        now = self.said.filter(moment >= period.window_start)
        is_before = (moment >= period.previous_start) & (moment < period.window_start)
        return now, self.said.filter(is_before)


def count_voices(said: pl.DataFrame) -> int:
    """Count distinct members."""
    return said["voice"].drop_nulls().n_unique()


def listen(
    posts: pl.DataFrame,
    topics: pl.DataFrame,
    assignments: pl.DataFrame,
    tags: pl.DataFrame,
    threads: pl.DataFrame,
    members: pl.DataFrame,
    repeats: pl.DataFrame,
    period: Period,
    aspects: pl.DataFrame,
    needs: pl.DataFrame,
) -> Speech:
    """Join the tables into one frame of who said what, within the period; copies count once."""
    where = "insight"
    posts, tags = check(posts, Posts, where=where), check(tags, Tags, where=where)
    members = check(members, Members, where=where)
    shown = check(topics, Topics, where=where).filter(pl.col("status") == "active")
    labels = shown.select("topic_id", "label")
    main = check(assignments, Assignments, where=where).filter(pl.col("rank") == 1)
    main = main.join(labels, on="topic_id", how="semi")
    roles = members.select("author_id", role=pl.col("role").cast(pl.String))
    role = pl.coalesce("role", pl.col("author_role").cast(pl.String))
    told = tags.select("post_id", "kinds", "sentiment", "sentiment_score", "severity")
    first_post = pl.col("post_id").sort_by("created_at", "post_id", nulls_last=True).first()
    said = (
        posts.join(roles, on="author_id", how="left")
        .join(told, on="post_id", how="left")
        .join(main.select("post_id", "topic_id"), on="post_id", how="left")
        .join(labels, on="topic_id", how="left")
        .with_columns(
            voice="author_id",
            kinds=pl.col("kinds").fill_null([]),
            is_first=pl.col("created_at").is_not_null()
            & (pl.col("post_id") == first_post.over("author_id")),
        )
        .filter(_in_period(period), role.is_in(["member", "unknown"]))
        .select(
            "post_id", "thread_id", "voice", "created_at", "topic_id", "label",
            "kinds", "sentiment", "sentiment_score", "severity", "is_first",
        )
        .sort("created_at", "post_id")
    )  # fmt: skip
    copies = repeats.filter(pl.col("copy_of").is_in(said["post_id"].to_list()))
    said = said.join(copies, on="post_id", how="anti", maintain_order="left")
    opened = threads.filter(_in_period(period, "opened_at"))
    voices = said.select("post_id", "voice", "created_at")
    judged, wanted = (
        table.join(voices, on="post_id", how="inner", maintain_order="left")
        for table in (check(aspects, Aspects, where=where), check(needs, Needs, where=where))
    )
    return Speech(said, opened, members, period, judged, wanted)


def has_kind(*kinds: str) -> pl.Expr:
    """Return whether a post does any of ``kinds``."""
    return pl.col("kinds").list.set_intersection(list(kinds)).list.len() > 0


def _in_period(period: Period, column: str = "created_at") -> pl.Expr:
    if period.since is None:
        return pl.lit(value=True)
    moment = pl.col(column)
    inside = (moment >= period.since) & (moment < period.until)
    return inside.fill_null(value=False)
