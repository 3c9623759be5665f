"""What is known of topics: enough to tell which of them a new passage belongs to.

A passage's evidence for a topic is its cosine to the topic's centroid plus that of its words: naive
Bayes over the words that speak for the topic, on top of a von Mises-Fisher mixture
(Banerjee et al. 2005, JMLR 6).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from feedbackminer.topics.features import Features, Lexicon, meaning
from feedbackminer.topics.labels import UNSORTED, Labels, relabel_by_size
from feedbackminer.vectors import BLOCK, Matrix, as_stored, sums, unit

CONCENTRATION = 20.0  # of the mixture: what a cosine counts against a log-likelihood
WORDS_KEPT = 300  # per topic
PRIOR = 10.0  # words of the whole community that each topic is taken to hold beforehand
ROUNDS = 4
ROUNDING = 1e-6


@dataclass(frozen=True)
class TopicModel:
    """Centroids, shape (topics, dimensions), log-likelihood ratios, shape (topics, words)."""

    lexicon: Lexicon
    centroids: Matrix
    ratios: csr_matrix
    floors: NDArray[np.float64]  # the cosine from which a passage belongs to the topic
    typical: NDArray[np.float64]  # the median cosine of those that do
    part_floors: NDArray[np.float64]  # the cosine from which a part of another topic's post does

    @classmethod
    def empty(cls) -> TopicModel:
        """Know no topic at all."""
        nothing = np.zeros(0)
        return cls(
            lexicon=Lexicon.empty(),
            centroids=np.zeros((0, 0), dtype=np.float32),
            ratios=csr_matrix((0, 0)),
            floors=nothing,
            typical=nothing,
            part_floors=nothing,
        )

    def __len__(self) -> int:
        return len(self.centroids)

    def take(self, topics: Labels) -> TopicModel:
        """Return the model of some of the topics."""
        return TopicModel(
            lexicon=self.lexicon,
            centroids=self.centroids[topics],
            ratios=self.ratios[topics],
            floors=self.floors[topics],
            typical=self.typical[topics],
            part_floors=self.part_floors[topics],
        )

    def extended_by(self, other: TopicModel) -> TopicModel:
        """Return the model of these topics and, after them, those of another."""
        return TopicModel(
            lexicon=self.lexicon,
            centroids=np.vstack([self.centroids, other.centroids]),
            ratios=vstack([self.ratios, other.ratios]).tocsr(),
            floors=np.append(self.floors, other.floors),
            typical=np.append(self.typical, other.typical),
            part_floors=np.append(self.part_floors, other.part_floors),
        )

    def evidence(self, features: Features) -> NDArray[np.float64]:
        """Return how much speaks for each topic, shape (passages, topics)."""
        present = _presence(features.tfidf)
        n_words = np.asarray(present.sum(axis=1)).ravel()
        of_words = (present @ self.ratios.T).toarray() * 2
        of_words = of_words / np.sqrt(np.maximum(n_words, 1))[:, None]
        evidence: NDArray[np.float64] = (
            CONCENTRATION * (features.joint @ self.centroids.T) + of_words
        )
        return evidence

    def nearest(self, features: Features) -> Labels:
        """Return the topic that most speaks for each passage, however little."""
        chosen: Labels = self.evidence(features).argmax(axis=1).astype(np.int64)
        return chosen

    def cosines(self, features: Features, labels: Labels) -> Matrix:
        """Return each passage's cosine to its topic's centroid; anything where it has no topic."""
        of_topic = self.centroids[np.maximum(labels, 0)]
        cosines: Matrix = np.einsum("ij,ij->i", features.joint, of_topic)
        return cosines

    def assign(self, features: Features) -> Labels:
        """Return the topic of each passage, -1 where it is too far from all."""
        if not len(self) or not len(features):
            return np.full(len(features), UNSORTED)
        return self.look_up(features).accepted(self)

    def look_up(self, features: Features) -> Nearest:
        """Return the topic that most speaks for each passage; there is a topic."""
        labels = self.nearest(features)
        return Nearest(labels, self.cosines(features, labels))


@dataclass(frozen=True)
class Nearest:
    """The topic that most speaks for each passage, and its cosine to that topic's centroid."""

    labels: Labels
    cosines: Matrix

    @classmethod
    def join(cls, blocks: Iterable[Nearest]) -> Nearest:
        """Put blocks of passages one after another; there is one at least."""
        labels, cosines = zip(*((each.labels, each.cosines) for each in blocks), strict=True)
        return cls(np.concatenate(labels), np.concatenate(cosines))

    def accepted(self, model: TopicModel) -> Labels:
        """Return the topic of each passage, -1 where it is too far from all."""
        return np.where(self.cosines >= model.floors[self.labels], self.labels, UNSORTED)


