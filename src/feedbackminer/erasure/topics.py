"""What topics keep when posts are erased: their ids and centres, not the words of one member."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from feedbackminer.erasure.traces import Traces
from feedbackminer.privacy.seals import ERASED

NAMED_BY = 3  # keywords in the name of a topic that lost its own


def without_topics_of(
    before: Mapping[str, pl.DataFrame],
    after: Mapping[str, pl.DataFrame],
    erased_ids: list[str],
    traces: Traces,
) -> dict[str, pl.DataFrame]:
    """Return topics and vocabulary without erased posts.

    A topic that has no other posts is retired and says nothing any more, its centre included:
    that lies where its posts lay. Names and keywords that nobody else would use are replaced by
    what is left.

    Args:
        before: tables by name, with erased posts.
        after: the same without their rows.
        erased_ids: of posts.
        traces: of them.
    """
    topics, vocabulary = before["topics"], before["vocabulary"]
    sizes = _sizes(topics, after["assignments"])
    emptied = _topics_of(before["assignments"]) - _topics_of(after["assignments"])
    erased = set(erased_ids)

    rows = []
    for row in topics.to_dicts():
        row["representatives"] = [i for i in row["representatives"] if i not in erased]
        # An erasure that is done again erases nothing, and leaves sizes as they are.
        row["size"] = sizes.get(row["topic_id"], 0) if erased else row["size"]
        rows.append(_silenced(row) if row["topic_id"] in emptied else _reworded(row, traces))

    is_theirs = [traces.is_theirs(word) for word in vocabulary["word"]]
    return {
        "topics": pl.DataFrame(rows, schema=topics.schema),
        "vocabulary": vocabulary.filter(~pl.Series(is_theirs, dtype=pl.Boolean)),
    }


def _topics_of(assignments: pl.DataFrame) -> set[str]:
    return {*assignments["topic_id"], *assignments["subtopic_id"].drop_nulls()}


def _sizes(topics: pl.DataFrame, assignments: pl.DataFrame) -> dict[str, int]:
    """Count the posts of topics, subtopics, and themes: of all their topics."""
    main = assignments.filter(pl.col("rank") == 1)
    themes = topics.filter(pl.col("level") == "topic", pl.col("status") == "active").select(
        "topic_id", theme="parent_id"
    )
    counted = main.join(themes, on="topic_id", how="left")
    names = pl.concat([counted[name] for name in ("topic_id", "subtopic_id", "theme")])
    return dict(names.drop_nulls().value_counts().iter_rows())


def _silenced(row: dict[str, Any]) -> dict[str, Any]:
    return row | {
        "label": ERASED,
        "found_label": ERASED,
        "keywords": [],
        "representatives": [],
        "words": [],
        "ratios": [],
        "centroid": bytes(len(row["centroid"])),
        "status": "retired" if row["status"] == "active" else row["status"],
    }


def _reworded(row: dict[str, Any], traces: Traces) -> dict[str, Any]:
    keywords = [word for word in row["keywords"] if not traces.is_theirs(word)]
    kept = [pair for pair in zip(row["words"], row["ratios"], strict=True)
            if not traces.is_theirs(pair[0])]  # fmt: skip
    name = ", ".join(keywords[:NAMED_BY]) or ERASED
    return row | {
        "keywords": keywords,
        "words": [word for word, _ in kept],
        "ratios": [ratio for _, ratio in kept],
        "label": name if traces.is_theirs(row["label"]) else row["label"],
        "found_label": name if traces.is_theirs(row["found_label"]) else row["found_label"],
    }
