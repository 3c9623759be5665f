"""What a topic was before, and which topics are near it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from feedbackminer.vectors import from_bytes, unit

NEAREST = 3  # topics
DIGITS = 4  # of a cosine: machines that add in another order rank alike


@dataclass(frozen=True)
class Turn:
    """Something that became of a topic.

    Attributes:
        at: None: nobody knows when.
        event: one of ``lineage``.
        other: the label of the topic that it came from or went to; empty: none, or unknown.
        comes_in: the other topic went into this one, or this one came from it.
    """

    at: datetime | None
    event: str
    other: str
    comes_in: bool
    by_human: bool


def lineage_of(topic_id: str, tables: Mapping[str, pl.DataFrame]) -> list[Turn]:
    """Return what became of a topic, earliest first.

    Args:
        tables: lineage, topics and runs.
    """
    labels = dict(tables["topics"].select("topic_id", "label").iter_rows())
    dates = tables["runs"].group_by("run_id").agg(at=pl.col("finished_at").min())
    is_about = (pl.col("from_id") == topic_id) | (pl.col("to_id") == topic_id)
    rows = tables["lineage"].filter(is_about).join(dates, on="run_id", how="left")
    ordered = rows.sort("at", "run_id", "event", "from_id", "to_id", nulls_last=True)
    return [_turn(topic_id, row, labels) for row in ordered.iter_rows(named=True)]


def _turn(topic_id: str, row: Mapping[str, Any], labels: Mapping[str, str]) -> Turn:
    comes_in = row["to_id"] == topic_id
    other = row["from_id"] if comes_in else row["to_id"]
    label = "" if other == topic_id else labels.get(other, "")
    return Turn(row["at"], row["event"], label, comes_in, row["by"] == "human")


def neighbours(topics: pl.DataFrame) -> dict[str, list[str]]:
    """Return for each topic the others whose centres lie nearest, nearest first.

    A centre is the mean of what its posts mean and of the words that mark them; those of different
    fits cannot be compared.
    """
    near: dict[str, list[str]] = {}
    for fit in topics.sort("topic_id").partition_by("fitted_as"):
        near |= _nearest(fit["topic_id"].to_list(), fit["centroid"].to_list())
    return near


def _nearest(ids: Sequence[str], centroids: Sequence[bytes]) -> dict[str, list[str]]:
    if not all(centroids):
        return {}
    vectors = unit(from_bytes(centroids))
    cosines = (vectors @ vectors.T).round(DIGITS)
    np.fill_diagonal(cosines, -np.inf)
    ranked = np.argsort(-cosines, axis=1, kind="stable")[:, : min(NEAREST, len(ids) - 1)]
    return {topic_id: [ids[i] for i in row] for topic_id, row in zip(ids, ranked, strict=True)}
