"""Topics as rows of the ``topics`` table, under the names that they keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from feedbackminer.tables import finite_or_none
from feedbackminer.text.nlp import load_spacy
from feedbackminer.topics.corpus import REPRESENTATIVES, Corpus, distinct_posts, nearest_posts
from feedbackminer.topics.corrections import Corrected
from feedbackminer.topics.labels import UNSORTED, Labels
from feedbackminer.topics.matching import LineageEvent
from feedbackminer.topics.model import strongest_words
from feedbackminer.topics.naming.namer import Namer
from feedbackminer.topics.naming.phrases import Name
from feedbackminer.topics.previous import PreviousTopics, Rows
from feedbackminer.topics.topic_set import Level, TopicSet
from feedbackminer.vectors import to_bytes

TOPIC_EXAMPLES, SUBTOPIC_EXAMPLES = 50, 12  # posts that a name is drawn from


@dataclass(frozen=True)
class TopicDraft:
    """Topics with their names, before corrections."""

    topics: TopicSet
    rows: Rows
    events: Sequence[LineageEvent]
    notices: Sequence[str]


def draft_topics(
    topics: TopicSet,
    corpus: Corpus,
    previous: PreviousTopics,
    *,
    ignore: Iterable[str],
    run_id: str,
) -> TopicDraft:
    """Name what is new, and return a row for every topic of every level.

    Args:
        ignore: words that name no topic here, such as the product's.
    """
    n_topics = len(topics.topics.ids)
    if n_topics == topics.n_kept:  # nothing to name
        rows = previous.rows if n_topics else retired(previous.rows)
        return TopicDraft(topics, rows, topics.events, topics.notices)
    nlp, notices = load_spacy()
    namer = Namer.of(corpus, nlp, ignore)
    rows = TopicTableBuilder(topics, corpus, previous, namer, run_id).rows()
    return TopicDraft(topics, rows, topics.events, [*notices, *topics.notices])


@dataclass(frozen=True)
class TopicTableBuilder:
    """Makes the rows of one topic set."""

    topics: TopicSet
    corpus: Corpus
    previous: PreviousTopics
    namer: Namer
    run_id: str

    def rows(self) -> Rows:
        """Return the rows: after an update those there were and the newborn, else all anew."""
        new_topics = self.of_topics()
        if self.topics.n_kept:
            return [*self.previous.rows, *new_topics]
        subtopics = self.of_subtopics(new_topics)
        rows = [*self.of_themes(new_topics), *new_topics, *subtopics]
        found_again = {row["topic_id"] for row in rows}
        lost = [row for row in self.previous.rows if row["topic_id"] not in found_again]
        return [*rows, *retired(lost)]

    def of_topics(self) -> Rows:
        """Return the rows of the topics after the kept ones; people name those of themes."""
        level, first = self.topics.topics, self.topics.n_kept
        labels = np.where(level.labels >= first, level.labels - first, UNSORTED)
        kept_rows = [self.previous.row(topic_id) for topic_id in level.ids[:first]]
        used = [
            *(row["found_label"] for row in kept_rows if row),
            *(row["label"] for row in self.previous.rows),  # people's names too
        ]
        given = {i - first: name for i, name in self.topics.given_names.items()}
        carried = [
            given.get(i) or self._carried_name(topic_id)
            for i, topic_id in enumerate(level.ids[first:])
        ]
        names = self.namer.name(labels, self.topics.scores, carried, TOPIC_EXAMPLES, used)

        rows = []
        for topic in range(first, len(level.ids)):
            row = self._row("topic", level, topic, names[topic - first])
            words = strongest_words(self.topics.model, topic)
            theme = level.parents[topic]
            if name := self.topics.given_names.get(topic):
                row |= {"found_label": name, "found_by": "human"}
            rows.append(
                row
                | {
                    "representatives": self._representatives(level, topic),
                    "parent_id": self.topics.themes.ids[theme] if theme != UNSORTED else None,
                    "stability": finite_or_none(self.topics.stability[topic]),
                    "floor": float(self.topics.model.floors[topic]),
                    "typical": float(self.topics.model.typical[topic]),
                    "part_floor": float(self.topics.model.part_floors[topic]),
                    "words": list(words),
                    "ratios": list(words.values()),
                }
            )
        return rows

    def of_themes(self, topic_rows: Rows) -> Rows:
        """Return the rows of the themes: each is named by its two largest topics."""
        labels, parents = self.topics.topics.labels, self.topics.topics.parents
        sizes = np.bincount(labels[labels >= 0], minlength=len(parents))
        by_size = np.argsort(-sizes, kind="stable")
        rows = []
        for theme in range(len(self.topics.themes.ids)):
            inside = [topic_rows[topic] for topic in by_size if parents[topic] == theme]
            leading = [row["found_label"].split(", ")[0] for row in inside[:2]]
            keywords = [word for row in inside[:5] for word in row["keywords"][:4]]
            name = Name(" · ".join(leading), tuple(dict.fromkeys(keywords)))
            rows.append(self._row("theme", self.topics.themes, theme, name))
        return rows

    def of_subtopics(self, topic_rows: Rows) -> Rows:
        """Return the rows of the subtopics."""
        level = self.topics.subtopics
        if not len(level.ids):
            return []
        carried = [self._carried_name(topic_id) for topic_id in level.ids]
        used = [row["found_label"] for row in topic_rows]
        names = self.namer.name(level.labels, self.topics.scores, carried, SUBTOPIC_EXAMPLES, used)
        return [
            self._row("subtopic", level, subtopic, names[subtopic])
            | {
                "parent_id": self.topics.topics.ids[level.parents[subtopic]],
                "representatives": self._representatives(level, subtopic),
            }
            for subtopic in range(len(level.ids))
        ]

    def _carried_name(self, topic_id: str) -> str | None:
        """Return the name that a topic had before, if it is an earlier one."""
        earlier = self.previous.row(topic_id)
        return earlier["found_label"] if earlier else None

    def _row(self, name_of_level: str, level: Level, number: int, name: Name) -> dict[str, Any]:
        topic_id = level.ids[number]
        earlier = self.previous.row(topic_id)
        return {
            **asdict(self.topics.record),
            "topic_id": topic_id,
            "level": name_of_level,
            "label": earlier["label"] if earlier else name.label,
            "found_label": earlier["found_label"] if earlier else name.label,
            "named_by": earlier["found_by"] if earlier else "model",
            "found_by": earlier["found_by"] if earlier else "model",
            "keywords": list(name.keywords),
            "representatives": [],
            "parent_id": None,
            "stability": None,
            "centroid": to_bytes(level.centroids[number][None])[0],
            "floor": -1.0,
            "typical": 1.0,
            "part_floor": 1.0,
            "words": [],
            "ratios": [],
            "born_in": earlier["born_in"] if earlier else self.run_id,
            "size": 0,
            "status": "active",
        }

    def _representatives(self, level: Level, number: int) -> list[str]:
        return representatives(self.corpus, nearest_posts(level.labels, self.topics.scores, number))


def representatives(corpus: Corpus, order: Labels) -> list[str]:
    """Return the ids of the first posts in this order of which no two say nearly the same."""
    chosen = distinct_posts(corpus.original_ids, order, REPRESENTATIVES)
    return [corpus.post_ids[post] for post in chosen]


def retired(rows: Rows) -> Rows:
    """Return rows of topics that are no more."""
    return [row | {"status": "retired"} for row in rows]


def corrected_rows(corrected: Corrected, main: pl.DataFrame, corpus: Corpus) -> Rows:
    """Return the rows after people's corrections, with sizes, and posts that stand for parts.

    Args:
        main: the assignments of rank 1.
    """
    parts = [part for move in corrected.moves if len(move.centroids) for part in move.to]
    index = {post_id: i for i, post_id in enumerate(corpus.post_ids)}
    representatives_of = {}
    for part in parts:
        inside = main.filter(topic_id=part).sort("score", "post_id", descending=[True, False])
        order = np.array([index[post_id] for post_id in inside["post_id"]], dtype=np.int64)
        representatives_of[part] = representatives(corpus, order)

    sizes = _sizes(corrected.rows, main)
    return [
        row
        | {
            "representatives": representatives_of.get(row["topic_id"], row["representatives"]),
            "size": sizes[row["topic_id"]],
        }
        for row in corrected.rows
    ]


def _sizes(rows: Rows, main: pl.DataFrame) -> Counter[str]:
    """Count the posts of each topic, of its subtopics, and of the theme above it."""
    sizes = Counter(main["topic_id"].to_list())
    sizes.update(i for i in main["subtopic_id"].to_list() if i)
    for row in rows:
        if row["level"] == "topic" and row["parent_id"] and row["status"] == "active":
            sizes[row["parent_id"]] += sizes[row["topic_id"]]
    return sizes
