"""How well each post answers a question: by its meaning, and by the words that matter.

Ranks by vectors and by BM25 are fused (reciprocal rank fusion, Cormack, Clarke and Büttcher 2009,
doi:10.1145/1571941.1572114). Whether a post *speaks on it* is no question of rank, for something is
always nearest: it is decided from two numbers that mean the same in every community.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from feedbackminer.search.corpus import Corpus
from feedbackminer.search.question import Question
from feedbackminer.vectors import Matrix

Scores = NDArray[np.float32]
SATURATION, BY_LENGTH = 1.2, 0.75  # of BM25, Robertson and Zaragoza 2009, doi:10.1561/1500000019
OF_HEADING = 0.5  # what a word in the title of the thread counts for, beside one in the text
COVERED_BY_HEADING = 0.7  # how far such a word is covered, where the text lacks it
FLATTEN = 60  # of the fusion: as its authors have it
# From which likeness + coverage a post speaks on the matter, and from which likeness at all: one
# word that is named says little of what is meant. Tuned as decision 0022 tells.
SPEAKS, ALIKE = 0.85, 0.25
SAME = 0.5  # likeness that stands in for the rarest word of a question; for a name nothing does
NAMED = 3.0  # rarity from which a name has to stand in it: of what 5 % of the posts say, at most


@dataclass(frozen=True)
class Evidence:
    """What tells of each post of a corpus that it answers a question, one number each.

    Attributes:
        likeness: cosine of question and passage, -1 to 1; 0 of a post without a vector.
        coverage: which part of the question's words stands in it, 0 to 1, rare ones counting most.
        names_it: whether its names and numbers stand in it.
        has_rarest: whether the rarest of its words does.
        rank_score: the fused ranks; the higher, the better.
    """

    likeness: Scores
    coverage: Scores
    names_it: NDArray[np.bool_]
    has_rarest: NDArray[np.bool_]
    rank_score: Scores

    @property
    def speaks(self) -> NDArray[np.bool_]:
        """Tell which posts speak on the matter."""
        is_near = (self.likeness + self.coverage >= SPEAKS) & (self.likeness >= ALIKE)
        is_meant: NDArray[np.bool_] = self.has_rarest | (self.likeness >= SAME)
        return is_near & self.names_it & is_meant


def weigh(question: Question, vector: Matrix, corpus: Corpus) -> Evidence:
    """Return how well each post answers a question.

    Args:
        vector: of the question, by the encoder of the corpus.
    """
    likeness = _likeness(vector, corpus)
    words, heading = _counts(question, corpus.posts)
    n_with = (words > 0).sum(axis=0)
    rarity = np.log1p((len(words) - n_with + 0.5) / (n_with + 0.5)).astype(np.float32)
    covered = np.maximum(words > 0, COVERED_BY_HEADING * heading)
    names = [number for number in sorted(question.names) if rarity[number] > NAMED]
    lexical = _bm25(words + OF_HEADING * heading, rarity, corpus.posts["n_words"].to_numpy())
    return Evidence(
        likeness=likeness,
        coverage=(covered @ rarity / max(rarity.sum(), 1e-9)).astype(np.float32),
        names_it=(covered[:, names] > 0).all(axis=1),
        has_rarest=covered[:, int(rarity.argmax())] > 0,
        rank_score=_fused(likeness) + _fused(lexical),
    )


def _likeness(vector: Matrix, corpus: Corpus) -> Scores:
    best = np.full(len(corpus.posts), -np.inf, np.float32)
    if len(corpus.vectors):
        np.maximum.at(best, corpus.rows, corpus.vectors @ vector)
    return np.where(np.isfinite(best), best, 0).astype(np.float32)


def _counts(question: Question, posts: pl.DataFrame) -> tuple[Scores, Scores]:
    """Return how often each concept stands in each text, and whether in its thread's title."""
    in_text = [pl.col("words").str.count_matches(concept) for concept in question.concepts]
    in_heading = [pl.col("heading").str.contains(concept) for concept in question.concepts]
    words, heading = (
        posts.select(expr.alias(str(n)) for n, expr in enumerate(exprs)).to_numpy()
        for exprs in (in_text, in_heading)
    )
    return words.astype(np.float32), heading.astype(np.float32)


def _bm25(counts: Scores, rarity: Scores, lengths: NDArray[np.int64]) -> Scores:
    usual = max(float(lengths.mean()), 1.0) if len(lengths) else 1.0
    dampened = SATURATION * (1 - BY_LENGTH + BY_LENGTH * lengths / usual)
    weighed = counts * (SATURATION + 1) / (counts + dampened[:, None])
    scores: Scores = (weighed @ rarity).astype(np.float32)
    return scores


def _fused(scores: Scores) -> Scores:
    """Return what a ranking gives to each post; nothing to those without a score."""
    ranks = np.empty(len(scores), np.float32)
    ranks[np.argsort(-scores, kind="stable")] = np.arange(1, len(scores) + 1)
    fused: Scores = np.where(scores > 0, 1 / (FLATTEN + ranks), 0).astype(np.float32)
    return fused
