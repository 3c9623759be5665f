"""Topics as rows: what a fit found, under the ids and names that it continues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedbackminer.topics.corpus import REPRESENTATIVES, Corpus, distinct_posts, nearest_posts
from feedbackminer.topics.fit import Fit
from feedbackminer.topics.labels import UNSORTED, Labels
from feedbackminer.topics.model import TopicModel, strongest_words
from feedbackminer.topics.naming.namer import Namer
from feedbackminer.topics.naming.phrases import Name
from feedbackminer.topics.previous import Past, Rows
from feedbackminer.vectors import Matrix, centres, to_bytes

TOPIC_EXAMPLES, PART_EXAMPLES = 25, 6  # posts that a name is drawn from


@dataclass(frozen=True)
class Maker:
    """Makes rows of one fit."""

    corpus: Corpus
    past: Past
    namer: Namer
    common: Mapping[str, Any]  # fitted_as, fitted_on, resolution
    run_id: str

    def topics(self, fit: Fit, ids: Sequence[str]) -> Rows:
        """Return the rows of the topics that a fit found."""
        rows = self.of_model(fit.model, fit.labels, fit.scores, ids, given=fit.given)
        return [
            row | {"stability": _known(stable)}
            for row, stable in zip(rows, fit.stability, strict=True)
        ]

    def of_model(
        self,
        model: TopicModel,
        labels: Labels,
        scores: NDArray[np.float64],
        ids: Sequence[str],
        used: Sequence[str] = (),
        given: Mapping[int, str] | None = None,
    ) -> Rows:
        """Return the rows of topics 0..k-1 of a model; ``given`` ones are named by people."""
        given = given or {}
        past = [self.past.row(topic_id) for topic_id in ids]
        taken = [
            given.get(i) or (old["found_label"] if old else None) for i, old in enumerate(past)
        ]
        used = [*used, *(row["label"] for row in self.past.rows)]  # people's names too
        names = self.namer.name(labels, scores, taken, TOPIC_EXAMPLES, used)
        rows = []
        for topic, topic_id in enumerate(ids):
            words = strongest_words(model, topic)
            rows.append(
                self._row("topic", topic_id, names[topic], model.centres[topic])
                | ({"found_label": given[topic], "found_by": "human"} if topic in given else {})
                | {
                    "representatives": self._representatives(labels, scores, topic),
                    "floor": float(model.floors[topic]),
                    "typical": float(model.typical[topic]),
                    "part_floor": float(model.part_floors[topic]),
                    "words": list(words),
                    "ratios": list(words.values()),
                }
            )
        return rows

    def themes(self, fit: Fit, topics: Rows) -> Rows:
        """Return the rows of the themes, and tell the topics which is theirs."""
        middle = centres(fit.model.centres, fit.themes)
        labels = np.append(fit.themes, UNSORTED)[fit.labels]
        ids = self.past.continue_ids("theme", labels, middle)
        sizes = np.bincount(fit.labels[fit.labels >= 0], minlength=len(topics))
        rows = []
        for theme, topic_id in enumerate(ids):
            inside = [i for i in np.argsort(-sizes, kind="stable") if fit.themes[i] == theme]
            leading = [topics[i]["found_label"].split(", ")[0] for i in inside[:2]]
            keywords = [word for i in inside[:5] for word in topics[i]["keywords"][:4]]
            name = Name(" · ".join(leading), tuple(dict.fromkeys(keywords)))
            rows.append(self._row("theme", topic_id, name, middle[theme]))
            for i in inside:
                topics[i]["parent_id"] = topic_id
        return rows

    def subtopics(self, fit: Fit, topics: Rows) -> Rows:
        """Return the rows of the subtopics."""
        if not fit.part_of:
            return []
        ids = self.past.continue_ids("subtopic", fit.parts, fit.part_centres)
        past = [self.past.row(topic_id) for topic_id in ids]
        taken = [old["found_label"] if old else None for old in past]
        used = [row["found_label"] for row in topics]
        names = self.namer.name(fit.parts, fit.scores, taken, PART_EXAMPLES, used)
        rows = []
        for part, topic_id in enumerate(ids):
            row = self._row("subtopic", topic_id, names[part], fit.part_centres[part])
            parent = topics[fit.part_of[part]]["topic_id"]
            nearest = self._representatives(fit.parts, fit.scores, part)
            rows.append(row | {"parent_id": parent, "representatives": nearest})
        return rows

    def _row(self, level: str, topic_id: str, name: Name, centre: Matrix) -> dict[str, Any]:
        old = self.past.row(topic_id)
        return {
            **self.common,
            "topic_id": topic_id,
            "level": level,
            "label": old["label"] if old else name.label,
            "found_label": old["found_label"] if old else name.label,
            "named_by": old["found_by"] if old else "model",
            "found_by": old["found_by"] if old else "model",
            "keywords": list(name.keywords),
            "representatives": [],
            "parent_id": None,
            "stability": None,
            "centroid": to_bytes(centre[None])[0],
            "floor": -1.0,
            "typical": 1.0,
            "part_floor": 1.0,
            "words": [],
            "ratios": [],
            "born_in": old["born_in"] if old else self.run_id,
            "size": 0,
            "status": "active",
        }

    def _representatives(
        self, labels: Labels, scores: NDArray[np.float64], topic: int
    ) -> list[str]:
        nearest = nearest_posts(labels, scores, topic)
        chosen = distinct_posts(self.corpus.said_first, nearest, REPRESENTATIVES)
        return [self.corpus.post_ids[i] for i in chosen]


def retired(rows: Rows) -> Rows:
    """Return rows of topics that are no more."""
    return [row | {"status": "retired"} for row in rows]


def _known(value: float) -> float | None:
    return float(value) if value == value else None
