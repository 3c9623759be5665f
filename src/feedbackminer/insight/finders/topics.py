"""How many members speak on a topic, who of them thinks of leaving, and who fills it alone."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.claim import Claim, by_topic
from feedbackminer.insight.facts import Facts, count_voices
from feedbackminer.insight.measures import Estimate
from feedbackminer.insight.shares import ExpectedVoices, expected_voices
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.vocabulary.claims import TOPIC_SIZE, quantity
from feedbackminer.vocabulary.given import is_given

LOUD_SHARE, LOUD_POSTS = 0.3, 10


def size_claims(facts: Facts, settings: InsightSettings) -> Iterator[Claim]:
    """What members talk about: how many of them speak on each topic."""
    for topic_id, label, posts in by_topic(facts.posts):
        n_voices = count_voices(posts)
        yield Claim(
            kind=TOPIC_SIZE,
            key=topic_id,
            metric="share_of_members",
            headline=f"{label}: {quantity(n_voices, 'member')} in {quantity(len(posts), 'post')}",
            posts=posts,
            value=measures.share(n_voices, facts.n_active, confidence=settings.confidence),
            topic_id=topic_id,
            since=facts.period.since,
            until=facts.period.until,
        )


def leaving_claims(facts: Facts, settings: InsightSettings) -> Iterator[Claim]:
    """How many members are likely to think of leaving, topic by topic.

    The posts behind a claim are those that were given the label: they most likely say it.
    """
    for topic_id, label, posts in by_topic(facts.posts):
        voices = expected_voices(posts)["churn"]
        value = voices.share(facts.n_active, confidence=settings.confidence)
        number = _how_many(voices, facts.n_active, value, "talk about leaving")
        yield Claim(
            kind="churn",
            key=topic_id,
            metric="share_expected_of_members",
            headline=f"{label}: {number}",
            posts=posts.filter(is_given("churn")),
            value=value,
            topic_id=topic_id,
            since=facts.period.since,
            until=facts.period.until,
        )


def loud_claims(facts: Facts, settings: InsightSettings) -> Iterator[Claim]:
    """Where one member is most of a topic: loud, not broad."""
    for topic_id, label, posts in by_topic(facts.posts):
        voiced = posts.drop_nulls("voice")
        if not len(voiced):
            continue
        voice, n = voiced.group_by("voice").len().sort("len", "voice").row(-1)
        if n < LOUD_POSTS or n / len(voiced) < LOUD_SHARE:
            continue

        yield Claim(
            kind="loud",
            key=topic_id,
            metric="share_of_topic_posts",
            headline=f"{label}: one member wrote {n:,} of {len(voiced):,} posts",
            posts=voiced.filter(pl.col("voice") == voice),
            value=measures.share(n, len(voiced), confidence=settings.confidence),
            topic_id=topic_id,
            since=facts.period.since,
            until=facts.period.until,
        )


def _how_many(voices: ExpectedVoices, whole: int, value: Estimate, does: str) -> str:
    """Write how many members of how many do something, and between which numbers.

    Where no more than those who most likely do are expected, it is a count, without about
    and between.
    """
    members = quantity(whole, "member")
    if not voices.is_estimate:
        return f"{voices.n_sure:,} of {members} {does}"
    low, high = max(voices.n_sure, round(whole * value.low)), round(whole * value.high)
    return f"about {round(voices.number):,} of {members} {does} ({low:,} to {high:,})"
