"""What people say of topics has the last word: it is kept apart and replayed after every run.

The model's own topics stay in the store as they were found (``found_id``); a correction is a view
on them. So it holds for posts to come, survives a refit, and can be undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from feedbackminer.errors import InputError
from feedbackminer.topics.labels import Labels
from feedbackminer.vectors import Matrix, from_bytes

Rows = list[dict[str, Any]]
NOWHERE: Matrix = np.zeros((0, 0), dtype=np.float32)


@dataclass(frozen=True)
class Move:
    """The posts of a topic go to another, or to its parts: to the one whose centroid is nearest."""

    topic_id: str
    to: list[str]
    centroids: Matrix  # of the parts of a split, else none


@dataclass(frozen=True)
class Corrected:
    """Topic rows, and where posts go from the topic they were found for, as people want them."""

    rows: Rows
    moves: list[Move]
    notices: list[str]


def replay(topics: Rows, corrections: pl.DataFrame, *, encoder: str) -> Corrected:
    """Apply corrections in their order; one that no longer fits waits, and is told of."""
    rows = {
        row["topic_id"]: row | {"label": row["found_label"], "named_by": row["found_by"]}
        for row in topics
    }
    moves: list[Move] = []
    notices = []
    for correction in standing(corrections):
        if reason := _why_it_waits(correction, rows, encoder):
            notices.append(f"correction {correction['number']} {reason}")
            continue
        row, action = rows[correction["topic_id"]], correction["action"]
        if action == "rename":
            row |= {"label": correction["to"], "named_by": "human"}
        elif action == "ignore":
            row["status"] = "ignored"
        elif action == "merge":
            row["status"] = "merged"
            moves.append(Move(row["topic_id"], [correction["to"]], NOWHERE))
        elif action == "split":
            parts, lie = correction["parts"], from_bytes(correction["centroids"])
            moves.append(Move(row["topic_id"], parts, lie))
            rows |= _rows_of_parts(row, parts, rows)
            row["status"] = "split"
    return Corrected(list(rows.values()), moves, notices)


def _why_it_waits(correction: dict[str, Any], rows: dict[str, dict[str, Any]], encoder: str) -> str:
    """Return why a correction cannot be applied now, or nothing."""
    topic_id, action = correction["topic_id"], correction["action"]
    if lost := next((i for i in _named_in(correction) if _is_lost(rows.get(i))), ""):
        return f"({action} {topic_id}) waits: topic {lost} is gone"
    if action == "split" and correction["encoder"] != encoder:
        return (
            f"(split of {topic_id}) waits: its parts were "
            f"told apart with {correction['encoder']}, which is not the encoder now"
        )
    return ""


def _rows_of_parts(
    row: dict[str, Any], parts: list[str], rows: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return a row for each part of a split topic, numbered after the topic's name."""
    taken = {other["label"].lower() for other in rows.values()}
    made = {}
    for number, part in enumerate(parts, 1):
        label = f"{row['label']} ({number})"
        label = f"{label} {part}" if label.lower() in taken else label
        unknown: dict[str, Any] = {"stability": None, "representatives": []}
        made[part] = row | {"topic_id": part, "label": label} | unknown
    return made


def apply_moves(topic_ids: Sequence[str], meanings: Matrix, moves: Sequence[Move]) -> list[str]:
    """Return the topic that each post is in after corrections, from the one it was found for.

    Args:
        meanings: unit rows, one per post: they decide between the parts of a split topic.
    """
    ids = np.array(topic_ids, dtype=object)
    for move in moves:
        inside = np.flatnonzero(ids == move.topic_id)
        nearest: Labels = np.zeros(len(inside), dtype=np.int64)
        if len(move.to) > 1 and len(inside):
            nearest = (meanings[inside] @ move.centroids.T).argmax(axis=1)
        ids[inside] = np.array(move.to, dtype=object)[nearest]
    return list(ids)


def protected(corrections: pl.DataFrame) -> set[str]:
    """Return the topics that people have touched: a refit that misses one makes it again."""
    return {topic_id for row in standing(corrections) for topic_id in _named_in(row)}


def standing(corrections: pl.DataFrame) -> Rows:
    """Return the corrections that were not undone, in order."""
    return corrections.filter(~pl.col("undone")).sort("number").to_dicts()


def divide(meanings: Matrix, count: int, seed: int) -> Matrix:
    """Return the centroids of ``count`` parts of a topic's posts, by k-means on unit rows.

    Raises:
        InputError: there are fewer distinct posts than parts.
    """
    from sklearn.cluster import KMeans

    from feedbackminer.vectors import unit

    if len(np.unique(meanings, axis=0)) < count:
        raise InputError(f"cannot split into {count} parts: the topic holds too few unlike posts")
    model = KMeans(count, n_init=10, random_state=seed).fit(meanings)
    return unit(model.cluster_centers_.astype(np.float32))


def check(topics: pl.DataFrame, action: str, topic_id: str, to: str) -> None:
    """Refuse a correction that makes no sense.

    Raises:
        InputError: no such topic, a merge of a topic with itself, a name that is taken.
    """
    active = topics.filter(pl.col("status").is_in(["active", "ignored"]))
    if action != "rename":  # themes and subtopics can be named, not moved
        active = active.filter(pl.col("level") == "topic")
    active_ids = active["topic_id"].to_list()
    for wanted in (topic_id, to) if action == "merge" else (topic_id,):
        if wanted not in active_ids:
            raise InputError(
                f"{action}: no topic {wanted!r}; `feedbackminer topics list` shows those there are"
            )
    if action == "merge" and topic_id == to:
        raise InputError(f"merge: {topic_id} cannot be merged with itself; name two topics")
    others = active.filter(pl.col("topic_id") != topic_id)["label"].str.to_lowercase()
    if action == "rename" and not to.strip():
        raise InputError("rename: the name is empty")
    if action == "rename" and to.strip().lower() in others.to_list():
        raise InputError(f"rename: another topic is called {to!r}; `topics merge` joins two")


def _named_in(correction: dict[str, Any]) -> list[str]:
    """Return the topics that a correction names."""
    is_merge = correction["action"] == "merge"
    return [correction["topic_id"], correction["to"]] if is_merge else [correction["topic_id"]]


def _is_lost(row: dict[str, Any] | None) -> bool:
    return row is None or row["status"] == "retired"
