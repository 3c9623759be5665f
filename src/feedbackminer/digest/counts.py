"""What a digest counts beside its claims: posts, people, threads and questions of its period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from feedbackminer.digest.shares import Share, Shares
from feedbackminer.tables import count_once
from feedbackminer.vocabulary.claims import SEVERITIES
from feedbackminer.vocabulary.given import is_given
from feedbackminer.vocabulary.moments import step_of
from feedbackminer.vocabulary.tags import KINDS, SIDES

UNANSWERED_SHOWN = 60
MEMBERS = ("member", "unknown")
Span = tuple[datetime | None, datetime | None]  # from, until before; None: nothing is dated


def totals(tables: Mapping[str, pl.DataFrame], span: Span) -> dict[str, int]:
    """Count what was written in the period, by whom, where, and what was asked."""
    posts, written = within(tables["posts"], span), counted(tables, span)
    asked = _questions(tables, span)
    dropped = tables["dropped"].filter(pl.col("stage") == "topics")
    topics = tables["topics"].filter(pl.col("status") == "active", pl.col("level") == "topic")
    return {
        "posts": len(posts),
        "written": written["author_id"].count(),
        "by_others": len(posts) - len(by_members(posts, span)),
        "repeats": len(by_members(posts, span)) - len(written),
        "by_nobody_known": written["author_id"].null_count(),
        "members": _n_authors(written, MEMBERS),
        "staff": _n_authors(posts, ("staff",)),
        "bots": _n_authors(posts, ("bot",)),
        "threads": written["thread_id"].n_unique(),
        "questions": len(asked),
        "unanswered": asked["answered_by"].null_count(),
        "topics": len(topics),
        "unsorted": len(posts.join(dropped, left_on="post_id", right_on="ref", how="semi")),
    }


def trend(posts: pl.DataFrame, span: Span) -> list[tuple[datetime, int]]:
    """Count distinct voices per week, or per month where the period is long."""
    since, until = span
    if since is None or until is None:
        return []
    step = step_of(since, until)
    counts = (
        by_members(posts, span)
        .group_by(bin=pl.col("created_at").dt.truncate(step))
        .agg(n=pl.col("author_id").drop_nulls().n_unique())
    )

    # Bins in which nobody wrote count too.
    first, last = pl.Series([since, until]).dt.truncate(step)
    bins = pl.datetime_range(first, last, step, eager=True).alias("bin")
    bins = bins.filter(bins < until)
    rows = pl.DataFrame([bins]).join(counts, on="bin", how="left").fill_null(0).sort("bin")
    return [(start, n) for start, n in rows.iter_rows()]


def subtopics(tables: Mapping[str, pl.DataFrame], evidence: Sequence[str]) -> list[tuple[str, int]]:
    """Return the subtopics that the posts of a topic are in, with their number, largest first."""
    assigned = tables["assignments"].filter(pl.col("post_id").is_in(list(evidence)))
    labels = tables["topics"].select(subtopic_id="topic_id", label="label")
    sizes = assigned.group_by("subtopic_id").len().join(labels, on="subtopic_id")
    ordered = sizes.sort("len", "subtopic_id", descending=[True, False])
    return list(ordered.select("label", "len").iter_rows())


def n_partly(
    secondary: pl.DataFrame, tables: Mapping[str, pl.DataFrame], span: Span
) -> dict[str, int]:
    """Return for each topic how many of members' posts are partly about it.

    Args:
        secondary: the assignments of posts to topics beside their main one.
    """
    partly = secondary.join(counted(tables, span), on="post_id")
    return dict(partly.group_by("topic_id").len().iter_rows())


def unanswered(tables: Mapping[str, pl.DataFrame], span: Span) -> list[Mapping[str, Any]]:
    """Return question threads of the period without a reply from another person, newest first."""
    silent = _questions(tables, span).filter(pl.col("answered_by").is_null())
    active = tables["topics"].filter(pl.col("status") == "active")
    topics = tables["assignments"].join(active, on="topic_id").select("post_id", "label")
    bodies = tables["posts"].select("post_id", "body", "url")
    threads = (
        silent.join(bodies, left_on="opener_post_id", right_on="post_id", how="left")
        .join(topics, left_on="opener_post_id", right_on="post_id", how="left")
        .sort("opened_at", "thread_id", descending=[True, False], nulls_last=True)
    )
    return list(threads.head(UNANSWERED_SHOWN).iter_rows(named=True))


def severities(tables: Mapping[str, pl.DataFrame], span: Span) -> list[tuple[int, int, int]]:
    """Return, worst first, how many posts report a problem so severe, and of how many voices.

    A voice counts where its worst problem is.
    """
    severity = tables["tags"].select("post_id", "severity").drop_nulls()
    rated = counted(tables, span).join(severity, on="post_id")
    worst = rated.drop_nulls("author_id").group_by("author_id").agg(pl.col("severity").max())
    return [
        (level, len(worst.filter(severity=level)), len(rated.filter(severity=level)))
        for level in SEVERITIES
    ]


def labels(
    tables: Mapping[str, pl.DataFrame],
    span: Span,
    cards: Mapping[str, Mapping[str, Any]],
    shares: Shares,
) -> list[dict[str, Any]]:
    """Say of each label how many members it holds of, how often it was given, and how it is known.

    One that no probability suffices for, and that no rule and no person gave, is a share only.

    Args:
        cards: of the heads, by name.
        shares: of all members.
    """
    tags = tables["tags"].join(counted(tables, span), on="post_id", how="semi")
    weak = experimental(cards)
    rows = []
    for head, names in (("kinds", KINDS), ("experience", SIDES)):
        cards_of_labels = cards.get(head, {}).get("by_label", {})
        for name in names:
            card = cards_of_labels.get(name, {})
            given, threshold = len(tags.filter(is_given(name))), card.get("threshold")
            rows.append(
                {
                    "label": name,
                    "share": shares.get(name, Share(name)),
                    "given": given,
                    "threshold": threshold,
                    "precision": (card.get("on_forums") or [None])[0],
                    "share_only": not given and threshold is not None and threshold > 1,
                    "experimental": name in weak,
                }
            )
    return rows


def experimental(cards: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Return the labels whose heads are known to be weak; "tone" stands for all of that head."""
    weak = {
        label
        for card in cards.values()
        for label, card_of_label in card.get("by_label", {}).items()
        if card_of_label.get("experimental")
    }
    return weak | {"tone"}


