"""Shares of members as a digest shows them: estimates, by topic and label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Share:
    """Which part of the members does something; None where nobody knows."""

    label: str  # one of ``SHARES``
    value: float | None = None
    low: float | None = None
    high: float | None = None


Shares = Mapping[str, Share]  # by label; one that was not estimated is not there


def by_topic(shares: pl.DataFrame) -> Mapping[str, Shares]:
    """Return the rows of the table ``shares`` by topic; those of all posts under ``EVERYTHING``."""
    rows = shares.select("topic_id", pl.col("label").cast(pl.String), "value", "low", "high")
    topics: dict[str, dict[str, Share]] = {}
    for topic_id, *row in rows.iter_rows():
        share = Share(*row)
        topics.setdefault(topic_id, {})[share.label] = share
    return topics
