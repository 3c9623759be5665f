"""What a topic's posts have in common: BERTopic's class-based TF-IDF, and the posts to name it by.

The clusters are given: BERTopic's own sub-models for reduction and clustering are left out.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from feedbackminer.topics.cluster import UNSORTED, Labels
from feedbackminer.topics.corpus import Corpus
from feedbackminer.topics.names import (
    KEYWORDS,
    STOP_WORDS,
    WORD,
    Name,
    common_words,
    distinct_words,
    greeted_names,
    name_topics,
)

EXAMPLE_CHARS = 400  # of a post, that a name is drawn from
REPRESENTATIVES = 3  # posts that stand for a topic


def class_words(passages: Sequence[str], labels: Labels) -> dict[int, dict[str, float]]:
    """Return each topic's words with their c-TF-IDF weight (Grootendorst 2022)."""
    from bertopic import BERTopic
    from bertopic.cluster import BaseCluster
    from bertopic.dimensionality import BaseDimensionalityReduction
    from bertopic.vectorizers import ClassTfidfTransformer
    from sklearn.feature_extraction.text import CountVectorizer

    count = int(labels.max(initial=UNSORTED)) + 1
    counter = CountVectorizer(token_pattern=WORD, stop_words=STOP_WORDS)
    said = chain.from_iterable(map(counter.build_analyzer(), passages))
    first_word = next(said, None)
    if all(word == first_word for word in said):  # "hi, thanks": c-TF-IDF wants two words
        return dict.fromkeys(range(count), {first_word: 1.0} if first_word else {})
    model = BERTopic(
        language="multilingual",  # "english" would glue "emoncms.org" into "emoncmsorg"
        embedding_model=None,
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=BaseCluster(),
        vectorizer_model=counter,
        ctfidf_model=ClassTfidfTransformer(reduce_frequent_words=True, bm25_weighting=True),
        calculate_probabilities=False,
    )
    nowhere = np.zeros((len(passages), 1), dtype=np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given = model.fit_transform(list(passages), nowhere, y=labels)[0]
    words = model.vectorizer_model.get_feature_names_out()
    rows = model.c_tf_idf_.tocsr()
    first = 1 if UNSORTED in labels else 0  # row 0 is the unsorted bin, where there is one
    renamed = dict(zip(labels.tolist(), given, strict=True))  # BERTopic numbers them anew
    weights: dict[int, dict[str, float]] = {}
    for topic in range(count):
        weights[topic] = {}
        if topic in renamed:
            row = rows[renamed[topic] + first]
            weights[topic] = dict(zip(words[row.indices], row.data.tolist(), strict=True))
    return weights


def nearest_posts(labels: Labels, scores: NDArray[np.float64], topic: int) -> Labels:
    """Return the posts of a topic, nearest its centre first."""
    members = np.flatnonzero(labels == topic)
    order: Labels = members[np.argsort(-scores[members], kind="stable")]
    return order


def distinct_posts(said_first: Sequence[str], order: Labels, count: int) -> list[int]:
    """Return the first posts in this order of which no two say nearly the same."""
    seen: dict[str, int] = {}
    for i in order:
        seen.setdefault(said_first[i], int(i))
        if len(seen) == count:
            break
    return list(seen.values())


@dataclass(frozen=True)
class Namer:
    """Names topics by what their nearest posts say."""

    passages: Sequence[str]
    said_first: Sequence[str]
    nlp: Any
    ignore: frozenset[str]

    @classmethod
    def of(cls, corpus: Corpus, nlp: Any, ignore: Iterable[str], n_topics: int) -> Self:
        """Learn which words name nothing here: somebody's name, or what everybody talks of."""
        words = {*ignore, *greeted_names(corpus.passages)}
        if n_topics > 1:  # a community with one subject is named by it
            words |= common_words(corpus.passages)
        return cls(corpus.passages, corpus.said_first, nlp, frozenset(words))

    def name(
        self,
        labels: Labels,
        scores: NDArray[np.float64],
        given: Sequence[str | None],
        n_examples: int,
        used: Iterable[str] = (),
    ) -> dict[int, Name]:
        """Name topics 0..k-1; those that bear a name already keep it, and no two get the same."""
        weights = class_words(self.passages, labels)
        examples = {}
        for topic in (i for i, label in enumerate(given) if not label):
            nearest = nearest_posts(labels, scores, topic)
            chosen = distinct_posts(self.said_first, nearest, n_examples)
            examples[topic] = [self.passages[i][:EXAMPLE_CHARS] for i in chosen]
        taken = [*used, *(label for label in given if label)]
        names = name_topics(examples, weights, nlp=self.nlp, ignore=self.ignore, taken=taken)
        for topic, label in enumerate(given):
            if label:
                keywords = distinct_words(weights[topic], {*self.ignore})[:KEYWORDS]
                names[topic] = Name(label, tuple(keywords))
        return names
