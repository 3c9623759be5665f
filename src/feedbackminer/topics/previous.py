"""What earlier runs left of topics, read back as it was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl

from feedbackminer.tables import (
    Assignments,
    Corrections,
    Topics,
    Vocabulary,
    check,
    column_types,
)
from feedbackminer.topics import matching
from feedbackminer.topics.corpus import Corpus
from feedbackminer.topics.features import Words, meaning
from feedbackminer.topics.labels import UNSORTED, Labels
from feedbackminer.topics.matching import Earlier
from feedbackminer.topics.model import TopicModel, ratios_of
from feedbackminer.vectors import Matrix, from_bytes, to_bytes

Rows = list[dict[str, Any]]
PREFIX = {"theme": "g", "topic": "t", "subtopic": "s"}


@dataclass(frozen=True)
class Known:
    """What earlier runs left."""

    topics: pl.DataFrame = field(default_factory=Topics.create_empty)
    vocabulary: pl.DataFrame = field(default_factory=Vocabulary.create_empty)
    assignments: pl.DataFrame = field(default_factory=Assignments.create_empty)
    corrections: pl.DataFrame = field(default_factory=Corrections.create_empty)


@dataclass(frozen=True)
class Past:
    """Topics of every level as earlier runs found them, and where each post of now was."""

    rows: Rows
    place: Mapping[str, list[str | None]]  # level -> the id each post had there
    scores: Mapping[str, float]
    used: frozenset[str]  # every id there ever was, of the parts of splits too

    def alive(self, level: str) -> Rows:
        """Return the rows of a level that were not retired."""
        return [r for r in self.rows if r["level"] == level and r["status"] != "retired"]

    def earlier(self, level: str) -> Earlier:
        """Return the topics of a level for comparison."""
        rows = self.alive(level)
        ids = [row["topic_id"] for row in rows]
        number = {topic_id: i for i, topic_id in enumerate(ids)}
        labels = [number.get(i or "", UNSORTED) for i in self.place[level]]
        middle = from_bytes([row["centroid"] for row in rows])
        return Earlier(
            ids, meaning(middle) if len(rows) else middle, np.array(labels, dtype=np.int64)
        )

    def row(self, topic_id: str) -> dict[str, Any] | None:
        """Return the row of a topic."""
        return next((row for row in self.rows if row["topic_id"] == topic_id), None)

    def continue_ids(self, level: str, labels: Labels, middle: Matrix) -> list[str]:
        """Return an id for each topic 0..k-1: that of the one it continues, or a new one."""
        ids = matching.match(labels, meaning(middle), self.earlier(level))
        return self.complete(ids, level)

    def complete(self, ids: Sequence[str | None], level: str) -> list[str]:
        """Fill in new ids where there is none."""
        fresh = iter(matching.new_ids(list(ids).count(None), self.used, PREFIX[level]))
        return [topic_id or next(fresh) for topic_id in ids]


def read_past(known: Known, corpus: Corpus) -> Past:
    """Return earlier topics as they were found: parts of a split fall away with their labels."""
    said = known.corrections
    made_by_people = set(said.explode("parts")["parts"].drop_nulls())
    used = {*known.topics["topic_id"], *said["topic_id"], *said["to"], *made_by_people}
    rows = []
    for row in known.topics.to_dicts():
        if row["topic_id"] not in made_by_people:
            status = "retired" if row["status"] == "retired" else "active"
            rows.append(row | {"status": status})
    known_ids = {row["topic_id"] for row in rows}  # a killed run stores assignments before topics
    own = known.assignments.filter(pl.col("rank") == 1)
    topic = dict(own.select("post_id", "found_id").iter_rows())
    part = dict(own.select("post_id", "subtopic_id").iter_rows())
    theme = {row["topic_id"]: row["parent_id"] for row in rows if row["level"] == "topic"}
    place = {
        "topic": [_among(known_ids, topic.get(i)) for i in corpus.post_ids],
        "subtopic": [_among(known_ids, part.get(i)) for i in corpus.post_ids],
        "theme": [theme.get(topic.get(i, "")) for i in corpus.post_ids],
    }
    scores = dict(own.select("post_id", "score").iter_rows())
    return Past(rows, place, scores, frozenset(used))


def _among(known_ids: set[str], topic_id: str | None) -> str | None:
    return topic_id if topic_id in known_ids else None


def read_model(words: Words, topics: Rows) -> TopicModel:
    told = [dict(zip(row["words"], row["ratios"], strict=True)) for row in topics]
    middle = from_bytes([row["centroid"] for row in topics])
    floors = np.array([row["floor"] for row in topics])
    typical = np.array([row["typical"] for row in topics])
    part_floors = np.array([row["part_floor"] for row in topics])
    return TopicModel(words, middle, ratios_of(words, told), floors, typical, part_floors)


def read_words(vocabulary: pl.DataFrame) -> Words:
    if not len(vocabulary):
        return Words.empty()
    ordered = vocabulary.sort("word")
    places = from_bytes(ordered["place"].to_list())
    return Words(tuple(ordered["word"]), ordered["idf"].to_numpy(), places)


def write_words(words: Words, fitted_in: str) -> dy.DataFrame[Vocabulary]:
    frame = pl.DataFrame(
        {
            "word": list(words.vocabulary),
            "idf": words.idf,
            "place": to_bytes(words.places),
            "fitted_in": [fitted_in] * len(words.vocabulary),
        },
        schema=column_types(Vocabulary),
    )
    return check(frame, Vocabulary, where="topics")
