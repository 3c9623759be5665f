"""What earlier runs left of topics, read back as it was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
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
from feedbackminer.topics import corrections, matching
from feedbackminer.topics.corpus import Corpus
from feedbackminer.topics.features import Lexicon, meaning
from feedbackminer.topics.labels import UNSORTED, Labels
from feedbackminer.topics.matching import PreviousLabels
from feedbackminer.topics.model import TopicModel, ratios_of
from feedbackminer.topics.topic_set import FitRecord
from feedbackminer.vectors import Matrix, from_bytes, to_bytes

Rows = list[dict[str, Any]]
PREFIX = {"theme": "g", "topic": "t", "subtopic": "s"}


@dataclass(frozen=True)
class TopicTables:
    """What earlier runs left."""

    topics: pl.DataFrame = field(default_factory=Topics.create_empty)
    vocabulary: pl.DataFrame = field(default_factory=Vocabulary.create_empty)
    assignments: pl.DataFrame = field(default_factory=Assignments.create_empty)
    corrections: pl.DataFrame = field(default_factory=Corrections.create_empty)


@dataclass(frozen=True)
class PreviousTopics:
    """Topics of every level as earlier runs found them, and where each post of now was."""

    tables: TopicTables
    rows: Rows
    ids_of_posts: Mapping[str, list[str | None]]  # level -> the id each post had there
    scores: Mapping[str, float]
    used_ids: frozenset[str]  # every id there ever was, of the parts of splits too

    @property
    def fitted_in(self) -> str:
        """Return the run_id of the fit that the vocabulary is of; empty where there is none."""
        return "".join(self.tables.vocabulary["fitted_in"].head(1))

    def alive(self, level: str) -> Rows:
        """Return the rows of a level that were not retired."""
        return [r for r in self.rows if r["level"] == level and r["status"] != "retired"]

    def labels(self, level: str) -> PreviousLabels:
        """Return the topics of a level for comparison."""
        rows = self.alive(level)
        ids = [row["topic_id"] for row in rows]
        number = {topic_id: i for i, topic_id in enumerate(ids)}
        labels = [number.get(i or "", UNSORTED) for i in self.ids_of_posts[level]]
        centroids = from_bytes([row["centroid"] for row in rows])
        meanings = meaning(centroids) if len(rows) else centroids
        return PreviousLabels(ids, meanings, np.array(labels, dtype=np.int64))

    def row(self, topic_id: str) -> dict[str, Any] | None:
        """Return the row of a topic."""
        return next((row for row in self.rows if row["topic_id"] == topic_id), None)

    def model(self) -> TopicModel:
        """Return the model of the topics that are alive, in the order of their rows."""
        rows = self.alive("topic")
        lexicon = _read_lexicon(self.tables.vocabulary)
        words_of = [dict(zip(row["words"], row["ratios"], strict=True)) for row in rows]
        return TopicModel(
            lexicon=lexicon,
            centroids=from_bytes([row["centroid"] for row in rows]),
            ratios=ratios_of(lexicon, words_of),
            floors=np.array([row["floor"] for row in rows]),
            typical=np.array([row["typical"] for row in rows]),
            part_floors=np.array([row["part_floor"] for row in rows]),
        )

    def record(self) -> FitRecord:
        """Return the fit that the topics come from."""
        row = self.alive("topic")[0]
        return FitRecord(**{column.name: row[column.name] for column in fields(FitRecord)})

    def protected(self) -> set[str]:
        """Return the topics that people have touched."""
        return corrections.protected(self.tables.corrections)

    def continue_ids(self, level: str, labels: Labels, centroids: Matrix) -> list[str]:
        """Return an id for each topic 0..k-1: that of the one it continues, or a new one."""
        ids = matching.match(labels, meaning(centroids), self.labels(level))
        return self.complete_ids(ids, level)

    def complete_ids(self, ids: Sequence[str | None], level: str) -> list[str]:
        """Fill in new ids where there is none."""
        fresh = iter(matching.new_ids(list(ids).count(None), self.used_ids, PREFIX[level]))
        return [topic_id or next(fresh) for topic_id in ids]


def read_previous(tables: TopicTables, corpus: Corpus) -> PreviousTopics:
    """Return earlier topics as they were found: parts of a split fall away with their labels."""
    made_by_people = set(tables.corrections.explode("parts")["parts"].drop_nulls())
    rows = []
    for row in tables.topics.to_dicts():
        if row["topic_id"] not in made_by_people:
            status = "retired" if row["status"] == "retired" else "active"
            rows.append(row | {"status": status})

    main = tables.assignments.filter(pl.col("rank") == 1)
    topic_of = dict(main.select("post_id", "found_id").iter_rows())
    subtopic_of = dict(main.select("post_id", "subtopic_id").iter_rows())
    theme_of = {row["topic_id"]: row["parent_id"] for row in rows if row["level"] == "topic"}

    # A killed run stores assignments before topics.
    stored = {None: None} | {row["topic_id"]: row["topic_id"] for row in rows}
    return PreviousTopics(
        tables=tables,
        rows=rows,
        ids_of_posts={
            "topic": [stored.get(topic_of.get(i)) for i in corpus.post_ids],
            "subtopic": [stored.get(subtopic_of.get(i)) for i in corpus.post_ids],
            "theme": [theme_of.get(topic_of.get(i, "")) for i in corpus.post_ids],
        },
        scores=dict(main.select("post_id", "score").iter_rows()),
        used_ids=frozenset(_used_ids(tables, made_by_people)),
    )


def _used_ids(tables: TopicTables, made_by_people: set[str]) -> set[str]:
    named = tables.corrections
    return {*tables.topics["topic_id"], *named["topic_id"], *named["to"], *made_by_people}


def _read_lexicon(vocabulary: pl.DataFrame) -> Lexicon:
    if not len(vocabulary):
        return Lexicon.empty()
    ordered = vocabulary.sort("word")
    coordinates = from_bytes(ordered["place"].to_list())
    return Lexicon(tuple(ordered["word"]), ordered["idf"].to_numpy(), coordinates)


def write_lexicon(lexicon: Lexicon, fitted_in: str) -> dy.DataFrame[Vocabulary]:
    """Return a lexicon as the ``vocabulary`` table."""
    frame = pl.DataFrame(
        {
            "word": list(lexicon.vocabulary),
            "idf": lexicon.idf,
            "place": to_bytes(lexicon.coordinates),
            "fitted_in": [fitted_in] * len(lexicon.vocabulary),
        },
        schema=column_types(Vocabulary),
    )
    return check(frame, Vocabulary, where="topics")
