"""The words that tell a topic from the others."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np

from feedbackminer.topics.labels import UNSORTED, Labels
from feedbackminer.topics.naming.stopwords import STOPS
from feedbackminer.topics.naming.words import WordUse
from feedbackminer.vectors import sums


def class_words(use: WordUse, labels: Labels) -> dict[int, dict[str, float]]:
    """Return each topic's words with their c-TF-IDF weight (Grootendorst 2022).

    Unsorted passages count as one more class: what they say marks no topic.
    """
    weights: dict[int, dict[str, float]] = {
        topic: {} for topic in range(int(labels.max(initial=UNSORTED)) + 1)
    }
    numbers, small = use.folded(str.lower)
    words = [word for word in numbers if word not in STOPS]
    if not words:
        return weights
    if len(words) == 1:  # c-TF-IDF wants two
        return {topic: {words[0]: 1.0} for topic in weights}

    classes, class_of = np.unique(labels, return_inverse=True)
    counts = sums(use.counts, class_of, len(classes)) @ small[:, [numbers[w] for w in words]]
    transformer = _transformer()(reduce_frequent_words=True, bm25_weighting=True)
    matrix = transformer.fit_transform(counts).tocsr()
    for topic, row in zip(classes.tolist(), matrix, strict=True):
        if topic != UNSORTED:
            of_topic = [words[column] for column in row.indices]
            weights[topic] = dict(zip(of_topic, row.data.tolist(), strict=True))
    return weights


@cache
def _transformer() -> Any:
    """Return BERTopic's ``ClassTfidfTransformer``, out of its own file.

    Importing it by name runs BERTopic's package, which imports UMAP, HDBSCAN and Plotly: twelve
    seconds of every run, for a class that needs scikit-learn alone.
    """
    package = find_spec("bertopic")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("No module named 'bertopic'")
    file = Path(package.origin).parent / "vectorizers" / "_ctfidf.py"
    spec = spec_from_file_location("bertopic_ctfidf", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file}: cannot be imported")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.ClassTfidfTransformer
