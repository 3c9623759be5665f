"""What members say, in the words of one of them, how many say it, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.claim import Claim
from feedbackminer.insight.events import look_first
from feedbackminer.insight.facts import Facts, Subject, count_voices
from feedbackminer.insight.measures import NAN
from feedbackminer.insight.period import Period
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.vocabulary.claims import FOUND_OF_MEMBERS, quantity

CLAIM_OF: Mapping[str, str] = {  # what a key point says -> the kind of claim it becomes
    "problem": "problem",
    "request": "request",
    "question": "question",
    "praise": "love",
}
SEVERE = 3  # an important function does not work, or worse
QUIET = timedelta(days=91)  # without anybody who tells it
LEAST_NOW = 2  # members in the period, who say what more say in the windows before
MOSTLY = 0.5  # of posts or threads
GRAVE_WEIGHT = 1.3  # of a point that is mostly severe: more than of another problem


def key_point_claims(facts: Facts, settings: InsightSettings) -> Iterator[Claim]:
    """What many members say, each point a claim."""
    for point in facts.points:
        now = _in_period(point.posts, facts.period)
        if facts.period.told_from and count_voices(now) < LEAST_NOW:
            continue
        is_severe = point.says == "problem" and _is_severe(point.posts)
        n_voices, n_now = point.n_voices, count_voices(now)
        yield Claim(
            kind="severe" if is_severe else CLAIM_OF[point.says],
            key=point.key,
            key_point_id=point.key,
            metric=FOUND_OF_MEMBERS,
            headline=f"{point.label}: {_how_many(point, n_now, facts)}",
            quoted=point.quoted,
            quoted_from=point.quoted_from,
            posts=point.posts,
            value=measures.share(n_voices, facts.n_active, confidence=settings.confidence),
            topic_id=point.topic_id,
            since=facts.period.since,
            until=facts.period.until,
            baseline=facts.usual.get(point.key, NAN),
            weight=GRAVE_WEIGHT if is_severe else None,
            excess=n_now / n_voices if n_voices else 1.0,
            action=_next_step(point, facts),
            went_well=_went_well(point, facts) if point.says == "problem" else (),
        )


def _in_period(posts: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Return what was said in the period that is told of, not only in the windows before."""
    return posts.filter(pl.col("created_at") >= period.told_from) if period.told_from else posts


def _how_many(point: Subject, n_now: int, facts: Facts) -> str:
    """Write how many members say it, and where a period is told of, how many usually do."""
    period = facts.period
    if not period.told_from:
        return quantity(point.n_voices, "member")
    usual = facts.usual.get(point.key, 0.0)
    about = "nobody" if not usual else "fewer than one" if usual < 1 else f"about {usual:,.0f}"
    return f"{quantity(n_now, 'member')} in this {period.word}, {about} in a usual one"


def told(facts: Facts, least_voices: int) -> set[tuple[str, str | None]]:
    """Return which kinds of claims key points make on which topics."""
    return {
        (CLAIM_OF[point.says], point.topic_id)
        for point in facts.points
        if point.n_voices >= least_voices
    }


def _is_severe(posts: pl.DataFrame) -> bool:
    """Tell whether most posts report that something important does not work at all."""
    grave = (posts["severity"] >= SEVERE).sum()
    return grave > MOSTLY * len(posts)


def _next_step(point: Subject, facts: Facts) -> str:
    """Return what a team could do next, from how the threads went and since when it is said."""
    threads = facts.threads.join(point.posts, on="thread_id", how="semi")
    n, n_solved = len(threads), threads["resolved"].sum()
    n_silent = threads["answered_by"].null_count()
    of_threads = f"of {quantity(n, 'thread')}"
    if point.says == "praise":
        return "Ask these members what they use it for, and whether they may be quoted."
    if point.says == "request":
        return "Say where it was asked for whether it is planned, and why."
    if n and n_solved > MOSTLY * n:
        return (
            f"{n_solved:,} {of_threads} ended solved: put the answer where the next one will look, "
            "into the guide or the message itself."
        )
    is_talk = facts.threads["answered_by"].count() > 0  # among reviews nobody answers anybody
    if n and n_silent > MOSTLY * n and is_talk:
        return f"{n_silent:,} {of_threads} got no answer: write one where the next will look."
    if point.says == "question":
        return "Link the best answer from the guide; where there is none, write it."
    return _since_when(point, facts)


def _went_well(point: Subject, facts: Facts) -> tuple[str, ...]:
    """Return the posts in which members told later, in the same thread, that it works: one each."""
    key = ["thread_id", "voice"]
    told = point.posts.group_by(key).agg(told_at=pl.col("created_at").min())
    later = facts.posts.join(told, on=key).filter(
        pl.col("created_at") > pl.col("told_at"), pl.col("experience") == "good"
    )
    return tuple(later.sort("created_at", "post_id").unique("voice", keep="last")["post_id"].sort())


def _since_when(point: Subject, facts: Facts) -> str:
    """Return what to do about a problem, by when members told it."""
    period, last = facts.period, point.posts["created_at"].max()
    if period.since and period.until and point.first_at and isinstance(last, datetime):
        if period.told_from and point.first_at >= period.told_from:
            event = look_first(point.first_at, facts.events)
            return event or (
                f"First found on {point.first_at:%-d %B %Y}: look for what was changed shortly "
                "before."
            )
        if last < period.until - QUIET:
            return f"Last told in {last:%B %Y}: if it was fixed since, say so in these threads."
    return "Ask those quoted for version and steps; reproduce it."
