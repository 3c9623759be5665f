"""What members say on a topic, and topics that one member fills."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.claim import Claim, by_topic
from feedbackminer.insight.facts import Facts, count_voices
from feedbackminer.insight.labels import has_kind
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.vocabulary.claims import TOPIC_SIZE, quantity
from feedbackminer.vocabulary.tags import PROBLEMS

LOUD_SHARE, LOUD_POSTS = 0.3, 10
SEVERE = 3  # an important function does not work, or worse


@dataclass(frozen=True)
class ShareClaim:
    """A claim on each topic whose number is a share: of those who could say it, who do."""

    kind: str
    counts: pl.Expr  # which posts say it
    says: Callable[[pl.DataFrame], str]  # of these posts: the headline, after the topic's label
    of_topic: bool = True  # the share is of the topic's voices; else of all active members


SHARE_CLAIMS = (
    ShareClaim(
        TOPIC_SIZE,
        pl.lit(value=True),
        lambda posts: f"{_members(posts)} in {quantity(len(posts), 'post')}",
        of_topic=False,
    ),
    ShareClaim(
        "problem",
        has_kind(*PROBLEMS),
        lambda posts: f"{_members(posts)} report problems, mostly {_main_problem(posts)}",
    ),
    ShareClaim(
        "severe",
        has_kind(*PROBLEMS) & (pl.col("severity") >= SEVERE),
        lambda posts: f"{_members(posts)} report that something important does not work at all",
    ),
    ShareClaim(
        "love",
        has_kind("praise") & (pl.col("sentiment") != "negative"),
        lambda posts: f"{_members(posts)} voice praise",
    ),
    ShareClaim(
        "request",
        has_kind("feature_request"),
        lambda posts: f"{_members(posts)} ask for something",
    ),
    ShareClaim(
        "churn",
        has_kind("churn"),
        lambda posts: f"{_members(posts)} talk about leaving",
        of_topic=False,
    ),
)
_PROBLEM_NAMES = {
    "bug": "bugs",
    "complaint": "complaints",
    "usability": "usability",
    "performance": "speed",
    "documentation": "documentation",
}


def share_claims(facts: Facts, settings: InsightSettings) -> Iterator[Claim]:
    """What members talk about, report, praise, wish and leave over: who says it, topic by topic."""
    for topic_id, label, posts in by_topic(facts.posts):
        n_topic = count_voices(posts)
        for claim in SHARE_CLAIMS:
            counted = posts.filter(claim.counts)
            whole = n_topic if claim.of_topic else facts.n_active
            yield Claim(
                kind=claim.kind,
                key=topic_id,
                metric="share_of_topic_voices" if claim.of_topic else "share_of_members",
                headline=f"{label}: {claim.says(counted)}",
                posts=counted,
                value=measures.share(count_voices(counted), whole, confidence=settings.confidence),
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


def _members(posts: pl.DataFrame) -> str:
    return quantity(count_voices(posts), "member")


def _main_problem(posts: pl.DataFrame) -> str:
    """Name the kind of problem that most of the voices report."""
    voices = {kind: count_voices(posts.filter(has_kind(kind))) for kind in PROBLEMS}
    return _PROBLEM_NAMES[max(PROBLEMS, key=lambda kind: voices[kind])]
