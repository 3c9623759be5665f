"""What a run found, under the names and corrections it is told with, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dataframely as dy
import numpy as np
import polars as pl

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
from feedbackminer.topics.corpus import Corpus
from feedbackminer.topics.corrections import Move, apply_moves, replay
from feedbackminer.topics.matching import LineageEvent
from feedbackminer.topics.previous import write_lexicon
from feedbackminer.topics.table import TopicDraft, corrected_rows
from feedbackminer.topics.topic_set import Provenance, TopicSet

STAGE = "topics"


@dataclass(frozen=True)
class TopicResult:
    """Topics, who belongs to them, and what has changed since the last time."""

    topics: dy.DataFrame[Topics]
    vocabulary: dy.DataFrame[Vocabulary]
    assignments: dy.DataFrame[Assignments]
    lineage: dy.DataFrame[Lineage]
    dropped: dy.DataFrame[Dropped]
    account: Account
    notices: tuple[str, ...]
    how: str  # what was done, for the person who waits


def to_tables(
    draft: TopicDraft,
    corpus: Corpus,
    corrections: pl.DataFrame,
    *,
    provenance: Provenance,
    how: str,
) -> TopicResult:
    """Replay people's corrections and write everything down."""
    corrected = replay(draft.rows, corrections, encoder=provenance.encoder)
    main = _main_assignments(draft.topics, corpus, corrected.moves)
    topic_of = dict(main.select("post_id", "topic_id").iter_rows())
    secondary = _secondary_assignments(draft.topics, corpus, topic_of, corrected.moves)
    unsorted = [post_id for post_id in corpus.post_ids if post_id not in topic_of]

    topics = pl.DataFrame(corrected_rows(corrected, main, corpus), schema=column_types(Topics))
    dropped = dropped_frame(
        STAGE, [DroppedRow(i, "unsorted", "near no topic's centre") for i in unsorted]
    )
    return TopicResult(
        topics=check(topics, Topics, where=STAGE),
        vocabulary=write_lexicon(draft.topics.model.lexicon, draft.topics.record.fitted_in),
        assignments=check(pl.concat([main, secondary]), Assignments, where=STAGE),
        lineage=_lineage(draft.events, provenance.run_id),
        dropped=dropped,
        account=account(STAGE, len(corpus), main, dropped),
        notices=(*draft.notices, *corrected.notices),
        how=how,
    )


def _main_assignments(topics: TopicSet, corpus: Corpus, moves: Sequence[Move]) -> pl.DataFrame:
    """Return a row for each post that has a topic; one that people moved has no subtopic."""
    topic_ids, subtopic_ids = topics.topics.ids_of_posts(), topics.subtopics.ids_of_posts()
    inside = [post for post, topic_id in enumerate(topic_ids) if topic_id]
    found_ids = [topic_ids[post] or "" for post in inside]
    final = apply_moves(found_ids, corpus.blended[inside if moves else []], moves)
    frame = pl.DataFrame(
        {
            "post_id": [corpus.post_ids[post] for post in inside],
            "topic_id": final,
            "score": np.clip(topics.scores[inside], -1, 1),
            "rank": [1] * len(inside),
            "found_id": found_ids,
            "subtopic_id": [
                subtopic_ids[post] if is_same else None
                for post, is_same in zip(inside, map(str.__eq__, found_ids, final), strict=True)
            ],
        },
        schema=column_types(Assignments),
    )
    return check(frame, Assignments, where=STAGE)


def _secondary_assignments(
    topics: TopicSet, corpus: Corpus, topic_of: Mapping[str, str], moves: Sequence[Move]
) -> pl.DataFrame:
    """Return a row for each topic that a post is partly about, after people's corrections."""
    secondary = topics.secondary
    found_ids = [topics.topics.ids[one.topic] for one in secondary]
    parts = [one.part for one in secondary]
    frame = pl.DataFrame(
        {
            "post_id": [corpus.post_ids[one.post] for one in secondary],
            "topic_id": apply_moves(found_ids, corpus.parts.vectors[parts], moves),
            "score": [min(one.score, 1.0) for one in secondary],
            "rank": [2] * len(secondary),
            "found_id": found_ids,
            "subtopic_id": [None] * len(secondary),
        },
        schema=column_types(Assignments),
    )

    of_post = pl.col("post_id").replace_strict(topic_of, return_dtype=pl.String)
    distinct = frame.filter(pl.col("topic_id") != of_post).sort("score", descending=True)
    distinct = distinct.unique(["post_id", "topic_id"], keep="first", maintain_order=True)
    return distinct.with_columns(rank=pl.int_range(2, pl.len() + 2).over("post_id"))


def _lineage(events: Sequence[LineageEvent], run_id: str) -> dy.DataFrame[Lineage]:
    rows = [(e.event, e.from_id, e.to_id, run_id, "model", e.why) for e in events]
    frame = pl.DataFrame(rows, schema=column_types(Lineage), orient="row")
    return check(frame, Lineage, where=STAGE)
