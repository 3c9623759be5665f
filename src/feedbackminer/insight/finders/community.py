"""Who is talking: claims about the community itself, conversation rather than reach."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.claim import Claim
from feedbackminer.insight.community import CommunityMeasure
from feedbackminer.insight.facts import Facts
from feedbackminer.insight.finders.dialogue import dialogue_measures
from feedbackminer.insight.measures import NAN, Estimate
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.vocabulary.claims import LEAST_GROUP, quantity

TOP = 10
BY_FEW = 1.5  # weight of what hangs on few members, who are few voices
WELCOME = timedelta(days=1)  # within which a newcomer is answered


def community_claims(facts: Facts, settings: InsightSettings) -> Iterator[Claim]:
    """Yield the measures of the whole community over the period."""
    for measure in (
        _activity(facts),
        *_concentration(facts, settings),
        *_answers(facts, settings),
        *_solved(facts, settings),
        *_helpers(facts),
        *_welcome(facts, settings),
        *dialogue_measures(facts, settings),
    ):
        yield measure.as_claim(facts.period.since, facts.period.until)


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


def _solved(facts: Facts, settings: InsightSettings) -> Iterator[CommunityMeasure]:
    """Yield how many questions members solved, and how many tickets these would have been."""
    questions = facts.threads.filter("is_question").select("solved_by", post_id="opener_post_id")
    asked = facts.posts.join(questions, on="post_id", maintain_order="left")
    solved = asked.filter(pl.col("solved_by").cast(pl.String) == "member")
    if not len(solved):
        return  # nobody says so here, or the platform has no mark for it
    share = measures.share(len(solved), len(asked), confidence=settings.confidence)
    yield CommunityMeasure(
        key="solved",
        metric="share_solved_by_members",
        headline=(
            f"Of {quantity(len(asked), 'question')} at least {len(solved):,} "
            f"{'was' if len(solved) == 1 else 'were'} solved by members, as whoever asked says"
        ),
        posts=solved,
        value=share,
    )
    each = settings.tickets_per_answer
    if each is None:
        return
    low, tickets, high = (len(asked) * each * part for part in (share.low, share.value, share.high))
    yield CommunityMeasure(
        key="tickets",
        metric="tickets_not_written",
        headline=(
            f"What members solved would have been about {quantity(round(tickets), 'ticket')}, if "
            f"{100 * each:g} % of those who asked had written to support instead"
        ),
        posts=solved,
        value=Estimate(tickets, low, high),
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
        weight=BY_FEW,
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
    if len(newcomers) < max(settings.min_voices, LEAST_GROUP):
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
