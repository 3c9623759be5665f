"""What a digest says, before any format: built once, rendered as HTML, Markdown and JSON."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import polars as pl

from feedbackminer.accounts import Account
from feedbackminer.digest import counts
from feedbackminer.digest.counts import Span
from feedbackminer.digest.quotes import choose, quotable_posts
from feedbackminer.digest.views import ClaimView, Digest, Provenance, TopicView, is_weak
from feedbackminer.settings.sections import DigestSettings
from feedbackminer.vocabulary.claims import RESTS_ON

FRONT_PAGE, OF_A_KIND = 5, 2
EVIDENCE_SHOWN = 40  # posts printed on a claim's page; digest.json names all
QUOTES_PER_CLAIM = 3


def build_digest(
    tables: Mapping[str, pl.DataFrame], *, settings: DigestSettings, provenance: Provenance
) -> Digest:
    """Choose what is shown and where.

    Args:
        tables: posts, topics, assignments, tags, threads, members, repeats, dropped and claims.
    Returns:
        a digest whose account says which claims are not shown, and why.
    """
    posts = _fit_to_show(tables["posts"], tables["members"])
    further = tables["assignments"].filter(pl.col("rank") > 1)
    tables = {**tables, "posts": posts, "assignments": tables["assignments"].filter(rank=1)}
    claims = tables["claims"].sort("rank_score", "claim_id", descending=[True, False])
    shown_topics = _shown_topics(claims, settings.max_topics)
    visible = claims.filter(pl.col("topic_id").is_null() | pl.col("topic_id").is_in(shown_topics))
    hidden = len(claims) - len(visible)
    sentences = quotable_posts(
        *(tables[name] for name in ("posts", "tags", "assignments", "threads", "repeats"))
    )
    keywords = dict(tables["topics"].select("topic_id", "keywords").iter_rows())
    bodies = _shown_posts(tables["posts"], tables["threads"])
    weak_labels = counts.experimental(provenance.heads)
    views = [
        _claim_view(row, sentences, keywords, bodies, weak_labels)
        for row in visible.iter_rows(named=True)
    ]
    spans = visible.select(pl.col("since").min(), pl.col("until").max()).row(0)
    partly = counts.partly(further, tables, spans)
    topics = [
        _topic_view(topic_id, tables, views, sentences, settings, spans, partly.get(topic_id, 0))
        for topic_id in shown_topics
    ]
    weak = {topic.topic_id for topic in topics if topic.is_weak}
    quoted = {quote.post_id for view in views for quote in view.quotes}
    quoted |= {quote.post_id for topic in topics for quote in topic.quotes}
    return Digest(
        title=settings.product or "Community",
        since=spans[0],
        until=spans[1],
        totals=counts.totals(tables, spans) | {"claims": len(claims)},
        front=front_page([view for view in views if view.row["topic_id"] not in weak]),
        topics=topics,
        claims=views,
        activity=counts.trend(tables["posts"], spans),
        members=tables["members"],
        labels=counts.labels(tables, spans, provenance.heads),
        severities=counts.severities(tables, spans),
        unanswered=counts.unanswered(tables, spans),
        quoted_posts=[bodies[post_id] for post_id in sorted(quoted)],
        provenance=provenance,
        account=Account(
            "digest",
            len(claims),
            len(visible),
            {"beyond_the_topics_shown": hidden} if hidden else {},
        ),
    )


def _fit_to_show(posts: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Return posts with the roles that their writers turned out to have, and only web links."""
    roles = members.select("author_id", role=pl.col("role").cast(pl.String))
    is_link = pl.col("url").str.contains(r"^(?i:https?)://[^\s<>\"']+$")
    return posts.join(roles, on="author_id", how="left", maintain_order="left").with_columns(
        author_role=pl.coalesce("role", pl.col("author_role").cast(pl.String)),
        url=pl.when(is_link).then("url"),
    )


