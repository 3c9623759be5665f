"""Parts of a user's own, as docs/extend.md shows them: ten lines each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import AgglomerativeClustering
from sklearn.feature_extraction.text import HashingVectorizer

from feedbackminer.tagging.rule_tagger import RuleTagger
from feedbackminer.tagging.tagger import Tag, Text


class HashingEncoder:
    """Words hashed into 256 numbers."""

    def __init__(self) -> None:
        self.words = HashingVectorizer(n_features=256, stop_words="english")

    def encode(self, texts: Sequence[str]) -> NDArray[Any]:
        matrix: NDArray[Any] = self.words.transform(texts).toarray()
        return matrix


class FourGroups(AgglomerativeClustering):  # type: ignore[misc]
    """Scikit-learn's own clusterer, told how many."""

    def __init__(self) -> None:
        super().__init__(n_clusters=4, metric="cosine", linkage="average")


class SlowIsPerformance(RuleTagger):
    """Rules, and whoever says "molasses" speaks of performance."""

    def tag(self, texts: Sequence[Text]) -> Iterator[Tag]:
        for text, tag in zip(texts, super().tag(texts), strict=True):
            is_slow = "molasses" in text.passage.lower()
            yield replace(tag, kinds=(*tag.kinds, "performance")) if is_slow else tag


class LoudNamer:
    """The strongest word of a topic, in capitals."""

    def suggest(self, keywords: Sequence[str], posts: Sequence[str]) -> str:
        return f"{keywords[0].upper()} again"


class Broken:
    """Raises whatever it is asked."""

    def encode(self, texts: Sequence[str]) -> NDArray[Any]:
        raise RuntimeError("the weights are gone")

    def fit_predict(self, vectors: NDArray[Any]) -> NDArray[Any]:
        raise RuntimeError("too many dimensions")

    fit = fit_predict

    def tag(self, texts: Sequence[Text]) -> Iterator[Tag]:
        raise RuntimeError("no labels")

    def suggest(self, keywords: Sequence[str], posts: Sequence[str]) -> str:
        raise RuntimeError("no words")


class OneTooFew(Broken):
    """Answers, but not for all."""

    def encode(self, texts: Sequence[str]) -> NDArray[Any]:
        return np.ones((len(texts) - 1, 3))

    def fit_predict(self, vectors: NDArray[Any]) -> NDArray[Any]:
        return np.zeros(len(vectors) - 1, int)

    fit = fit_predict

    def tag(self, texts: Sequence[Text]) -> Iterator[Tag]:
        return iter(())
