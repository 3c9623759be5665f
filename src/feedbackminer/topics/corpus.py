"""Posts as the topics see them, and the documents that topics are found in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from feedbackminer.tables import Repeats, Segments, passage
from feedbackminer.topics.labels import Labels
from feedbackminer.vectors import Matrix, centres, unit

REPRESENTATIVES = 3  # posts that stand for a topic

PASSAGE_CHARS = 600  # of each post that its thread's words are taken from


@dataclass(frozen=True)
class Detail:
    """What is known of posts beside their text: which repeat others, and the parts of long ones."""

    repeats: pl.DataFrame = field(default_factory=Repeats.create_empty)
    segments: pl.DataFrame = field(default_factory=Segments.create_empty)
    vectors: Matrix = field(default_factory=lambda: np.zeros((0, 0), np.float32))  # of segments


@dataclass(frozen=True)
class Parts:
    """Parts of long posts: the place of each one's post, what there is to read, vectors."""

    of_post: Labels
    passages: Sequence[str]
    vectors: Matrix


@dataclass(frozen=True)
class Corpus:
    """Posts: ids, what there is to read, vectors; ``leaning`` ones know their thread's subject."""

    post_ids: Sequence[str]
    passages: Sequence[str]
    vectors: Matrix
    leaning: Matrix
    threads: Labels  # number of each post's thread
    opens: NDArray[np.bool_]
    said_first: Sequence[str]  # id of the first post that says nearly the same
    parts: Parts

    def __len__(self) -> int:
        return len(self.post_ids)


@dataclass(frozen=True)
class Documents:
    """What is clustered: threads where there are enough of them, else posts."""

    passages: Sequence[str]
    vectors: Matrix
    of_post: Labels  # the document of each post


def read_corpus(
    texts: pl.DataFrame,
    vectors: Matrix,
    threads: pl.Series,
    detail: Detail,
    *,
    thread_weight: float,
) -> Corpus:
    """Bring together what the topics need of each post."""
    groups = np.unique(threads.to_numpy(), return_inverse=True)[1].astype(np.int64)
    opens = texts["title"].is_not_null().to_numpy()
    first = dict(detail.repeats.select("post_id", "first_id").iter_rows())
    place = {post_id: i for i, post_id in enumerate(texts["post_id"])}
    of_post = np.array([place[i] for i in detail.segments["post_id"]], dtype=np.int64)
    return Corpus(
        texts["post_id"].to_list(),
        texts.select(passage()).to_series().to_list(),
        vectors,
        lean_on_thread(vectors, groups, opens, thread_weight),
        groups,
        opens,
        [first.get(post_id, post_id) for post_id in texts["post_id"]],
        Parts(of_post, detail.segments["text"].to_list(), detail.vectors),
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


def documents(corpus: Corpus, *, fewest: int) -> Documents:
    """Return what is clustered."""
    of_post = document_of(corpus, fewest=fewest)
    count = int(of_post.max(initial=-1)) + 1
    if count == len(corpus):
        return Documents(corpus.passages, corpus.leaning, np.arange(len(corpus)))
    told: list[list[str]] = [[] for _ in range(count)]
    for thread, words in zip(corpus.threads, corpus.passages, strict=True):
        told[thread].append(words[:PASSAGE_CHARS])
    subjects = thread_subjects(corpus.vectors, corpus.threads, corpus.opens)
    return Documents(["\n".join(parts) for parts in told], subjects, corpus.threads)


def lean_on_thread(
    vectors: Matrix, groups: Labels, is_opener: NDArray[np.bool_], weight: float
) -> Matrix:
    """Move each post's vector towards its thread's subject: the mean post plus the opener.

    "That fixed it, cheers" says nothing alone; what it is about stands in its thread.
    """
    subject = thread_subjects(vectors, groups, is_opener)
    return unit((1 - weight) * vectors + weight * subject[groups])


def thread_subjects(vectors: Matrix, groups: Labels, is_opener: NDArray[np.bool_]) -> Matrix:
    """Return what each thread is about: the mean of its posts plus its opener, unit rows."""
    subject = centres(vectors, groups)
    np.add.at(subject, groups[is_opener], vectors[is_opener])
    return unit(subject)


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
