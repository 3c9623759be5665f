"""Posts as the topics see them, and the documents that topics are found in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from feedbackminer.tables import Repeats, Segments, passage
from feedbackminer.topics.features import FeatureBlocks, Lexicon
from feedbackminer.topics.labels import Labels
from feedbackminer.vectors import BLOCK, Matrix, centroids, unit

REPRESENTATIVES = 3  # posts that stand for a topic

PASSAGE_CHARS = 600  # of each post that its thread's words are taken from


@dataclass(frozen=True)
class TopicInput:
    """Texts with all that is known of them: vectors, threads, which repeat others, their parts."""

    texts: pl.DataFrame  # the ``texts`` table
    vectors: Matrix  # unit rows, shape (len(texts), dimensions)
    threads: pl.Series  # thread id of each text
    repeats: pl.DataFrame = field(default_factory=Repeats.create_empty)
    segments: pl.DataFrame = field(default_factory=Segments.create_empty)  # parts of long posts
    segment_vectors: Matrix = field(default_factory=lambda: np.zeros((0, 0), np.float32))


@dataclass(frozen=True)
class Parts:
    """Parts of long posts: the index of each one's post, what there is to read, vectors."""

    post_of: Labels
    passages: Sequence[str]
    vectors: Matrix


@dataclass(frozen=True)
class Corpus:
    """Posts: ids, what there is to read, vectors; ``blended`` ones know their thread's subject."""

    post_ids: Sequence[str]
    passages: Sequence[str]
    vectors: Matrix
    blended: Matrix
    threads: Labels  # number of each post's thread
    is_opener: NDArray[np.bool_]
    original_ids: Sequence[str]  # id of the first post that says nearly the same
    parts: Parts

    def __len__(self) -> int:
        return len(self.post_ids)


@dataclass(frozen=True)
class CorpusFeatures:
    """Features of all posts of a corpus, and of the parts of long ones."""

    posts: FeatureBlocks
    parts: FeatureBlocks

    @classmethod
    def of(cls, corpus: Corpus, lexicon: Lexicon) -> CorpusFeatures:
        """Read posts and parts with the words of a lexicon."""
        posts = FeatureBlocks(lexicon, corpus.passages, corpus.blended)
        return cls(posts, part_features(corpus, lexicon))


def part_features(corpus: Corpus, lexicon: Lexicon) -> FeatureBlocks:
    """Return the features of the parts of long posts."""
    return FeatureBlocks(lexicon, corpus.parts.passages, corpus.parts.vectors)


@dataclass(frozen=True)
class Documents:
    """What is clustered: threads where there are enough of them, else posts."""

    passages: Sequence[str]
    vectors: Matrix
    document_of: Labels  # the document of each post
    are_posts: bool


def read_corpus(posts: TopicInput, *, thread_weight: float) -> Corpus:
    """Bring together what the topics need of each post."""
    texts, vectors, segments = posts.texts, posts.vectors, posts.segments
    threads = np.unique(posts.threads.to_numpy(), return_inverse=True)[1].astype(np.int64)
    is_opener = texts["title"].is_not_null().to_numpy()
    original = dict(posts.repeats.select("post_id", "first_id").iter_rows())

    index = {post_id: i for i, post_id in enumerate(texts["post_id"])}
    parts = Parts(
        np.array([index[post_id] for post_id in segments["post_id"]], dtype=np.int64),
        segments["text"].to_list(),
        posts.segment_vectors if len(segments) else vectors[:0],
    )
    return Corpus(
        post_ids=texts["post_id"].to_list(),
        passages=texts.select(passage()).to_series().to_list(),
        vectors=vectors,
        blended=blend_with_thread(vectors, threads, is_opener, thread_weight),
        threads=threads,
        is_opener=is_opener,
        original_ids=[original.get(post_id, post_id) for post_id in texts["post_id"]],
        parts=parts,
    )


def document_of(corpus: Corpus, *, fewest: int) -> Labels:
    """Return the document of each post: its thread if there are at least ``fewest``, else itself.

    Most replies say nothing alone ("that fixed it, cheers"); their thread is about something.
    """
    count = int(corpus.threads.max(initial=-1)) + 1
    return np.arange(len(corpus)) if count < fewest else corpus.threads


def smallest_topic(n_documents: int) -> int:
    """Smallest topic worth a name: 5 documents, or one in 1,000."""
    return max(5, n_documents // 1000)


def split_into_documents(corpus: Corpus, *, fewest: int) -> Documents:
    """Return what is clustered: threads if there are at least ``fewest``, else posts."""
    threads = document_of(corpus, fewest=fewest)
    count = int(threads.max(initial=-1)) + 1
    if count == len(corpus):
        every_post = np.arange(len(corpus))
        return Documents(corpus.passages, corpus.blended, every_post, are_posts=True)

    beginnings: list[list[str]] = [[] for _ in range(count)]
    for thread, text in zip(threads, corpus.passages, strict=True):
        beginnings[thread].append(text[:PASSAGE_CHARS])
    subjects = thread_subjects(corpus.vectors, threads, corpus.is_opener)
    return Documents(list(map("\n".join, beginnings)), subjects, threads, are_posts=False)


def blend_with_thread(
    vectors: Matrix, threads: Labels, is_opener: NDArray[np.bool_], weight: float
) -> Matrix:
    """Move each post's vector towards its thread's subject: the mean post plus the opener.

    "That fixed it, cheers" says nothing alone; what it is about stands in its thread.
    """
    subjects = thread_subjects(vectors, threads, is_opener)
    blended = np.empty_like(vectors)
    for start in range(0, len(vectors), BLOCK):
        rows = slice(start, start + BLOCK)
        blended[rows] = unit((1 - weight) * vectors[rows] + weight * subjects[threads[rows]])
    return blended


def thread_subjects(vectors: Matrix, threads: Labels, is_opener: NDArray[np.bool_]) -> Matrix:
    """Return what each thread is about: the mean of its posts plus its opener, unit rows."""
    subjects = centroids(vectors, threads)
    np.add.at(subjects, threads[is_opener], vectors[is_opener])
    return unit(subjects)


def nearest_posts(labels: Labels, scores: NDArray[np.float64], topic: int) -> Labels:
    """Return the posts of a topic, nearest its centroid first."""
    members = np.flatnonzero(labels == topic)
    order: Labels = members[np.argsort(-scores[members], kind="stable")]
    return order


def distinct_posts(original_ids: Sequence[str], order: Labels, count: int) -> list[int]:
    """Return the first posts in this order of which no two say nearly the same."""
    chosen: dict[str, int] = {}
    for post in order:
        chosen.setdefault(original_ids[post], int(post))
        if len(chosen) == count:
            break
    return list(chosen.values())
