"""Topics of every level as a fit or an update found them: ids, members, hierarchy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from feedbackminer.settings.sections import TopicSettings, hash_settings
from feedbackminer.topics.labels import UNSORTED, Labels
from feedbackminer.topics.matching import LineageEvent
from feedbackminer.topics.model import TopicModel
from feedbackminer.topics.multilabel import SecondaryTopic
from feedbackminer.topics.own_clusterer import clusterer_code
from feedbackminer.vectors import Matrix


@dataclass(frozen=True)
class Provenance:
    """What topics are made with: the encoder behind the vectors, and the run."""

    encoder: str
    run_id: str

    def fitted_as(self, settings: TopicSettings) -> str:
        """Return what decides whether topics of an earlier run are of the same kind."""
        return f"{self.encoder}|{hash_settings(settings)}{clusterer_code(settings.clusterer)}"


@dataclass(frozen=True)
class FitRecord:
    """The fit that topics come from, as their rows keep it."""

    fitted_as: str
    fitted_in: str  # run_id
    fitted_on: int  # texts
    resolution: float | None


@dataclass(frozen=True)
class Level:
    """Themes, topics or subtopics, numbered 0..k-1.

    ``labels``: which of them each post is in, -1 where none; ``parents``: which of the level above
    each of them is in, -1 where none.
    """

    ids: Sequence[str]
    labels: Labels
    parents: Labels
    centroids: Matrix

    @classmethod
    def empty(cls, n_posts: int) -> Level:
        """Hold none of the posts."""
        nowhere = np.full(n_posts, UNSORTED)
        return cls([], nowhere, nowhere[:0], np.zeros((0, 0), dtype=np.float32))

    def ids_of_posts(self) -> list[str | None]:
        """Return the id that each post has on this level."""
        return [self.ids[label] if label != UNSORTED else None for label in self.labels]


@dataclass(frozen=True)
class TopicSet:
    """Topics with the ids they keep, neither named nor corrected yet.

    ``scores``: cosine of each post to the centroid of its topic. Of an update, the first
    ``n_kept`` topics stand as they did, with the themes and subtopics there were; of a refit
    (``n_kept`` = 0) everything is new, and what is not found again is retired.
    """

    model: TopicModel
    themes: Level
    topics: Level
    subtopics: Level
    scores: NDArray[np.float64]
    secondary: Sequence[SecondaryTopic]
    record: FitRecord
    stability: Sequence[float]
    n_kept: int = 0
    given_names: Mapping[int, str] = field(default_factory=dict)
    events: Sequence[LineageEvent] = ()
    notices: Sequence[str] = ()

    @classmethod
    def empty(cls, record: FitRecord) -> TopicSet:
        """Hold no topic, of no post."""
        return cls(
            model=TopicModel.empty(),
            themes=Level.empty(0),
            topics=Level.empty(0),
            subtopics=Level.empty(0),
            scores=np.zeros(0),
            secondary=(),
            record=record,
            stability=(),
        )
