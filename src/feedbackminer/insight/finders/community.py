"""Who is talking: claims about the community itself, conversation rather than reach."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.claim import Claim, people, posts
from feedbackminer.insight.facts import Speech
from feedbackminer.insight.measures import NAN, Estimate
from feedbackminer.settings.sections import InsightSettings

TOP = 10


def community(speech: Speech, settings: InsightSettings) -> Iterator[Claim]:
    """Yield the measures of the whole community over the period."""
    for key, metric, headline, counted, value in (
        _activity(speech),
        *_concentration(speech, settings),
        *_answers(speech, settings),
    ):
        yield Claim(
            kind="community",
            key=key,
            metric=metric,
            headline=headline,
            posts=counted,
            value=value,
            editions=("communications", "leadership"),
            since=speech.period.since,
            until=speech.period.until,
            weight=0.3,
        )


Row = tuple[str, str, str, pl.DataFrame, Estimate]


def _activity(speech: Speech) -> Row:
    voiced = speech.said.drop_nulls("voice")
    headline = f"{people(speech.active)} wrote {posts(len(voiced))}"
    return "active", "members", headline, voiced, Estimate(speech.active, NAN, NAN)


def _concentration(speech: Speech, settings: InsightSettings) -> Iterator[Row]:
    if speech.active <= TOP:
        return  # they are everybody
    voiced = speech.said.drop_nulls("voice")
    counts = voiced.group_by("voice").len().sort("len", "voice", descending=True)
    top = counts.head(TOP)
    part = measures.share(int(top["len"].sum()), len(voiced), confidence=settings.confidence)
    theirs = voiced.join(top.select("voice"), on="voice", how="semi")
    headline = f"The {TOP} most active members wrote {part.value:.0%} of the posts"
    yield "concentration", f"share_of_top_{TOP}", headline, theirs, part


def _answers(speech: Speech, settings: InsightSettings) -> Iterator[Row]:
    asked = speech.threads.filter("is_question")
    if not len(asked):
        return
    openers = asked.select("answered_by", "first_reply_hours", post_id="opener_post_id").join(
        speech.said, on="post_id", how="inner"
    )
    answered = openers.drop_nulls("answered_by")
    peer = answered.filter(pl.col("answered_by").cast(pl.String) == "member")
    part = measures.share(len(peer), len(answered), confidence=settings.confidence)
    if len(answered) and speech.members["role"].eq("staff").any():
        headline = f"{part.value:.0%} of answered questions were first answered by other members"
        yield "peer_answer", "share_of_answered_questions", headline, peer, part
    hours = answered["first_reply_hours"].drop_nulls()
    if len(hours):
        middle = [float(hours.quantile(q) or 0) for q in (0.5, 0.25, 0.75)]
        headline = f"Half of the answered questions had a first reply within {_duration(middle[0])}"
        yield "first_reply", "median_hours", headline, answered, Estimate(*middle)


def _duration(hours: float) -> str:
    if hours < 1:
        return f"{max(1, round(hours * 60))} minutes"
    return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.0f} days"
