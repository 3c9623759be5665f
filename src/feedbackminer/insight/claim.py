"""Claims: each function looks for one kind of statement and yields those that hold.

A claim counts people first. ``n_voices`` are distinct members; staff and bots are no voices.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.facts import Speech, count_voices
from feedbackminer.insight.measures import NAN, Estimate

ALL = ("product", "support", "marketing", "communications", "leadership")


@dataclass(frozen=True)
class Claim:
    """One statement; the ``claims`` table holds its fields."""

    kind: str
    key: str  # what makes it this claim and no other, with its kind
    metric: str
    headline: str
    posts: pl.DataFrame  # what was counted: post_id and voice
    value: Estimate
    topic_id: str | None = None
    editions: tuple[str, ...] = ALL
    since: datetime | None = None
    until: datetime | None = None
    baseline: float = NAN
    p: float = NAN
    action: str = ""
    weight: float = 1.0
    excess: float = 1.0  # the part of its voices that is not as usual, 0 to 1
    is_large: bool = True  # False: compared like the others, but too small to tell anybody

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
        """Return how much it is worth somebody's time: its kind's weight by its breadth."""
        voices = self.effective_voices * self.excess
        return self.weight * math.log2(1 + voices) if math.isfinite(voices) else 0.0


def by_topic(said: pl.DataFrame) -> Iterator[tuple[str, str, pl.DataFrame]]:
    """Yield (topic_id, label, what was said on it), in order of topic id."""
    sorted_posts = said.drop_nulls("topic_id").sort("topic_id", maintain_order=True)
    for (topic_id,), group in sorted_posts.group_by("topic_id", maintain_order=True):
        yield str(topic_id), str(group["label"][0]), group


def people(n: int) -> str:
    """Write a number of members."""
    return "1 member" if n == 1 else f"{n:,} members"


def posts(n: int) -> str:
    """Write a number of posts."""
    return "1 post" if n == 1 else f"{n:,} posts"


def whole_period(speech: Speech) -> dict[str, Any]:
    return {"since": speech.period.since, "until": speech.period.until}
