"""Very many posts: what is learnt of a sample of them, and what is done a block at a time."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from feedbackminer.settings.sections import TopicSettings
from feedbackminer.topics import corpus, features, fit, model, update
from feedbackminer.topics.corpus import read_corpus
from feedbackminer.topics.features import FeatureBlocks, Lexicon
from feedbackminer.topics.fit import DocumentSample
from feedbackminer.topics.previous import TopicTables
from feedbackminer.topics.result import TopicResult
from feedbackminer.topics.stage import find_topics
from feedbackminer.topics.topic_set import Provenance
from feedbackminer.vectors import Matrix
from tests.support.topic_community import EVERYBODY, community, posts_of, tables_of

BLOCK = 64  # posts at once, in these tests


@pytest.fixture
def in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (features, model, corpus):
        monkeypatch.setattr(module, "BLOCK", BLOCK)


def find(posts: tuple[list[str], Matrix], before: TopicTables | None = None) -> TopicResult:
    passages, vectors = posts
    threads = [f"thread {n:04d}" for n in range(len(passages))]
    return find_topics(
        posts_of(passages, vectors, threads),
        before,
        settings=TopicSettings(seed=1),
        provenance=Provenance("axes", "r"),
    )


@pytest.mark.slow
def test_topics_are_the_same_however_many_posts_are_in_memory_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = find(EVERYBODY)
    for module in (features, model, corpus):
        monkeypatch.setattr(module, "BLOCK", BLOCK)
    blocks = find(EVERYBODY)
    of_post = ("post_id", "topic_id", "subtopic_id", "rank")
    assert blocks.assignments.select(of_post).equals(whole.assignments.select(of_post))
    np.testing.assert_allclose(blocks.assignments["score"], whole.assignments["score"], atol=1e-5)
    assert blocks.topics["found_label"].to_list() == whole.topics["found_label"].to_list()
    assert blocks.vocabulary.equals(whole.vocabulary)


@pytest.mark.usefixtures("in_blocks")
def test_blocks_of_features_are_the_features_of_all_passages_in_order() -> None:
    passages, vectors = EVERYBODY
    lexicon = Lexicon.fit(passages)
    whole = lexicon.transform(passages, vectors)
    blocks = FeatureBlocks(lexicon, passages, vectors)
    assert [len(block) for block in blocks][:2] == [BLOCK, BLOCK]
    np.testing.assert_allclose(np.vstack([block.joint for block in blocks]), whole.joint, atol=1e-6)
    rows = np.array([200, 3])
    np.testing.assert_allclose(blocks.take(rows).joint, whole.joint[rows], atol=1e-6)


def test_the_words_of_very_many_passages_are_those_of_evenly_spaced_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passages = EVERYBODY[0][:201]
    monkeypatch.setattr(features, "LEARNT_FROM", 101)
    assert Lexicon.fit(passages).vocabulary == Lexicon.fit(passages[::2]).vocabulary


@pytest.mark.parametrize(("n_documents", "size"), [
    (5, 10_000), (100_000, 10_000), (150_000, 15_000), (300_000, 30_000), (1_000_000, 30_000),
])  # fmt: skip
def test_topics_are_found_in_a_tenth_of_very_many_documents(n_documents: int, size: int) -> None:
    assert fit.sample_size(n_documents) == size


def test_a_sample_holds_as_many_documents_as_its_size_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passages, vectors = EVERYBODY
    monkeypatch.setattr(fit, "FIT_LEAST", 5)
    threads = [f"thread {n:04d}" for n in range(len(passages))]
    posts = read_corpus(posts_of(passages, vectors, threads), thread_weight=0.5)
    assert len(DocumentSample.of(posts, TopicSettings()).indices) == len(passages) // 10


@pytest.mark.parametrize(("min_threads", "smallest"), [(0, 5), (3, 3), (40, 20), (400, 200)])
def test_the_smallest_topic_of_a_sample_is_the_same_share_as_of_all(
    min_threads: int, smallest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    passages, vectors = EVERYBODY
    monkeypatch.setattr(fit, "FIT_LEAST", len(passages) // 2)
    settings = TopicSettings(min_threads=min_threads)
    threads = [f"thread {n:04d}" for n in range(len(passages))]
    posts = read_corpus(posts_of(passages, vectors, threads), thread_weight=0.5)
    assert DocumentSample.of(posts, settings).smallest_topic(settings) == smallest


@pytest.mark.slow
@pytest.mark.usefixtures("in_blocks")
def test_very_many_copies_of_one_post_are_one_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "FIT_LEAST", 500)
    monkeypatch.setattr(features, "LEARNT_FROM", 500)
    copies = (["The battery drains over night."] * 2_000, np.tile(EVERYBODY[1][:1], (2_000, 1)))
    result = find(copies)
    assert result.assignments["topic_id"].to_list() == ["t001"] * 2_000
    assert result.topics.filter(pl.col("level") == "topic")["size"].to_list() == [2_000]
    assert not len(result.dropped)


@pytest.mark.slow
@pytest.mark.usefixtures("in_blocks")
def test_of_very_many_that_wait_a_topic_is_born_and_the_others_join_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = find(EVERYBODY)
    monkeypatch.setattr(update, "POOL", 60)
    newcomers, vectors = community(20, each=150, seed=3)
    grown = find(
        ([*EVERYBODY[0], *newcomers], np.vstack([EVERYBODY[1], vectors])), tables_of(first)
    )
    assert grown.lineage["event"].to_list() == ["birth"]
    born = grown.assignments.filter(topic_id=grown.lineage["to_id"][0])
    assert len(born) > 140
