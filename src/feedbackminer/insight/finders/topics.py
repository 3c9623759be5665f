"""What members say on a topic, how many of them, and topics that one member fills."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.claim import Claim
from feedbackminer.insight.examples import example_of
from feedbackminer.insight.facts import Facts, count_voices
from feedbackminer.insight.finders.key_points import SEVERE, told
from feedbackminer.insight.measures import Estimate
from feedbackminer.insight.shares import ExpectedVoices, expected_voices
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.vocabulary.claims import TOPIC_SIZE, quantity
from feedbackminer.vocabulary.given import has_kind, is_given
from feedbackminer.vocabulary.tags import ANY_PROBLEM, PROBLEMS

LOUD_SHARE, LOUD_POSTS = 0.3, 10
HELPS = 5  # people whom somebody answered
READ = "Read the posts behind it; reproduce what comes most often."
THANK = "This member answers others here: thank them, and weigh the topic by its other voices."


@dataclass(frozen=True)
class CountClaim:
    """A claim on each topic whose number is counted: of those who could, who most likely do.

    A share of the topic's voices is of those who name its matter.
    """

    kind: str
    counts: pl.Expr  # which posts say it
    says: Callable[[pl.DataFrame], str]  # of these posts: the headline, after the topic's label
    example: str = ""  # what sentence is told as one: one of SAYS
    unless: str = ""  # the kind of a claim on a key point of the topic, which says more
    of_topic: bool = True  # the share is of the topic's voices; else of all active members


@dataclass(frozen=True)
class ShareClaim:
    """A claim on each topic whose number is estimated: how many of those who could are likely to.

    The posts behind it are those that were given the label: they most likely say it. A share of the
    topic's voices is of those who name its matter.
    """

    kind: str
    share: str  # one of ``SHARES``
    does: str  # what members do, after their number
    says: str = ""  # what sentence is told as an example: one of SAYS
    of_topic: bool = True


COUNT_CLAIMS = (
    CountClaim(
        TOPIC_SIZE,
        pl.lit(value=True),
        lambda posts: f"{_members(posts)} in {quantity(len(posts), 'post')}",
        of_topic=False,
    ),
    CountClaim(
        "severe",
        has_kind(*PROBLEMS) & (pl.col("severity") >= SEVERE),
        lambda posts: (
            f"at least {_members(posts)} report that something important does not work at all"
        ),
        example="problem",
        unless="problem",
    ),
)
SHARE_CLAIMS = (
    ShareClaim("problem", ANY_PROBLEM, "report problems", says="problem"),
    ShareClaim("love", "praise", "voice praise", says="praise"),
    ShareClaim("request", "feature_request", "ask for something", says="request"),
    ShareClaim("churn", "churn", "talk about leaving", of_topic=False),
)
_PROBLEM_NAMES = {
    "bug": "bugs",
    "complaint": "complaints",
    "usability": "usability",
    "performance": "speed",
    "documentation": "documentation",
}


def count_claims(facts: Facts, settings: InsightSettings) -> Iterator[Claim]:
    """What members talk about, and what they report not to work at all, topic by topic."""
    said = told(facts, settings.min_voices)
    for topic in facts.topics:
        topic_id, label = topic.key, topic.label
        for claim in COUNT_CLAIMS:
            if (claim.unless, topic_id) in said:
                continue
            posts = facts.naming(topic) if claim.of_topic else topic.posts
            counted = posts.filter(claim.counts)
            says, sentences = claim.example, facts.sentences
            example = example_of(topic, counted, says, sentences) if says else None
            whole = count_voices(posts) if claim.of_topic else facts.n_active
            yield Claim(
                kind=claim.kind,
                key=topic_id,
                metric="share_of_topic_voices" if claim.of_topic else "share_of_members",
                headline=f"{label}: {claim.says(counted)}{example.such_as if example else ''}",
                quoted=example.text if example else "",
                quoted_from=example.post_id if example else None,
                posts=counted,
                value=measures.share(count_voices(counted), whole, confidence=settings.confidence),
                topic_id=topic_id,
                since=facts.period.since,
                until=facts.period.until,
            )


def share_claims(facts: Facts, settings: InsightSettings) -> Iterator[Claim]:
    """How many members report problems, praise, wish and think of leaving, topic by topic.

    Only where no key point says what it is that they report, praise or wish.
    """
    said = told(facts, settings.min_voices)
    for topic in facts.topics:
        topic_id, label = topic.key, topic.label
        naming = facts.naming(topic)
        of_all, of_naming = expected_voices(topic.posts), expected_voices(naming)
        for claim in SHARE_CLAIMS:
            if (claim.kind, topic_id) in said:
                continue
            posts, voices_of = (naming, of_naming) if claim.of_topic else (topic.posts, of_all)
            voices = voices_of[claim.share]
            whole = voices.n_known if claim.of_topic else facts.n_active
            value = voices.share(whole, confidence=settings.confidence)
            does = f"who name it {claim.does}" if claim.of_topic and topic.keywords else claim.does
            detail = f", mostly {_main_problem(voices_of)}" if claim.share == ANY_PROBLEM else ""
            surely = posts.filter(is_given(claim.share))
            # A sentence that praises is praise, whatever else its post is.
            among = posts if claim.says == "praise" else surely
            example = example_of(topic, among, claim.says, facts.sentences) if claim.says else None
            if example:
                is_example = pl.col("post_id") == example.post_id
                surely = posts.filter(is_given(claim.share) | is_example)
            such_as = example.such_as if example else ""
            yield Claim(
                kind=claim.kind,
                key=topic_id,
                metric=(
                    "share_expected_of_topic_voices"
                    if claim.of_topic
                    else "share_expected_of_members"
                ),
                headline=f"{label}: {_how_many(voices, whole, value, does)}{detail}{such_as}",
                quoted=example.text if example else "",
                quoted_from=example.post_id if example else None,
                posts=surely,
                value=value,
                topic_id=topic_id,
                since=facts.period.since,
                until=facts.period.until,
                action="" if example or claim.kind != "problem" else READ,
            )


def loud_claims(facts: Facts, settings: InsightSettings) -> Iterator[Claim]:
    """Where one member is most of a topic: loud, not broad."""
    for topic in facts.topics:
        topic_id, label, posts = topic.key, topic.label, topic.posts
        voiced = posts.drop_nulls("voice")
        if not len(voiced):
            continue
        voice, n = voiced.group_by("voice").len().sort("len", "voice").row(-1)
        helps = facts.members.filter(author_id=voice)["n_people_helped"].sum() >= HELPS
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
            action=THANK if helps else "",
        )


def _members(posts: pl.DataFrame) -> str:
    return quantity(count_voices(posts), "member")


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


def _main_problem(voices: Mapping[str, ExpectedVoices]) -> str:
    """Name the kind of problem that most of the voices report."""
    return _PROBLEM_NAMES[max(PROBLEMS, key=lambda kind: voices[kind].number)]
