"""How many members do something: estimated from the chances of all that they wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from feedbackminer.insight.facts import Facts
from feedbackminer.insight.labels import chance_column
from feedbackminer.insight.measures import Estimate, expected_share
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.tables import EVERYTHING, Shares, column_types, finite_or_none
from feedbackminer.vocabulary.given import is_given
from feedbackminer.vocabulary.tags import SHARES


@dataclass(frozen=True)
class ExpectedVoices:
    """How many of some members do something in some of their posts.

    Attributes:
        expected: the sum of their chances.
        n_sure: members with a post that was given the label.
        n_known: members of whom a chance is known.
    """

    expected: float
    n_sure: int
    n_known: int

    @property
    def number(self) -> float:
        """Return the number to tell: no less than those who most likely do."""
        return max(self.expected, self.n_sure)

    @property
    def is_estimate(self) -> bool:
        """Tell whether more members are expected than surely do."""
        return self.expected > self.n_sure

    def share(self, whole: int, *, confidence: float) -> Estimate:
        """Return which part of ``whole`` members they are."""
        return expected_share(self.number, whole, confidence=confidence)


def expected_voices(posts: pl.DataFrame) -> dict[str, ExpectedVoices]:
    """Return for each of ``SHARES`` how many members do it in some of ``posts``.

    That a member does is 1 - product of (1 - chance) over their posts; posts without a known
    chance tell nothing, and members without any other are not known.
    """
    by_member = posts.drop_nulls("voice").group_by("voice", maintain_order=True)
    members = by_member.agg(
        *(_chance_in_any_post(label).alias(chance_column(label)) for label in SHARES),
        *(is_given(label).any().alias(label) for label in SHARES),
    )
    return {
        label: ExpectedVoices(
            expected=float(members[chance_column(label)].sum()),
            n_sure=int(members[label].sum()),
            n_known=members[chance_column(label)].count(),
        )
        for label in SHARES
    }


def estimate_shares(facts: Facts, settings: InsightSettings) -> pl.DataFrame:
    """Return the table ``shares``: of each topic, and of everything that members wrote."""
    rows = [
        row
        for topic_id, posts in _groups(facts)
        for row in _rows(topic_id, expected_voices(posts), settings)
    ]
    return pl.DataFrame(rows, schema=column_types(Shares))


def _chance_in_any_post(label: str) -> pl.Expr:
    chance = pl.col(chance_column(label))
    return pl.when(chance.count() > 0).then(1 - (1 - chance).product())


def _groups(facts: Facts) -> Iterator[tuple[str, pl.DataFrame]]:
    yield EVERYTHING, facts.posts
    yield from ((topic.key, topic.posts) for topic in facts.topics)


def _rows(
    topic_id: str, voices: Mapping[str, ExpectedVoices], settings: InsightSettings
) -> Iterator[dict[str, Any]]:
    for label, members in voices.items():
        share = members.share(members.n_known, confidence=settings.confidence)
        yield {
            "topic_id": topic_id,
            "label": label,
            "value": finite_or_none(share.value),
            "low": finite_or_none(share.low),
            "high": finite_or_none(share.high),
            "n_voices": members.n_known,
        }
