"""Names topics by what marks them: the posts to read, and the words that tell them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from feedbackminer.topics.corpus import Corpus, distinct_posts, nearest_posts
from feedbackminer.topics.features import LEARNT_FROM
from feedbackminer.topics.labels import Labels, evenly_spaced
from feedbackminer.topics.naming.ctfidf import class_words
from feedbackminer.topics.naming.marks import Marks
from feedbackminer.topics.naming.phrases import (
    Name,
    PhraseReader,
    greeted_names,
    marking_words,
    name_topics,
)
from feedbackminer.topics.naming.words import WordUse

EXAMPLE_CHARS = 400  # of a post, that a name is drawn from


@dataclass(frozen=True)
class Namer:
    """Names topics by what their nearest posts say.

    Attributes:
        read: indices of the posts whose words tell topics apart: all, or evenly spaced ones.
    """

    corpus: Corpus
    read: Labels
    use: WordUse
    reader: PhraseReader

    @classmethod
    def of(cls, corpus: Corpus, nlp: Any, ignore: Iterable[str]) -> Self:
        """Learn which words stand where, and which are somebody's name."""
        read = evenly_spaced(len(corpus), LEARNT_FROM)
        passages = [corpus.passages[i] for i in read.tolist()]
        use = WordUse.of(passages, corpus.threads[read])
        words = {*ignore, *greeted_names(passages, use.n_capitalised())}
        return cls(
            corpus=corpus,
            read=read,
            use=use,
            reader=PhraseReader(nlp, frozenset(word.lower() for word in words)),
        )

    def name(
        self,
        labels: Labels,
        scores: NDArray[np.float64],
        carried: Sequence[str | None],
        n_examples: int,
        used: Iterable[str] = (),
    ) -> dict[int, Name]:
        """Name topics 0..k-1; those that carry a name keep it, and no two get the same."""
        passages, of_read = self.corpus.passages, labels[self.read]
        nothing: dict[int, dict[str, float]] = {topic: {} for topic in range(len(carried))}
        weights = nothing | class_words(self.use, of_read)
        weigh = Marks.of(self.use, of_read).weight
        examples = {}
        for topic in (i for i, label in enumerate(carried) if not label):
            nearest = self._of_each_thread(nearest_posts(labels, scores, topic))
            chosen = distinct_posts(self.corpus.original_ids, nearest, n_examples)
            examples[topic] = [passages[i][:EXAMPLE_CHARS] for i in chosen]

        taken = [*used, *(label for label in carried if label)]
        names = name_topics(examples, weights, weigh=weigh, reader=self.reader, taken=taken)
        for topic, label in enumerate(carried):
            if label:
                marks = partial(weigh, topic=topic)
                keywords = marking_words(weights[topic], marks, self.reader.ignore)
                names[topic] = Name(label, tuple(keywords))
        return names

    def _of_each_thread(self, order: Labels) -> Labels:
        """Return posts in this order, but the first of each thread before all second ones."""
        nth: Counter[int] = Counter()
        turn = []
        for thread in self.corpus.threads[order].tolist():
            turn.append(nth[thread])
            nth[thread] += 1
        return order[np.argsort(turn, kind="stable")]
