"""Features of texts are computed once: those of posts, of documents, and of parts of long posts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from feedbackminer.settings.sections import TopicSettings
from feedbackminer.topics.features import DIMENSIONS, Features, Lexicon, meaning
from feedbackminer.topics.result import TopicResult
from feedbackminer.topics.stage import find_topics
from feedbackminer.topics.topic_set import Provenance
from feedbackminer.vectors import Matrix
from tests.support.builders import segments
from tests.support.topic_community import (
    EVERYBODY,
    community,
    corrected,
    posts_of,
    tables_of,
    topic_of,
)

PASSAGES = ["battery drains", "battery dies", "battery charger", "export to pdf", "pdf export"] * 3
NO_VECTORS = np.zeros((0, 4), dtype=np.float32)
PARTS = [f"part {n} of a long post" for n in range(7)]


@pytest.fixture
def transformed(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return a list that grows by the passages of every call of ``Lexicon.transform``."""
    calls: list[list[str]] = []
    transform = Lexicon.transform

    def counted(lexicon: Lexicon, passages: Sequence[str], vectors: Matrix) -> Features:
        calls.append(list(passages))
        return transform(lexicon, passages, vectors)

    monkeypatch.setattr(Lexicon, "transform", counted)
    return calls


def find(
    community: tuple[list[str], Matrix],
    before: TopicResult | None = None,
    *,
    in_thread: int = 1,
    pinned: str = "",
    refit: bool = False,
) -> TopicResult:
    """Find topics; the first posts have parts, and so many posts in a row are one thread."""
    passages, vectors = community
    rows = zip((f"p{n:04d}" for n in range(len(PARTS))), PARTS, strict=True)
    threads = [f"thread {n // in_thread:03d}" for n in range(len(passages))]
    pin = corrected({"action": "pin", "topic_id": pinned}) if pinned else None
    return find_topics(
        posts_of(
            passages,
            vectors,
            threads,
            segments=segments(*rows),
            segment_vectors=vectors[: len(PARTS)],
        ),
        tables_of(before, pin),
        settings=TopicSettings(seed=1),
        provenance=Provenance("axes", "r"),
        refit=refit,
    )


@pytest.mark.slow
def test_a_fit_reads_posts_once_and_parts_once(transformed: list[list[str]]) -> None:
    find(EVERYBODY)
    assert transformed == [EVERYBODY[0], PARTS]


@pytest.mark.slow
def test_a_fit_on_threads_reads_posts_documents_and_parts_once_each(
    transformed: list[list[str]],
) -> None:
    posts = community(*range(6), each=80)
    find(posts, in_thread=2)
    documents = ["\n".join(posts[0][n : n + 2]) for n in range(0, len(posts[0]), 2)]
    assert transformed == [documents, posts[0], PARTS]


@pytest.mark.slow
def test_a_pinned_topic_that_comes_back_is_made_of_the_same_features(
    transformed: list[list[str]],
) -> None:
    passages, vectors = EVERYBODY
    first = find(EVERYBODY)
    scattered = vectors.copy()
    scattered[:40] = vectors[40:].reshape(5, 40, 32)[np.arange(40) % 5, np.arange(40)]
    transformed.clear()
    again = find((passages, scattered), first, pinned=topic_of(first)["p0000"], refit=True)
    assert topic_of(again)["p0000"] == topic_of(first)["p0000"]
    assert transformed == [passages, PARTS]


@pytest.mark.slow
def test_an_update_reads_waiting_posts_once_and_parts_once(transformed: list[list[str]]) -> None:
    first = find(EVERYBODY)
    waiting = [int(post_id[1:]) for post_id in first.dropped["ref"]]
    newcomers, lie = community(20, each=30, seed=3)
    transformed.clear()
    grown = find(([*EVERYBODY[0], *newcomers], np.vstack([EVERYBODY[1], lie])), first)
    assert grown.lineage["event"].to_list() == ["birth"]
    assert transformed == [[*(EVERYBODY[0][post] for post in waiting), *newcomers], PARTS]


@pytest.mark.slow
def test_a_small_community_reads_posts_once_and_parts_once(transformed: list[list[str]]) -> None:
    few = community(0, 1, each=10)
    find(few)
    assert transformed == [few[0], PARTS]


def test_features_keep_the_meaning_and_add_the_words() -> None:
    lexicon = Lexicon.fit(PASSAGES)
    vectors = np.eye(len(PASSAGES), dtype=np.float32)
    features = lexicon.transform(PASSAGES, vectors)
    assert features.joint.shape == (len(PASSAGES), len(PASSAGES) + DIMENSIONS)
    assert features.tfidf.shape == (len(PASSAGES), len(lexicon.vocabulary))
    np.testing.assert_allclose(np.linalg.norm(features.joint, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(meaning(features.joint), vectors, atol=1e-6)


def test_some_rows_of_features_are_the_features_of_some_passages() -> None:
    lexicon = Lexicon.fit(PASSAGES)
    vectors = np.eye(len(PASSAGES), dtype=np.float32)
    rows = np.array([4, 0])
    chosen = lexicon.transform(PASSAGES, vectors)[rows]
    alone = lexicon.transform([PASSAGES[4], PASSAGES[0]], vectors[rows])
    np.testing.assert_array_equal(chosen.joint, alone.joint)
    np.testing.assert_array_equal(chosen.tfidf.toarray(), alone.tfidf.toarray())


@pytest.mark.parametrize("lexicon", [Lexicon.empty(), Lexicon.fit(PASSAGES)])
def test_no_passages_have_no_features(lexicon: Lexicon) -> None:
    features = lexicon.transform([], NO_VECTORS)
    assert len(features) == 0
    assert features.joint.shape == (0, 4 + DIMENSIONS)
