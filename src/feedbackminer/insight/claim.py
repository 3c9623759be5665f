"""A claim: one statement with its number, its window, and the posts and members behind it.

A claim counts people first. Its voices are distinct members; staff and bots are no voices.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.facts import Facts, count_voices
from feedbackminer.insight.measures import NAN, Estimate
from feedbackminer.vocabulary.claims import CLAIM_KINDS, ClaimKind


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a finder says; the ``claims`` table holds it, with what the row of its kind adds."""

    kind: str
    key: str  # what makes it this claim and no other, with its kind
    metric: str
    headline: str
    posts: pl.DataFrame  # what was counted: post_id and voice
    value: Estimate
    topic_id: str | None = None
    key_point_id: str | None = None  # whose sentence is its headline
    subject: str = ""  # what it is about that is no topic
    since: datetime | None = None
    until: datetime | None = None
    baseline: float = NAN
    p: float = NAN
    weight: float | None = None  # None: that of its kind
    excess: float = 1.0  # the part of its voices that is not as usual, 0 to 1
    action: str = ""  # a next step; empty: that of its kind
    is_large: bool = True  # False: compared like the others, but too small to tell anybody

    @property
    def kind_row(self) -> ClaimKind:
        """Return what holds for all claims of its kind."""
        return CLAIM_KINDS[self.kind]

    @property
    def n_voices(self) -> int:
        """Count the distinct members behind the claim."""
        return count_voices(self.posts)

    @property
    def effective_voices(self) -> float:
        """Return how many equally loud members would be as concentrated."""
        counts = self.posts.drop_nulls("voice").group_by("voice").len()
        return measures.effective_voices(counts["len"].to_list())

    @property
    def rank_score(self) -> float:
        """Return how much it is worth somebody's time: its weight by its breadth."""
        weight = self.kind_row.weight if self.weight is None else self.weight
        voices = self.effective_voices * self.excess
        return weight * math.log2(1 + voices) if math.isfinite(voices) else 0.0


@dataclass(frozen=True)
class Subject:
    """What can rise, fall or break out: a topic, or a key point."""

    key: str  # its id
    label: str
    posts: pl.DataFrame
    topic_id: str | None  # of a key point: the topic that most of its posts are about
    says: str = ""  # of a key point, one of SAYS; empty: it is a topic

    @property
    def key_point_id(self) -> str | None:
        """Return its id, where it is a key point."""
        return self.key if self.says else None


def subjects(facts: Facts) -> Iterator[Subject]:
    """Yield topics, then key points."""
    for topic_id, label, posts in by_topic(facts.posts):
        yield Subject(topic_id, label, posts, topic_id)
    yield from by_key_point(facts.said)


def by_key_point(said: pl.DataFrame) -> Iterator[Subject]:
    """Yield key points with the posts that say them, in order of id."""
    ordered = said.sort("key_point_id", "post_id")
    for (key_point_id,), posts in ordered.group_by("key_point_id", maintain_order=True):
        topics = posts["topic_id"].drop_nulls().value_counts()
        ranked = topics.sort("count", "topic_id", descending=[True, False])["topic_id"].to_list()
        yield Subject(
            key=str(key_point_id),
            label=f"“{posts['text'][0]}”",
            posts=posts,
            topic_id=next(iter(ranked), None),
            says=posts["says"][0],
        )


def by_topic(posts: pl.DataFrame) -> Iterator[tuple[str, str, pl.DataFrame]]:
    """Yield (topic_id, label, its posts), in order of topic id."""
    sorted_posts = posts.drop_nulls("topic_id").sort("topic_id", maintain_order=True)
    for (topic_id,), group in sorted_posts.group_by("topic_id", maintain_order=True):
        yield str(topic_id), str(group["label"][0]), group
