"""A digest as rows for BI, such that sums of rows are the numbers of its pages.

No row holds what a member wrote, but for the headlines of claims.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from feedbackminer.digest import counts
from feedbackminer.digest.material import fit_to_show
from feedbackminer.digest.views import Digest
from feedbackminer.vocabulary.rows import ROWS


def render(
    digest: Digest, tables: Mapping[str, pl.DataFrame], seal: Callable[[str], str]
) -> dict[str, pl.DataFrame]:
    """Return ``claims``, ``claim_posts`` and ``posts``.

    Args:
        tables: that the digest was made of.
        seal: makes the name of a thread, which may be the id of a post, one that tells nothing.
    """
    writers = dict(tables["posts"].select("post_id", "author_id").iter_rows())
    return {
        "claims": _claims(digest),
        "claim_posts": pl.DataFrame(
            [
                {"claim_id": claim.claim_id, "post_id": post_id, "voice": writers[post_id]}
                for claim in digest.claims
                for post_id in claim.evidence
            ],
            schema=ROWS["claim_posts"],
        ),
        "posts": _posts(digest, tables, seal),
    }


def _claims(digest: Digest) -> pl.DataFrame:
    labels = {topic.topic_id: topic.label for topic in digest.topics}
    rows = [
        {name: getattr(claim, name, None) for name in ROWS["claims"]}
        | {"editions": ", ".join(claim.editions), "topic": labels.get(claim.topic_id or "")}
        for claim in digest.claims
    ]
    return pl.DataFrame(rows, schema=ROWS["claims"])


def _posts(
    digest: Digest, tables: Mapping[str, pl.DataFrame], seal: Callable[[str], str]
) -> pl.DataFrame:
    """Return the posts that count in the period, each with what is known of it."""
    posts = fit_to_show(tables["posts"], tables["members"])
    span = digest.since, digest.until
    counted = counts.counted({"posts": posts, "repeats": tables["repeats"]}, span)

    names = tables["topics"].select("topic_id", topic="label")
    topics = tables["assignments"].sort("post_id", "rank").join(names, on="topic_id", how="left")
    of_posts = topics.group_by("post_id", maintain_order=True).agg(
        topic_ids=pl.col("topic_id").str.join(" "),
        topic_id=pl.col("topic_id").filter(pl.col("rank") == 1).first(),
        topic=pl.col("topic").filter(pl.col("rank") == 1).first(),
    )
    segments = tables["members"].select("author_id", pl.col("segment").cast(pl.String))
    threads = {thread: seal(thread) for thread in counted["thread_id"].unique()}
    return (
        counted.join(of_posts, on="post_id", how="left")
        .join(tables["tags"], on="post_id", how="left")
        .join(segments, on="author_id", how="left")
        .sort("post_id")
        .with_columns(
            pl.col("thread_id").replace(threads).alias("thread"),
            pl.col("author_id").alias("voice"),
            pl.col("created_at").alias("written_at"),
            pl.col("created_at").dt.truncate("1w").dt.date().alias("week"),
            pl.col("kinds").list.join(" "),
            pl.col("sentiment", "experience").cast(pl.String),
        )
        .select(*ROWS["posts"])
    )
