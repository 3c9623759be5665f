"""How well each post answers a question: by its meaning, its thread, and the words that matter.

One number tells which posts answer best, and from a bar on which *speak on it*, where the names of
the question stand there, too: something is always nearest, so a rank cannot say whether anybody
spoke. It adds the cosine of question and post, that of the
thread (who answers in a thread about batteries need not name them), both beyond what they are of
posts that name nothing of it, and the part of the question's words that stand there, rare ones
counting most: BM25 whose k1 is 0, as a share of the most that a post can have (Robertson and
Zaragoza 2009, doi:10.1561/1500000019).
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
# Tuned as decision 0022 tells: what the likeness of the thread and the words weigh, and the sum
# from which a post speaks on the matter.
OF_THREAD, OF_WORDS, SPEAKS = 0.7, 0.8, 1.05
NEAREST = 3  # posts of a thread whose mean likeness is the thread's
IN_HEADING, IN_THREAD = 0.7, 0.5  # what a word counts in the title, or elsewhere in the thread
NAMED = 3.0  # rarity from which a name has to stand there: of what 5 % of the posts say, at most


@dataclass(frozen=True)
class Evidence:
    """What tells of each post of a corpus that it answers a question.

    Attributes:
        score: the higher, the better.
        names_it: whether the question's names and numbers stand in it, or in its thread.
    """

    score: Scores
    names_it: NDArray[np.bool_]

    @property
    def speaks(self) -> NDArray[np.bool_]:
        """Tell which posts speak on the matter."""
        is_near: NDArray[np.bool_] = self.score >= SPEAKS
        return is_near & self.names_it


def weigh(question: Question, vector: Matrix, corpus: Corpus) -> Evidence:
    """Return how well each post answers a question.

    Args:
        vector: of the question, by the encoder of the corpus.
    """
    threads = corpus.posts.select(thread=pl.coalesce("thread_id", "post_id"))["thread"]
    likeness = _likeness(vector, corpus)
    covered, n_with = _covered(question, corpus.posts.with_columns(place=threads))
    rarity = np.log1p((len(covered) - n_with + 0.5) / (n_with + 0.5)).astype(np.float32)
    coverage = covered @ rarity / max(float(rarity.sum()), 1e-9)
    nearness = likeness + OF_THREAD * _of_thread(likeness, threads)
    of_else = nearness[coverage == 0]
    usual = float(of_else.mean()) if len(of_else) else 0.0
    names = [number for number in sorted(question.names) if rarity[number] > NAMED]
    names_it: NDArray[np.bool_] = np.all(covered[:, names] > 0, axis=1)
    return Evidence(
        score=nearness - usual + OF_WORDS * coverage,
        names_it=names_it,
    )


def _likeness(vector: Matrix, corpus: Corpus) -> Scores:
    """Return the cosine of question and nearest passage; 0 of a post without a vector."""
    best = np.full(len(corpus.posts), -np.inf, np.float32)
    if len(corpus.vectors):
        np.maximum.at(best, corpus.rows, corpus.vectors @ vector)
    return np.where(np.isfinite(best), best, 0).astype(np.float32)


def _of_thread(likeness: Scores, threads: pl.Series) -> Scores:
    """Return for each post the mean likeness of the nearest posts of its thread."""
    frame = pl.DataFrame({"thread": threads, "likeness": likeness})
    nearest = pl.col("likeness").top_k(NEAREST).mean()
    means = frame.group_by("thread").agg(nearest.alias("mean"))
    joined = frame.join(means, on="thread", how="left", maintain_order="left")
    return joined["mean"].to_numpy().astype(np.float32)


def _covered(question: Question, posts: pl.DataFrame) -> tuple[Scores, Scores]:
    """Return how far each concept stands in each post, and how many posts have it in the text."""
    in_text = [pl.col("words").str.contains(concept) for concept in question.concepts]
    in_heading = [pl.col("heading").str.contains(concept) for concept in question.concepts]
    said = posts.select("place", *(expr.alias(str(n)) for n, expr in enumerate(in_text)))
    names = said.columns[1:]
    in_thread = said.select(pl.col(names).any().over("place"))
    text, heading, thread = (
        frame.to_numpy().astype(np.float32)
        for frame in (
            said.select(names),
            posts.select(expr.alias(str(n)) for n, expr in enumerate(in_heading)),
            in_thread,
        )
    )
    covered = np.maximum(np.maximum(text, IN_HEADING * heading), IN_THREAD * thread)
    return covered, text.sum(axis=0)
