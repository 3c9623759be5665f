"""What is known of topics: enough to tell which of them a new passage belongs to.

A passage's evidence for a topic is its cosine to the topic's centre plus that of its words: naive
Bayes over the words that speak for the topic, on top of a von Mises-Fisher mixture
(Banerjee et al. 2005, JMLR 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from feedbackminer.topics.features import Words, meaning
from feedbackminer.topics.labels import UNSORTED, Labels, without_dust
from feedbackminer.vectors import Matrix, as_stored, centres

CONCENTRATION = 20.0  # of the mixture: what a cosine counts against a log-likelihood
WORDS_KEPT = 300  # per topic
PRIOR = 10.0  # words of the whole community that each topic is taken to hold beforehand
ROUNDS = 4
ROUNDING = 1e-6


@dataclass(frozen=True)
class TopicModel:
    """Centres, shape (topics, dimensions), and log-likelihood ratios, shape (topics, words)."""

    words: Words
    centres: Matrix
    ratios: csr_matrix
    floors: NDArray[np.float64]  # the cosine from which a passage belongs to the topic
    typical: NDArray[np.float64]  # the median cosine of those that do
    part_floors: NDArray[np.float64]  # the cosine from which a part of another topic's post does

    def of(self, topics: Labels) -> TopicModel:
        """Return the model of some of the topics."""
        return TopicModel(
            self.words,
            self.centres[topics],
            self.ratios[topics],
            self.floors[topics],
            self.typical[topics],
            self.part_floors[topics],
        )

    def joined_by(self, other: TopicModel) -> TopicModel:
        """Return the model of these topics and, after them, those of another."""
        return TopicModel(
            self.words,
            np.vstack([self.centres, other.centres]),
            vstack([self.ratios, other.ratios]).tocsr(),
            np.append(self.floors, other.floors),
            np.append(self.typical, other.typical),
            np.append(self.part_floors, other.part_floors),
        )

    def evidence(self, joined: Matrix, weights: csr_matrix) -> NDArray[np.float64]:
        """Return how much speaks for each topic, shape (passages, topics)."""
        present = weights.copy()
        present.data = np.ones_like(present.data)
        n_words = np.asarray(present.sum(axis=1)).ravel()
        spoken = (present @ self.ratios.T).toarray() * 2 / np.sqrt(np.maximum(n_words, 1))[:, None]
        told: NDArray[np.float64] = CONCENTRATION * (joined @ self.centres.T) + spoken
        return told

    def nearest(self, joined: Matrix, weights: csr_matrix) -> Labels:
        """Return the topic that most speaks for, however little."""
        chosen: Labels = self.evidence(joined, weights).argmax(axis=1).astype(np.int64)
        return chosen

    def assign(self, joined: Matrix, weights: csr_matrix) -> tuple[Labels, NDArray[np.float64]]:
        """Return topic (-1 where too far from it) and cosine to its centre, per passage."""
        if not len(self.centres) or not len(joined):
            return np.full(len(joined), UNSORTED), np.zeros(len(joined))
        chosen = self.nearest(joined, weights)
        cosine = np.einsum("ij,ij->i", joined, self.centres[chosen]).astype(np.float64)
        return np.where(cosine >= self.floors[chosen], chosen, UNSORTED), cosine


def describe(words: Words, joined: Matrix, weights: csr_matrix, labels: Labels) -> TopicModel:
    """Return the model of topics 0..k-1; every passage is near enough to them yet."""
    count = int(labels.max(initial=UNSORTED)) + 1
    return TopicModel(
        words,
        as_stored(centres(joined, labels)),
        _ratios(weights, labels, count),
        np.full(count, -1.0),
        np.full(count, 1.0),
        np.full(count, 1.0),
    )


def refine(
    words: Words, joined: Matrix, weights: csr_matrix, labels: Labels, *, min_size: int
) -> tuple[TopicModel, Labels]:
    """Move documents to the topic that most speaks for, and describe the topics again.

    A topic that thereby falls below ``min_size`` is given up.
    """
    for _ in range(ROUNDS):
        moved = describe(words, joined, weights, labels).nearest(joined, weights)
        kept = without_dust(moved, min_size)
        if kept.max(initial=UNSORTED) == UNSORTED:  # so small that nothing would be left
            break
        labels = kept
    return describe(words, joined, weights, labels), labels


def calibrated(model: TopicModel, joined: Matrix, own: Labels, quantile: float) -> TopicModel:
    """Set each topic's floor: the cosine that all but ``quantile`` of its own passages reach."""
    cosine = np.einsum("ij,ij->i", joined, model.centres[np.maximum(own, 0)])
    floors, typical = np.full(len(model.centres), -1.0), np.full(len(model.centres), 1.0)
    for topic in np.unique(own[own >= 0]):
        inside = cosine[own == topic]
        floors[topic] = np.quantile(inside, quantile) - ROUNDING
        typical[topic] = np.median(inside)
    return replace(model, floors=floors, typical=typical)