def describe(lexicon: Lexicon, blocks: Iterable[Features], labels: Labels) -> TopicModel:
    """Return the model of topics 0..k-1; every passage is near enough to them yet.

    Args:
        blocks: features of the passages, in the order of ``labels``.
    """
    count = int(labels.max(initial=UNSORTED)) + 1
    directions: Any = 0
    words: Any = csr_matrix((count, len(lexicon.vocabulary)))
    start = 0
    for features in blocks:
        of_block = labels[start : start + len(features)]
        directions = directions + sums(features.joint, of_block, count)
        words = words + sums(_presence(features.tfidf), of_block, count)
        start += len(features)
    return TopicModel(
        lexicon=lexicon,
        centroids=as_stored(unit(directions)),
        ratios=_ratios(words.toarray()),
        floors=np.full(count, -1.0),
        typical=np.full(count, 1.0),
        part_floors=np.full(count, 1.0),
    )


def refine(
    lexicon: Lexicon, features: Features, labels: Labels, *, min_size: int
) -> tuple[TopicModel, Labels]:
    """Move documents to the topic that most speaks for, and describe the topics again.

    A topic that thereby falls below ``min_size`` is given up.
    """
    for _ in range(ROUNDS):
        nearest = describe(lexicon, [features], labels).nearest(features)
        kept = relabel_by_size(nearest, min_size)
        if kept.max(initial=UNSORTED) == UNSORTED:  # so small that nothing would be left
            break
        labels = kept
    return describe(lexicon, [features], labels), labels


def calibrate(model: TopicModel, cosines: Matrix, labels: Labels, quantile: float) -> TopicModel:
    """Set each topic's floor: the cosine that all but ``quantile`` of its own passages reach.

    Args:
        cosines: of each passage to the centroid of its topic.
    """
    floors, typical = np.full(len(model), -1.0), np.full(len(model), 1.0)
    for topic in np.unique(labels[labels >= 0]):
        inside = cosines[labels == topic]
        floors[topic] = np.quantile(inside, quantile) - ROUNDING
        typical[topic] = np.median(inside)
    return replace(model, floors=floors, typical=typical)


def strongest_words(model: TopicModel, topic: int) -> dict[str, float]:
    """Return the words that speak for a topic, with their log-likelihood ratios."""
    row = model.ratios[topic].tocsr()
    vocabulary = model.lexicon.vocabulary
    return {vocabulary[i]: float(v) for i, v in zip(row.indices, row.data, strict=True)}


def ratios_of(lexicon: Lexicon, words_of: Sequence[dict[str, float]]) -> csr_matrix:
    """Return what :func:`strongest_words` said of each topic as a matrix again."""
    column = {word: i for i, word in enumerate(lexicon.vocabulary)}
    cells = [
        (topic, column[word], ratio)
        for topic, ratios in enumerate(words_of)
        for word, ratio in ratios.items()
        if word in column
    ]
    rows, columns, values = zip(*cells, strict=True) if cells else ((), (), ())
    return csr_matrix((values, (rows, columns)), shape=(len(words_of), len(column)))


def _presence(tfidf: csr_matrix) -> csr_matrix:
    """Return 1 for each word that a passage has."""
    present = tfidf.copy()
    present.data = np.ones_like(present.data)
    return present


def _ratios(counts: NDArray[np.float64]) -> csr_matrix:
    """Return log p(word | topic) / p(word) where positive, the strongest words of each topic.

    Args:
        counts: of each word in the passages of each topic, shape (topics, words).
    """
    total = counts.sum(axis=0)
    usual = (total + 1) / (total.sum() + len(total))
    in_topic = (counts + PRIOR * usual) / (counts.sum(axis=1, keepdims=True) + PRIOR)
    ratios = np.maximum(np.log(in_topic / usual), 0)

    if counts.shape[1] > WORDS_KEPT:
        gain = ratios * counts
        least = -np.partition(-gain, WORDS_KEPT, axis=1)[:, WORDS_KEPT][:, None]
        ratios = np.where(gain > least, ratios, 0)
    return csr_matrix(ratios)


def own_scores(model: TopicModel, vectors: Matrix, labels: Labels) -> NDArray[np.float64]:
    """Return each post's own cosine to the centroid of its topic, its thread left aside."""
    meanings = meaning(model.centroids)
    scores = np.zeros(len(labels))
    for start in range(0, len(labels), BLOCK):
        rows = slice(start, start + BLOCK)
        of_topic = meanings[np.maximum(labels[rows], 0)]
        scores[rows] = np.einsum("ij,ij->i", vectors[rows], of_topic)
    return scores