def front_page(views: Sequence[ClaimView]) -> list[ClaimView]:
    """Pick the five things to know, best first: each about another topic, no kind more than twice.

    Where a community gives less than five of them, more of the same kind follow.
    """
    chosen: list[ClaimView] = []
    for limit in (OF_A_KIND, FRONT_PAGE):
        for view in views:
            kinds = [other.row["kind"] for other in chosen]
            topics = {other.row["topic_id"] for other in chosen} - {None}
            is_new = view not in chosen and view.row["topic_id"] not in topics
            if is_new and kinds.count(view.row["kind"]) < limit and len(chosen) < FRONT_PAGE:
                chosen.append(view)
    return sorted(chosen, key=lambda view: -view.row["rank_score"])


def _shown_topics(claims: pl.DataFrame, limit: int) -> list[str]:
    """Rank topics by distinct voices, then by posts."""
    sizes = claims.filter(pl.col("kind") == "topic").sort(
        "n_voices", "n_posts", "topic_id", descending=[True, True, False]
    )
    return sizes["topic_id"].head(limit).to_list()


def _claim_view(
    row: Mapping[str, Any],
    sentences: pl.DataFrame,
    keywords: Mapping[str, list[str]],
    bodies: Mapping[str, Mapping[str, Any]],
    weak_labels: Collection[str],
) -> ClaimView:
    quotes = choose(
        sentences,
        row["evidence"],
        kind=row["kind"],
        keywords=_subject(row) or keywords.get(row["topic_id"], []),
        count=0 if row["kind"] == "community" else QUOTES_PER_CLAIM,
    )
    newest = sorted(row["evidence"], key=lambda i: (str(bodies[i]["created_at"]), i), reverse=True)
    is_weak_claim = RESTS_ON.get(row["kind"]) in weak_labels
    return ClaimView(row, quotes, [bodies[i] for i in newest[:EVIDENCE_SHOWN]], is_weak_claim)


def _subject(row: Mapping[str, Any]) -> list[str]:
    """Return what a claim that is about no topic names in its headline: a part, or a need."""
    if row["kind"] == "component":
        return [row["headline"].rpartition(":")[0]]
    return re.findall(r"[^\W\d_]{4,}", row["headline"].partition("“")[2])


def _topic_view(
    topic_id: str,
    tables: Mapping[str, pl.DataFrame],
    views: Sequence[ClaimView],
    sentences: pl.DataFrame,
    settings: DigestSettings,
    spans: Span,
    n_partly: int,
) -> TopicView:
    own = [view for view in views if view.row["topic_id"] == topic_id]
    size = next(view for view in own if view.row["kind"] == "topic")
    topic = tables["topics"].row(by_predicate=pl.col("topic_id") == topic_id, named=True)
    said = tables["posts"].join(
        pl.DataFrame({"post_id": size.row["evidence"]}, schema={"post_id": pl.String}),
        on="post_id",
        how="semi",
    )
    quotes = choose(
        sentences,
        size.row["evidence"],
        kind="topic",
        keywords=topic["keywords"],
        count=settings.quotes_per_topic,
    )
    return TopicView(
        topic_id=topic_id,
        label=topic["label"],
        keywords=topic["keywords"],
        theme=_label(tables["topics"], topic["parent_id"]),
        parts=counts.subtopics(tables, size.row["evidence"]),
        stability=topic["stability"],
        is_weak=is_weak(topic["stability"], settings.min_stability),
        n_posts=size.row["n_posts"],
        n_partly=n_partly,
        n_voices=size.row["n_voices"],
        effective_voices=size.row["effective_voices"] or 0.0,
        share=size.row["value"] or 0.0,
        sounds=counts.sounds(tables["tags"], size.row["evidence"]),
        trend=counts.trend(said, spans),
        claims=[view for view in own if view.row["kind"] != "topic"],
        quotes=quotes,
    )


def _label(topics: pl.DataFrame, topic_id: str | None) -> str:
    themes = topics.filter(pl.col("level") == "theme").select("topic_id", "label")
    return str(dict(themes.iter_rows()).get(topic_id, ""))


def _shown_posts(posts: pl.DataFrame, threads: pl.DataFrame) -> dict[str, Mapping[str, Any]]:
    titles = threads.select("thread_id", thread="title")
    rows = posts.join(titles, on="thread_id", how="left").select(
        "post_id", "thread_id", "thread", "author_id", "author_role", "created_at", "body", "url"
    )
    return {row["post_id"]: row for row in rows.iter_rows(named=True)}
