"""A claim: one statement with its number, its window, and the posts and members behind it.

A claim counts people first. Its voices are distinct members; staff and bots are no voices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.facts import count_voices
from feedbackminer.insight.measures import NAN, Estimate
from feedbackminer.vocabulary.claims import CLAIM_KINDS, ClaimKind
from feedbackminer.vocabulary.tags import PERIOD


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
    key_point_id: str | None = None  # that it is about
    quoted: str = ""  # what of the headline is a member's words
    quoted_from: str | None = None  # the post that these stand in
    subject: str = ""  # what it is about that is no topic
    does: str = ""  # one of SHARES: what its posts do, where it is about that
    since: datetime | None = None
    until: datetime | None = None
    baseline: float = NAN
    p: float = NAN
    q: float = NAN  # corrected for all that is compared
    weight: float | None = None  # None: that of its kind
    excess: float = 1.0  # the part of its voices that is not as usual, 0 to 1
    action: str = ""  # a next step; empty: that of its kind
    went_well: tuple[str, ...] = ()  # posts in which members behind it told later that it works
    is_large: bool = True  # False: compared like the others, but too small to tell anybody
    is_chance: bool = False  # chance alone makes as much
    verdict: str | None = None  # of an outcome: one of VERDICTS
    scope: str = PERIOD

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


def excess_of(ratio: float) -> float:
    """Return which part of what is ``ratio`` times the usual is more, or less, than usual."""
    return 1 - min(ratio, 1 / ratio) if ratio else 1.0
