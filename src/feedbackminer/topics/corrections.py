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
class Corrected:
    """Topic rows and the topic of each found one, as people want them."""

    topics: Rows
    moves: list[tuple[str, list[str], Matrix]]  # from a topic to others, by where those lie
    notices: list[str]


def replay(topics: Rows, corrections: pl.DataFrame, *, encoder: str) -> Corrected:
    """Apply corrections in their order; one that no longer fits waits, and is told of."""
    rows = {
        row["topic_id"]: row | {"label": row["found_label"], "named_by": row["found_by"]}
        for row in topics
    }
    moves: list[tuple[str, list[str], Matrix]] = []
    notices = []
    for told in standing(corrections):
        topic_id, action = told["topic_id"], told["action"]
        row = rows.get(topic_id)
        gone = next((i for i in _named_in(told) if _is_gone(rows.get(i))), "")
        if row is None or gone:
            notices.append(
                f"correction {told['number']} ({action} {topic_id}) waits: topic {gone} is gone"
            )
        elif action == "rename":
            row |= {"label": told["to"], "named_by": "human"}
        elif action == "ignore":
            row["status"] = "ignored"
        elif action == "merge":
            row["status"] = "merged"
            moves.append((topic_id, [told["to"]], NOWHERE))
        elif action == "split":
            if told["encoder"] != encoder:
                notices.append(
                    f"correction {told['number']} (split of {topic_id}) waits: its parts were "
                    f"told apart with {told['encoder']}, which is not the encoder now"
                )
                continue
            moves.append((topic_id, told["parts"], from_bytes(told["centroids"])))
            taken = {other["label"].lower() for other in rows.values()}
            for number, part in enumerate(told["parts"], 1):
                label = f"{row['label']} ({number})"
                label = f"{label} {part}" if label.lower() in taken else label
                unknown: dict[str, Any] = {"stability": None, "representatives": []}
                rows[part] = row | {"topic_id": part, "label": label} | unknown
            row["status"] = "split"
    return Corrected(list(rows.values()), moves, notices)


def place(found: Sequence[str], meanings: Matrix, corrected: Corrected) -> list[str]:
    """Return the topic that each post is in after corrections, from the one it was found for.

    Args:
        meanings: unit rows, one per post: they decide between the parts of a split topic.
    """
    ids = np.array(found, dtype=object)
    for topic_id, ends, centroids in corrected.moves:
        inside = np.flatnonzero(ids == topic_id)
        nearest: Labels = np.zeros(len(inside), dtype=np.int64)
        if len(ends) > 1 and len(inside):
            nearest = (meanings[inside] @ centroids.T).argmax(axis=1)
        ids[inside] = np.array(ends, dtype=object)[nearest]
    return list(ids)


def protected(corrections: pl.DataFrame) -> set[str]:
    """Return the topics that people have touched: a refit that misses one makes it again."""
    told = standing(corrections)
    return {topic_id for row in told for topic_id in _named_in(row)}


def standing(corrections: pl.DataFrame) -> Rows:
    """Return the corrections that were not undone, in order."""
    return corrections.filter(~pl.col("undone")).sort("number").to_dicts()


def divide(meanings: Matrix, count: int, seed: int) -> Matrix:
    """Return the centres of ``count`` parts of a topic's posts, by k-means on unit rows.

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
    known = active["topic_id"].to_list()
    for wanted in (topic_id, to) if action == "merge" else (topic_id,):
        if wanted not in known:
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


def _named_in(told: dict[str, Any]) -> list[str]:
    """Return the topics that a correction names."""
    return [told["topic_id"], told["to"]] if _is_merge(told) else [told["topic_id"]]


def _is_gone(row: dict[str, Any] | None) -> bool:
    return row is None or row["status"] == "retired"


def _is_merge(row: dict[str, Any]) -> bool:
    return bool(row["action"] == "merge")
