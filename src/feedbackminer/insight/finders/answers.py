"""Questions that nobody answered."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.claim import Claim
from feedbackminer.insight.facts import Facts, by_topic
from feedbackminer.settings.sections import InsightSettings


def unanswered_claims(facts: Facts, settings: InsightSettings) -> Iterator[Claim]:
    """Which questions nobody answered: the share of a topic's question threads without a reply."""
    if not (facts.threads["n_posts"] > 1).any():
        return  # the export has no threads, so nobody knows

    questions = facts.threads.filter("is_question").select(
        "thread_id", "answered_by", post_id="opener_post_id"
    )
    openers = questions.join(facts.posts.drop("thread_id"), on="post_id", how="inner")
    for topic_id, label, asked in [("", "All topics", openers), *by_topic(openers)]:
        silent = asked.filter(pl.col("answered_by").is_null())
        yield Claim(
            kind="unanswered",
            key=topic_id or "all",
            metric="share_of_question_threads",
            headline=f"{label}: {len(silent):,} of {len(asked):,} questions got no answer",
            posts=silent,
            value=measures.share(len(silent), len(asked), confidence=settings.confidence),
            topic_id=topic_id or None,
            since=facts.period.since,
            until=facts.period.until,
            is_large=not topic_id or len(silent) >= settings.min_voices,
        )
