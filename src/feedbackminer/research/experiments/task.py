"""What a method of an experiment is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from feedbackminer.embed.encoder import Encoder
from feedbackminer.research.benchmarks.key_points import Debates
from feedbackminer.research.experiments.data import Items
from feedbackminer.research.experiments.measures import NO_LABEL, Outcome
from feedbackminer.settings.sections import Settings
from feedbackminer.vocabulary.tags import UNSURE

USUAL_TOPICS = 20  # of who has to be told how many, where no labels tell it
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """Texts and all that a method is told.

    Attributes:
        ids: of the texts.
        words: of each text, see :func:`methods.words_of`; none where the stage has no topics.
        items: what the texts are of, where they are of more.
        n_histories, members: see :class:`spec.Spec`.
    """

    ids: Sequence[str]
    texts: Sequence[str]
    words: Sequence[Sequence[str]]
    gold: Sequence[str]
    settings: Settings
    seed: int
    encoder: Encoder
    items: Items
    n_histories: int
    members: int

    @property
    def tables(self) -> Mapping[str, pl.DataFrame]:
        """Return the tables of the project."""
        return self.items.tables

    @property
    def debates(self) -> Debates:
        """Return the arguments and key points."""
        if self.items.debates is None:
            raise TypeError("this stage has no key points")
        return self.items.debates

    @property
    def n_topics(self) -> int:
        """Return how many labels there are, for those who have to be told."""
        return len({*self.gold} - {NO_LABEL}) or USUAL_TOPICS

    @cached_property
    def vectors(self) -> NDArray[np.float32]:
        """Return what each text means, unit rows."""
        return self.encoder.encode(self.texts).vectors

    def topics(self, numbers: Sequence[int], words: Sequence[Sequence[str]]) -> Outcome:
        """Return topics that were found, numbered from 0; a number below 0 is none."""
        given = [f"t{n}" if n >= 0 else NO_LABEL for n in numbers]
        words_of = {f"t{n}": of_topic for n, of_topic in enumerate(words)}
        return Outcome.of(self.gold, given, words=words_of, texts=self.words)

    def tags(self, chances: Matrix, classes: Sequence[str]) -> Outcome:
        """Return labels that were given: the likeliest of each text."""
        given = [classes[column] for column in chances.argmax(axis=1)]
        return Outcome.of(self.gold, given, chances=chances, classes=classes)

    def labels(self, given: Iterable[str]) -> Outcome:
        """Return labels that were given without probabilities."""
        return Outcome.of(self.gold, [NO_LABEL if label == UNSURE else label for label in given])