def within(frame: pl.DataFrame, span: Span, column: str = "created_at") -> pl.DataFrame:
    """Return the rows of the period; all of them where nothing is dated."""
    since, until = span
    if since is None or until is None:
        return frame
    return frame.filter(pl.col(column) >= since, pl.col(column) < until)


def by_members(posts: pl.DataFrame, span: Span) -> pl.DataFrame:
    """Return the posts of the period that neither staff nor bots wrote."""
    return within(posts, span).filter(pl.col("author_role").is_in(list(MEMBERS)))


def counted(tables: Mapping[str, pl.DataFrame], span: Span) -> pl.DataFrame:
    """Return members' posts of the period; of copies, the first."""
    posts = by_members(tables["posts"], span)
    return count_once(posts, tables["repeats"])


def _n_authors(posts: pl.DataFrame, roles: Sequence[str]) -> int:
    of_roles = posts.filter(pl.col("author_role").is_in(list(roles)))
    return of_roles["author_id"].drop_nulls().n_unique()


def _questions(tables: Mapping[str, pl.DataFrame], span: Span) -> pl.DataFrame:
    """Return the threads in which a member asks; none where the export knows no replies."""
    threads = within(tables["threads"], span, "opened_at")
    asked = threads.filter("is_question").join(
        counted(tables, span), left_on="opener_post_id", right_on="post_id", how="semi"
    )
    return asked if (tables["threads"]["n_posts"] > 1).any() else asked.clear()
