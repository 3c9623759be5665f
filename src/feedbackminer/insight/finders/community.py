"""Who is talking: claims about the community itself, conversation rather than reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.claim import Claim
from feedbackminer.insight.facts import Facts
from feedbackminer.insight.measures import NAN, Estimate
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.vocabulary.claims import quantity

TOP = 10
WELCOME = timedelta(days=1)  # within which a newcomer is answered


@dataclass(frozen=True, kw_only=True)
class CommunityMeasure:
    """A number about everybody, and the posts that it was counted from."""

    key: str
    metric: str
    headline: str
    posts: pl.DataFrame
    value: Estimate


def community_claims(facts: Facts, settings: InsightSettings) -> Iterator[Claim]:
    """Yield the measures of the whole community over the period."""
    for measure in (
        _activity(facts),
        *_concentration(facts, settings),
        *_answers(facts, settings),
        *_helpers(facts),
        *_welcome(facts, settings),
    ):
        yield Claim(
            kind="community",
            key=measure.key,
            metric=measure.metric,
            headline=measure.headline,
            posts=measure.posts,
            value=measure.value,
            since=facts.period.since,
            until=facts.period.until,
        )


def _activity(facts: Facts) -> CommunityMeasure:
    voiced = facts.posts.drop_nulls("voice")
    members, posts = quantity(facts.n_active, "member"), quantity(len(voiced), "post")
    return CommunityMeasure(
        key="active",
        metric="members",
        headline=f"{members} wrote {posts}",
        posts=voiced,
        value=Estimate(facts.n_active, NAN, NAN),
    )


def _concentration(facts: Facts, settings: InsightSettings) -> Iterator[CommunityMeasure]:
    if facts.n_active <= TOP:
        return  # they are everybody
    voiced = facts.posts.drop_nulls("voice")
    counts = voiced.group_by("voice").len().sort("len", "voice", descending=True)
    top = counts.head(TOP)
    share = measures.share(int(top["len"].sum()), len(voiced), confidence=settings.confidence)
    yield CommunityMeasure(
        key="concentration",
        metric=f"share_of_top_{TOP}",
        headline=f"The {TOP} most active members wrote {100 * share.value:.0f} % of the posts",
        posts=voiced.join(top.select("voice"), on="voice", how="semi"),
        value=share,
    )


def _answers(facts: Facts, settings: InsightSettings) -> Iterator[CommunityMeasure]:
    """Yield by whom questions were answered, and how soon."""
    questions = facts.threads.filter("is_question")
    if not len(questions):
        return
    openers = questions.select("answered_by", "first_reply_hours", post_id="opener_post_id").join(
        facts.posts, on="post_id", how="inner"
    )
    answered = openers.drop_nulls("answered_by")

    by_members = answered.filter(pl.col("answered_by").cast(pl.String) == "member")
    share = measures.share(len(by_members), len(answered), confidence=settings.confidence)
    if len(answered) and facts.members["role"].eq("staff").any():
        yield CommunityMeasure(
            key="peer_answer",
            metric="share_of_answered_questions",
            headline=(
                f"{100 * share.value:.0f} % of answered questions were first answered by other "
                "members"
            ),
            posts=by_members,
            value=share,
        )

    hours = answered["first_reply_hours"].drop_nulls()
    if len(hours):
        median, low, high = (float(hours.quantile(q) or 0) for q in (0.5, 0.25, 0.75))
        yield CommunityMeasure(
            key="first_reply",
            metric="median_hours",
            headline=(
                f"Half of the answered questions had a first reply within {_duration(median)}"
            ),
            posts=answered,
            value=Estimate(median, low, high),
        )


def _helpers(facts: Facts) -> Iterator[CommunityMeasure]:
    """Yield how few members write half of the replies in threads that others opened."""
    openers = facts.threads.select("thread_id", "opener_id")
    replies = (
        facts.posts.drop_nulls("voice")
        .join(openers, on="thread_id")
        .filter(pl.col("voice").ne_missing(pl.col("opener_id")))
    )
    counts = replies.group_by("voice").len().sort("len", "voice", descending=[True, False])
    if len(counts) <= TOP:
        return  # half of a few says nothing
    n = int((counts["len"].cum_sum() * 2 < len(replies)).sum()) + 1
    carrying = counts.head(n)
    yield CommunityMeasure(
        key="helpers",
        metric="helpers_of_half",
        headline=(
            f"{quantity(n, 'member')} of the {len(counts):,} who replied to others wrote half of "
            "these replies"
        ),
        posts=replies.join(carrying.select("voice"), on="voice", how="semi"),
        value=Estimate(n, NAN, NAN),
    )


def _welcome(facts: Facts, settings: InsightSettings) -> Iterator[CommunityMeasure]:
    """Yield how many who opened a thread with their first post had a reply within a day."""
    until = facts.period.until
    if until is None or not (facts.threads["n_posts"] > 1).any():
        return
    newcomers = facts.posts.filter("is_first").join(
        facts.threads.filter(pl.col("opened_at") <= until - WELCOME),
        left_on="post_id",
        right_on="opener_post_id",
    )
    in_time = pl.col("first_reply_hours") <= WELCOME.total_seconds() / 3600
    welcomed = newcomers.filter(in_time.fill_null(value=False))
    if len(newcomers) < settings.min_voices:
        return
    yield CommunityMeasure(
        key="welcome",
        metric="share_of_newcomers",
        headline=(
            f"{len(welcomed):,} of {quantity(len(newcomers), 'newcomer')} who opened a thread had "
            "a reply within a day"
        ),
        posts=newcomers,
        value=measures.share(len(welcomed), len(newcomers), confidence=settings.confidence),
    )


def _duration(hours: float) -> str:
    if hours < 1:
        return f"{max(1, round(hours * 60))} minutes"
    return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.0f} days"