def strongest_words(model: TopicModel, topic: int) -> dict[str, float]:
    """Return the words that speak for a topic, with their log-likelihood ratios."""
    row = model.ratios[topic].tocsr()
    return {model.words.vocabulary[i]: float(v) for i, v in zip(row.indices, row.data, strict=True)}


def ratios_of(words: Words, known: Sequence[dict[str, float]]) -> csr_matrix:
    """Return what :func:`strongest_words` said of each topic as a matrix again."""
    place = {word: i for i, word in enumerate(words.vocabulary)}
    cells = [
        (row, place[w], ratio) for row, of in enumerate(known) for w, ratio in of.items()
        if w in place
    ]  # fmt: skip
    rows, columns, values = zip(*cells, strict=True) if cells else ((), (), ())
    return csr_matrix((values, (rows, columns)), shape=(len(known), len(place)))


def _ratios(weights: csr_matrix, labels: Labels, count: int) -> csr_matrix:
    """Return log p(word | topic) / p(word) where positive, the strongest words of each topic."""
    present = weights.copy()
    present.data = np.ones_like(present.data)
    members = np.flatnonzero(labels >= 0)
    belongs = csr_matrix(
        (np.ones(len(members)), (labels[members], members)), shape=(count, len(labels))
    )
    counts = (belongs @ present).toarray()
    total = counts.sum(axis=0)
    usual = (total + 1) / (total.sum() + len(total))
    own = (counts + PRIOR * usual) / (counts.sum(axis=1, keepdims=True) + PRIOR)
    ratios = np.maximum(np.log(own / usual), 0)
    if counts.shape[1] > WORDS_KEPT:
        gain = ratios * counts
        least = -np.partition(-gain, WORDS_KEPT, axis=1)[:, WORDS_KEPT][:, None]
        ratios = np.where(gain > least, ratios, 0)
    return csr_matrix(ratios)


def own_scores(model: TopicModel, vectors: Matrix, labels: Labels) -> NDArray[np.float64]:
    """Return each post's own cosine to the centre of its topic, its thread left aside."""
    middle = meaning(model.centres)
    scores: NDArray[np.float64] = np.einsum(
        "ij,ij->i", vectors, middle[np.maximum(labels, 0)]
    ).astype(np.float64)
    return scores


def nearest_part(posts: Matrix, labels: Labels, part_of: list[int], middle: Matrix) -> Labels:
    """Return the subtopic whose centre is nearest, of those of the post's own topic."""
    chosen = np.full(len(posts), UNSORTED)
    topic_of = np.array(part_of, dtype=np.int64)
    for topic in np.unique(topic_of):
        parts = np.flatnonzero(topic_of == topic)
        inside = np.flatnonzero(labels == topic)
        chosen[inside] = parts[(posts[inside] @ middle[parts].T).argmax(axis=1)]
    return chosen
