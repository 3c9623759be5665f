"""What a topic's posts have in common: class-based TF-IDF, and the posts to name it by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from feedbackminer.topics.corpus import Corpus, distinct_posts, nearest_posts
from feedbackminer.topics.labels import Labels
from feedbackminer.topics.naming.ctfidf import class_words
from feedbackminer.topics.naming.phrases import (
    KEYWORDS,
    Name,
    common_words,
    distinct_words,
    greeted_names,
    name_topics,
)

EXAMPLE_CHARS = 400  # of a post, that a name is drawn from


@dataclass(frozen=True)
class Namer:
    """Names topics by what their nearest posts say."""

    passages: Sequence[str]
    original_ids: Sequence[str]
    nlp: Any
    ignore: frozenset[str]

    @classmethod
    def of(cls, corpus: Corpus, nlp: Any, ignore: Iterable[str], n_topics: int) -> Self:
        """Learn which words name nothing here: somebody's name, or what everybody talks of."""
        words = {*ignore, *greeted_names(corpus.passages)}
        if n_topics > 1:  # a community with one subject is named by it
            words |= common_words(corpus.passages)
        return cls(corpus.passages, corpus.original_ids, nlp, frozenset(words))

    def name(
        self,
        labels: Labels,
        scores: NDArray[np.float64],
        carried: Sequence[str | None],
        n_examples: int,
        used: Iterable[str] = (),
    ) -> dict[int, Name]:
        """Name topics 0..k-1; those that carry a name keep it, and no two get the same."""
        weights = class_words(self.passages, labels)
        examples = {}
        for topic in (i for i, label in enumerate(carried) if not label):
            nearest = nearest_posts(labels, scores, topic)
            chosen = distinct_posts(self.original_ids, nearest, n_examples)
            examples[topic] = [self.passages[i][:EXAMPLE_CHARS] for i in chosen]

        taken = [*used, *(label for label in carried if label)]
        names = name_topics(examples, weights, nlp=self.nlp, ignore=self.ignore, taken=taken)

        for topic, label in enumerate(carried):
            if label:
                keywords = distinct_words(weights[topic], {*self.ignore})[:KEYWORDS]
                names[topic] = Name(label, tuple(keywords))
        return names
