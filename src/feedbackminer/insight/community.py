"""A number about the community as a whole, and how it becomes a claim."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from feedbackminer.insight.claim import Claim
from feedbackminer.insight.measures import Estimate


@dataclass(frozen=True, kw_only=True)
class CommunityMeasure:
    """A number about everybody, and the posts that it was counted from.

    Attributes:
        weight: as that of a claim; None: that of its kind.
    """

    key: str
    metric: str
    headline: str
    posts: pl.DataFrame
    value: Estimate
    action: str = ""
    weight: float | None = None

    def as_claim(self, since: datetime | None, until: datetime | None) -> Claim:
        """Return it as a claim about a time."""
        return Claim(
            kind="community",
            key=self.key,
            metric=self.metric,
            headline=self.headline,
            posts=self.posts,
            value=self.value,
            action=self.action,
            weight=self.weight,
            since=since,
            until=until,
        )
