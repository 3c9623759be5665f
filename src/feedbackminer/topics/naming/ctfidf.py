"""The words that tell a topic from the others."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import chain

import numpy as np

from feedbackminer.topics.labels import UNSORTED, Labels
from feedbackminer.topics.naming.stopwords import STOP_WORDS, WORD


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
