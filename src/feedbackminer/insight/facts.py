"""Who wrote what about which topic: the one frame that every claim is counted from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from feedbackminer.insight.labels import chance_column, chance_of
from feedbackminer.insight.period import Period
from feedbackminer.tables import count_once
from feedbackminer.vocabulary.tags import SHARES

CHANCES = tuple(map(chance_column, SHARES))


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Posts of the period as voices on topics; those of staff and bots, and copies, are left out.

    ``posts``: post_id, thread_id, voice (a member's id; null where nobody knows who wrote),
    created_at, topic_id and label (null: unsorted), kinds, experience, sentiment, sentiment_score,
    severity, is_first (a member's first post), and ``p_…``, the chance of each of ``SHARES`` (null:
    nobody knows). ``said``: these posts once for each key point that they say, with key_point_id,
    says and text. ``sentences``: of these posts, with text and chances, as the table has them.
    ``aspects`` and ``needs`` are those of these posts, with their voice.
    """

    posts: pl.DataFrame
    said: pl.DataFrame
    sentences: pl.DataFrame
    threads: pl.DataFrame
    members: pl.DataFrame
    aspects: pl.DataFrame
    needs: pl.DataFrame
    period: Period

    @property
    def n_active(self) -> int:
        """Count the members who wrote in the period."""
        return count_voices(self.posts)

    @property
    def windows(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the posts of the latest window and those of the one before."""
        return self.in_windows(self.posts)

    def in_windows(self, posts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return those of some posts that are of the latest window, and of the one before."""
        period, moment = self.period, pl.col("created_at")
        is_before = (moment >= period.previous_start) & (moment < period.window_start)
        return posts.filter(moment >= period.window_start), posts.filter(is_before)


def count_voices(posts: pl.DataFrame) -> int:
    """Count distinct members."""
    return posts["voice"].drop_nulls().n_unique()


def build_facts(tables: Mapping[str, pl.DataFrame], period: Period) -> Facts:
    """Join the tables into one frame of who wrote what, within the period; copies count once.

    Args:
        tables: by name, those that ``insight.stage.READS`` names.
        period: outside of which nothing counts.
    """
    posts = _members_posts(tables, period)
    voices = posts.select("post_id", "voice", "created_at")
    aspects, needs = (
        tables[name].join(voices, on="post_id", how="inner", maintain_order="left")
        for name in ("aspects", "needs")
    )
    return Facts(
        posts=posts,
        said=_said(tables, posts),
        sentences=tables["sentences"].join(posts, on="post_id", how="semi"),
        threads=tables["threads"].filter(_is_within(period, "opened_at")),
        members=tables["members"],
        aspects=aspects,
        needs=needs,
        period=period,
    )


def _said(tables: Mapping[str, pl.DataFrame], posts: pl.DataFrame) -> pl.DataFrame:
    """Return posts with the key points that they say, each pair once."""
    points = tables["key_points"].select("key_point_id", pl.col("says").cast(pl.String), "text")
    pairs = tables["matches"].select("key_point_id", "post_id").unique(maintain_order=True)
    return pairs.join(points, on="key_point_id").join(posts, on="post_id", maintain_order="left")


def _members_posts(tables: Mapping[str, pl.DataFrame], period: Period) -> pl.DataFrame:
    """Return members' posts of the period with their topics and tags; of copies, the first."""
    labels = tables["topics"].filter(pl.col("status") == "active").select("topic_id", "label")
    topic_of_post = (
        tables["assignments"]
        .filter(pl.col("rank") == 1)
        .join(labels, on="topic_id", how="inner")
        .select("post_id", "topic_id", "label")
    )
    tags = tables["tags"].select(
        "post_id", "kinds", "experience", "sentiment", "sentiment_score", "severity",
        **{chance_column(label): chance_of(label) for label in SHARES},
    )  # fmt: skip
    roles = tables["members"].select("author_id", role=pl.col("role").cast(pl.String))
    role = pl.coalesce("role", pl.col("author_role").cast(pl.String))
    first_post = pl.col("post_id").sort_by("created_at", "post_id", nulls_last=True).first()

    posts = (
        tables["posts"]
        .join(roles, on="author_id", how="left")
        .join(tags, on="post_id", how="left")
        .join(topic_of_post, on="post_id", how="left")
        # Before the period is cut out: who wrote earlier is no newcomer in it.
        .with_columns(
            voice="author_id",
            kinds=pl.col("kinds").fill_null([]),
            is_first=pl.col("created_at").is_not_null()
            & (pl.col("post_id") == first_post.over("author_id")),
        )
        .filter(_is_within(period), role.is_in(["member", "unknown"]))
        .select(
            "post_id", "thread_id", "voice", "created_at", "topic_id", "label",
            "kinds", "experience", "sentiment", "sentiment_score", "severity", "is_first", *CHANCES,
        )
    )  # fmt: skip

    return count_once(posts, tables["repeats"])


def _is_within(period: Period, column: str = "created_at") -> pl.Expr:
    if period.since is None:
        return pl.lit(value=True)
    moment = pl.col(column)
    return ((moment >= period.since) & (moment < period.until)).fill_null(value=False)
