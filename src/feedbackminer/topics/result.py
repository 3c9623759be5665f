"""What a run found, under the names and corrections it is told with, as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from feedbackminer.accounts import Account, DroppedRow, account, dropped_frame
from feedbackminer.tables import (
    Assignments,
    Dropped,
    Lineage,
    Topics,
    Vocabulary,
    check,
    column_types,
)
from feedbackminer.topics import corrections as corrected
from feedbackminer.topics.corpus import REPRESENTATIVES, Corpus, distinct_posts
from feedbackminer.topics.corrections import Corrected
from feedbackminer.topics.features import Words
from feedbackminer.topics.matching import Event
from feedbackminer.topics.multilabel import Further
from feedbackminer.topics.previous import Known, Rows, write_words

STAGE = "topics"


@dataclass(frozen=True)
class State:
    """Topics as they were found, before corrections, and the place of each post in them."""

    rows: Rows
    words: Words
    fitted_in: str  # run_id of the fit that the words are of
    found: Sequence[str | None]
    parts: Sequence[str | None]
    scores: NDArray[np.float64]
    further: Sequence[tuple[Further, str]]  # and the id of the topic
    events: Sequence[Event]
    notices: Sequence[str]


@dataclass(frozen=True)
class Found:
    """Topics, who belongs to them, and what has changed since the last time."""

    topics: dy.DataFrame[Topics]
    vocabulary: dy.DataFrame[Vocabulary]
    assignments: dy.DataFrame[Assignments]
    lineage: dy.DataFrame[Lineage]
    dropped: dy.DataFrame[Dropped]
    account: Account
    notices: tuple[str, ...]
    how: str  # what was done, for the person who waits


def outcome(
    corpus: Corpus, known: Known, state: State, encoder: str, run_id: str, how: str
) -> Found:
    """Replay people's corrections and write everything down."""
    view = corrected.replay(state.rows, known.corrections, encoder=encoder)
    sorted_ = [i for i, topic_id in enumerate(state.found) if topic_id]
    found = [state.found[i] or "" for i in sorted_]
    final = corrected.place(found, corpus.leaning[sorted_], view)
    assignments = pl.DataFrame(
        {
            "post_id": [corpus.post_ids[i] for i in sorted_],
            "topic_id": final,
            "score": np.clip(state.scores[sorted_], -1, 1),
            "rank": [1] * len(sorted_),
            "found_id": found,
            "subtopic_id": [
                state.parts[i] if same else None
                for i, same in zip(sorted_, map(str.__eq__, found, final), strict=True)
            ],
        },
        schema=column_types(Assignments),
    )
    further = _further(corpus, state, dict(zip(assignments["post_id"], final, strict=True)), view)
    main = check(assignments, Assignments, where=STAGE)
    assigned = check(pl.concat([main, further]), Assignments, where=STAGE)
    unsorted = [corpus.post_ids[i] for i, topic_id in enumerate(state.found) if not topic_id]
    dropped = dropped_frame(
        STAGE, [DroppedRow(i, "unsorted", "near no topic's centre") for i in unsorted]
    )
    rows = _with_sizes(_represented(view, main, corpus), main)
    events = [(e.event, e.from_id, e.to_id, run_id, "model", e.why) for e in state.events]
    lineage = pl.DataFrame(events, schema=column_types(Lineage), orient="row")
    return Found(
        check(pl.DataFrame(rows, schema=column_types(Topics)), Topics, where=STAGE),
        write_words(state.words, state.fitted_in),
        assigned,
        check(lineage, Lineage, where=STAGE),
        dropped,
        account(STAGE, len(corpus), main, dropped),
        (*state.notices, *view.notices),
        how,
    )


def _further(
    corpus: Corpus, state: State, main: Mapping[str, str], view: Corrected
) -> pl.DataFrame:
    """Return a row for each topic that a post is partly about, after people's corrections."""
    found = [topic_id for _, topic_id in state.further]
    places = [one.part for one, _ in state.further]
    frame = pl.DataFrame(
        {
            "post_id": [corpus.post_ids[one.post] for one, _ in state.further],
            "topic_id": corrected.place(found, corpus.parts.vectors[places], view),
            "score": [min(one.score, 1.0) for one, _ in state.further],
            "rank": [2] * len(found),
            "found_id": found,
            "subtopic_id": [None] * len(found),
        },
        schema=column_types(Assignments),
    )
    of_post = pl.col("post_id").replace_strict(main, return_dtype=pl.String)
    distinct = frame.filter(pl.col("topic_id") != of_post).sort("score", descending=True)
    distinct = distinct.unique(["post_id", "topic_id"], keep="first", maintain_order=True)
    return distinct.with_columns(rank=pl.int_range(2, pl.len() + 2).over("post_id"))


def _represented(view: Corrected, assigned: pl.DataFrame, corpus: Corpus) -> Rows:
    """Let posts of its own stand for each part of a split topic."""
    made = {part for _, ends, places in view.moves if len(places) for part in ends}
    place = {post_id: i for i, post_id in enumerate(corpus.post_ids)}
    own = {}
    for part in made:
        inside = assigned.filter(topic_id=part).sort("score", "post_id", descending=[True, False])
        order = np.array([place[i] for i in inside["post_id"]], dtype=np.int64)
        chosen = distinct_posts(corpus.said_first, order, REPRESENTATIVES)
        own[part] = [corpus.post_ids[i] for i in chosen]
    return [
        row | {"representatives": own[row["topic_id"]]} if row["topic_id"] in own else row
        for row in view.topics
    ]


def _with_sizes(rows: Rows, assigned: pl.DataFrame) -> Rows:
    """Count the posts of each topic, of its subtopics, and of the theme above it."""
    counts = Counter(assigned["topic_id"].to_list())
    counts.update(i for i in assigned["subtopic_id"].to_list() if i)
    for row in rows:
        if row["level"] == "topic" and row["parent_id"] and row["status"] == "active":
            counts[row["parent_id"]] += counts[row["topic_id"]]
    return [row | {"size": counts[row["topic_id"]]} for row in rows]
