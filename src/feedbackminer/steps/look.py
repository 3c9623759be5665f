"""Pages of what was mined, for who reads by machine: members' words stand under one name."""

from __future__ import annotations

from typing import Any

import polars as pl

from feedbackminer.digest.explain import Explanation
from feedbackminer.digest.proof import standing
from feedbackminer.errors import InputError, suggest
from feedbackminer.project.project import Project
from feedbackminer.vocabulary.claims import CLAIM_KINDS, METRICS
from feedbackminer.vocabulary.tags import SIDES

POST_CHARS = 400  # of a post that is shown
NUMBERS = ("value", "low", "high", "baseline", "q")


def claims(
    project: Project, kind: str, topic_id: str, start: int, limit: int, most_ids: int
) -> dict[str, Any]:
    """Return a page of the claims that a digest may show, the weightiest first.

    Args:
        kind, topic_id: only those; empty: any.
        start, limit: how many to skip, and to return.
        most_ids: of the posts behind a claim, no more are named.

    Raises:
        InputError: there is no such kind, or no such topic.
    """
    topic_ids = project.store.read("topics")["topic_id"].to_list()
    for what, name, names, all_of_them in (
        ("kind of claim", kind, CLAIM_KINDS, f"kinds: {', '.join(CLAIM_KINDS)}"),
        ("topic", topic_id, topic_ids, "the tool topics lists all"),
    ):
        if name and name not in names:
            hint = suggest(name, names, all_of_them)
            raise InputError(f"there is no {what} {name!r}; {hint}")
    posts = project.store.read("posts", ["post_id", "title", "body"])
    rows = project.store.read("claims").filter(pl.col("status") == "shown")
    rows = rows.filter(standing(rows, posts))
    if kind:
        rows = rows.filter(pl.col("kind") == kind)
    if topic_id:
        rows = rows.filter(pl.col("topic_id") == topic_id)
    ranked = rows.sort("rank_score", "claim_id", descending=[True, False])
    return _page("claims", ranked, start, limit, lambda row: _claim(row, most_ids))


def topics(project: Project, start: int, limit: int) -> dict[str, Any]:
    """Return a page of the topics, the largest first, with how it goes for who speaks on them."""
    rows = project.store.read("topics").filter(
        pl.col("status") == "active", pl.col("level") == "topic"
    )
    shares = project.store.read("shares").with_columns(pl.col("label").cast(pl.String))
    of_topic = shares.rows_by_key(["topic_id", "label"], named=True, unique=True)
    ranked = rows.sort("size", "topic_id", descending=[True, False])
    return _page("topics", ranked, start, limit, lambda row: _topic(row, of_topic))


def explanation(claim: Explanation, limit: int) -> dict[str, Any]:
    """Return why a claim says what it says, with so many of the posts behind it."""
    shown = claim.posts[:limit]
    return {
        "claim": _claim(claim.claim.__dict__, limit),
        "how_it_is_counted": claim.formula,
        "segments": [
            {"name": part.name, "spoke": part.n_spoke, "wrote": part.n_wrote}
            for part in claim.segments
        ],
        "posts_of_the_loudest_member": claim.loudest,
        "posts_in_the_longest_thread": claim.longest,
        "sources": dict(claim.sources),
        "left_out": dict(claim.left_out),
        "n_undated": claim.n_undated,
        "posts": [
            {
                "post_id": post["post_id"],
                "written_at": post["created_at"],
                "segment": post["segment"],
                "members_words": {
                    "thread": post["thread"],
                    "text": _cut(post["body"]),
                },
            }
            for post in shown
        ],
        "n_more": len(claim.posts) - len(shown),
    }


def _page(name: str, rows: pl.DataFrame, start: int, limit: int, read: Any) -> dict[str, Any]:
    """Return some rows, and how many there are beside them."""
    shown = rows.slice(start, limit)
    return {
        name: [read(row) for row in shown.iter_rows(named=True)],
        "start": start,
        "n_all": len(rows),
        "n_more": max(len(rows) - start - len(shown), 0),
    }


def _claim(row: dict[str, Any], most_ids: int) -> dict[str, Any]:
    names = ("claim_id", "kind", "scope", "topic_id", "key_point_id", "since", "until")
    counts = ("n_voices", "n_posts", "effective_voices", "action", "quoted_from")
    return {
        **{name: row[name] for name in names},
        "metric": METRICS[row["metric"]].phrase,
        **{name: row[name] for name in (*NUMBERS, *counts)},
        "members_words": {
            "headline": row["headline"],
            "quoted": row["quoted"],
            "subject": row["subject"],
        },
        "post_ids": list(row["evidence"][:most_ids]),
        "n_post_ids": len(row["evidence"]),
    }


def _topic(row: dict[str, Any], shares: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    def part(label: str) -> dict[str, Any] | None:
        share = shares.get((row["topic_id"], label))
        return share and {name: share[name] for name in ("value", "low", "high", "n_voices")}

    return {
        "topic_id": row["topic_id"],
        "n_posts": row["size"],
        "stability": row["stability"],
        "share_of_members_by_experience": {side: part(side) for side in SIDES},
        "members_words": {"label": row["label"], "keywords": list(row["keywords"])},
    }


def _cut(text: str) -> str:
    return text if len(text) <= POST_CHARS else f"{text[:POST_CHARS]}…"
