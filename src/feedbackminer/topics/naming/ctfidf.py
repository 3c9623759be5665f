"""The words that tell a topic from the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from feedbackminer.topics.labels import UNSORTED, Labels
from feedbackminer.topics.naming.stopwords import STOP_WORDS, WORD


def class_words(passages: Sequence[str], labels: Labels) -> dict[int, dict[str, float]]:
    """Return each topic's words with their c-TF-IDF weight (Grootendorst 2022).

    Unsorted passages count as one more class: what they say marks no topic.
    """
    from bertopic.vectorizers import ClassTfidfTransformer
    from sklearn.feature_extraction.text import CountVectorizer

    weights: dict[int, dict[str, float]] = {
        topic: {} for topic in range(int(labels.max(initial=UNSORTED)) + 1)
    }
    classes = np.unique(labels).tolist()
    joined = [
        " ".join(passages[i] for i in np.flatnonzero(labels == label).tolist()) for label in classes
    ]
    counter = CountVectorizer(token_pattern=WORD, stop_words=STOP_WORDS)
    try:
        counts = counter.fit_transform(joined)
    except ValueError:  # no word is left
        return weights

    words = counter.get_feature_names_out()
    if len(words) == 1:  # c-TF-IDF wants two
        return {topic: {words[0]: 1.0} for topic in weights}
    transformer = ClassTfidfTransformer(reduce_frequent_words=True, bm25_weighting=True)
    matrix = transformer.fit_transform(counts).tocsr()
    for topic, row in zip(classes, matrix, strict=True):
        if topic != UNSORTED:
            weights[topic] = dict(zip(words[row.indices], row.data.tolist(), strict=True))
    return weights
