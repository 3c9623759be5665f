"""What members say on a topic, and topics that one member fills."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.claim import ALL, Claim, by_topic, people, posts, whole_period
from feedbackminer.insight.facts import Speech, count_voices, has_kind
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.vocabulary.tags import PROBLEMS

LOUD_SHARE, LOUD_POSTS = 0.3, 10
SEVERE = 3  # an important function does not work, or worse


@dataclass(frozen=True)
class Saying:
    """A sort of thing that members say on a topic, counted as a share of those who could."""

    kind: str
    says: Callable[[pl.DataFrame], str]  # the headline, after the topic's label
    counted: pl.Expr  # which posts say it
    of_topic: bool = True  # the share is of the topic's voices; else of all active members
    editions: tuple[str, ...] = ALL
    action: str = ""
    weight: float = 1.0


SAYINGS = (
    Saying(
        "topic",
        lambda said: f"{people(count_voices(said))} in {posts(len(said))}",
        pl.lit(value=True),
        of_topic=False,
        weight=0.3,
    ),
    Saying(
        "problem",
        lambda said: f"{people(count_voices(said))} report problems, mostly {_main_problem(said)}",
        has_kind(*PROBLEMS),
        editions=("product", "support", "leadership"),
        action="Reproduce the reports quoted here, then tell their threads what happens next.",
        weight=1.2,
    ),
    Saying(
        "severe",
        lambda said: (
            f"{people(count_voices(said))} report that something important does not work at all"
        ),
        has_kind(*PROBLEMS) & (pl.col("severity") >= SEVERE),
        editions=("support", "product", "leadership"),
        action="Find the workaround for these first, and say in their threads when it is mended.",
        weight=1.1,
    ),
    Saying(
        "love",
        lambda said: f"{people(count_voices(said))} voice praise",
        has_kind("praise") & (pl.col("sentiment") != "negative"),
        editions=("product", "marketing", "communications", "leadership"),
        action="Ask these members what they use it for; keep what they name.",
        weight=0.9,
    ),
    Saying(
        "request",
        lambda said: f"{people(count_voices(said))} ask for something",
        has_kind("feature_request"),
        editions=("product",),
        action="Say which of these wishes are planned, and which never will be.",
        weight=0.7,
    ),
    Saying(
        "churn",
        lambda said: f"{people(count_voices(said))} talk about leaving",
        has_kind("churn"),
        of_topic=False,
        editions=("leadership", "support", "marketing"),
        action="Read what would have kept them; answer while they still read along.",
        weight=1.4,
    ),
)
_PROBLEM_NAMES = {
    "bug": "bugs",
    "complaint": "complaints",
    "usability": "usability",
    "performance": "speed",
    "documentation": "documentation",
}


def sayings(speech: Speech, settings: InsightSettings) -> Iterator[Claim]:
    """What members talk about, report, praise, wish and leave over: who says it, topic by topic."""
    for topic_id, label, said in by_topic(speech.said):
        n_topic = count_voices(said)
        for saying in SAYINGS:
            counted = said.filter(saying.counted)
            whole = n_topic if saying.of_topic else speech.active
            yield Claim(
                kind=saying.kind,
                key=topic_id,
                metric="share_of_topic_voices" if saying.of_topic else "share_of_members",
                headline=f"{label}: {saying.says(counted)}",
                posts=counted,
                value=measures.share(count_voices(counted), whole, confidence=settings.confidence),
                topic_id=topic_id,
                editions=saying.editions,
                action=saying.action,
                weight=saying.weight,
                **whole_period(speech),
            )


def loud_members(speech: Speech, settings: InsightSettings) -> Iterator[Claim]:
    """Where one member is most of a topic: loud, not broad."""
    for topic_id, label, said in by_topic(speech.said):
        voiced = said.drop_nulls("voice")
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
            editions=("product", "communications"),
            action="Answer this member once, well; weigh the topic by its other voices.",
            weight=0.3,
            **whole_period(speech),
        )


def _main_problem(said: pl.DataFrame) -> str:
    """Name the kind of problem that most of the voices report."""
    voices = {kind: count_voices(said.filter(has_kind(kind))) for kind in PROBLEMS}
    return _PROBLEM_NAMES[max(PROBLEMS, key=lambda kind: voices[kind])]
