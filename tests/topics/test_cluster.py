"""Clusterers: posts that lie together are one topic, and those that lie nowhere are unsorted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, silhouette_score

from feedbackminer.topics.cluster import (
    Graph,
    GraphClusterer,
    SmallClusterer,
    leiden,
    neighbour_graph,
    silhouette,
)
from feedbackminer.topics.corpus import blend_with_thread
from feedbackminer.topics.labels import (
    UNSORTED,
    Labels,
    best_jaccard,
    consensus,
    evenly_spaced,
    relabel_by_size,
)
from feedbackminer.vectors import Matrix, centroids, unit


def blobs(topics: int, posts: int, *, wide: float = 0.3, seed: int = 0) -> tuple[Matrix, Labels]:
    """Scatter posts around as many directions as there are topics."""
    random = np.random.default_rng(seed)
    truth = np.repeat(np.arange(topics), posts)
    middle = unit(random.normal(size=(topics, 32)).astype(np.float32))
    noise = random.normal(0, wide / np.sqrt(32), (len(truth), 32))
    return unit((middle[truth] + noise).astype(np.float32)), truth


def anywhere(posts: int, *, seed: int = 5) -> Matrix:
    return unit(np.random.default_rng(seed).normal(size=(posts, 32)).astype(np.float32))


def small(vectors: Matrix) -> list[int]:
    labels: list[int] = SmallClusterer().fit(vectors).labels_.tolist()
    return labels


def test_no_posts_have_no_topics() -> None:
    assert small(np.zeros((0, 32), dtype=np.float32)) == []


def test_one_post_is_one_topic() -> None:
    assert small(anywhere(1)) == [0]


def test_two_posts_that_have_nothing_in_common_are_still_shown_together() -> None:
    assert small(np.eye(2, 32, dtype=np.float32)) == [0, 0]


def test_ten_identical_posts_are_one_topic() -> None:
    assert small(np.repeat(anywhere(1), 10, axis=0)) == [0] * 10


def test_a_small_community_falls_into_its_topics() -> None:
    vectors, truth = blobs(5, 10)
    assert adjusted_rand_score(truth, small(vectors)) == 1


def test_a_post_unlike_all_others_is_unsorted_in_a_small_community() -> None:
    vectors, _ = blobs(2, 5)
    assert small(np.vstack([vectors, anywhere(1)]))[-1] == UNSORTED


def graph_topics(vectors: Matrix, **settings: float) -> Labels:
    return GraphClusterer(**settings).fit(vectors).labels_  # type: ignore[arg-type]


def test_each_dense_spot_is_a_topic_and_nobody_says_how_many_there_are() -> None:
    vectors, truth = blobs(6, 60)
    assert adjusted_rand_score(truth, graph_topics(vectors)) == 1


def test_topics_are_numbered_from_the_largest() -> None:
    vectors = np.vstack([blobs(1, 40, seed=1)[0], blobs(1, 90, seed=2)[0], blobs(1, 60, seed=3)[0]])
    sizes = np.bincount(graph_topics(vectors))
    assert sizes.tolist() == sorted(sizes, reverse=True) == [90, 60, 40]


def test_the_same_seed_gives_the_same_topics() -> None:
    vectors = np.vstack([blobs(6, 40)[0], anywhere(60)])
    one, other = (graph_topics(vectors, random_state=7) for _ in range(2))
    np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_another_seed_gives_nearly_the_same_topics_though_they_touch() -> None:
    vectors, _ = blobs(12, 60, wide=1.6)
    one, other = (graph_topics(vectors, random_state=seed) for seed in (1, 2))
    assert adjusted_mutual_info_score(one, other) > 0.9


@pytest.mark.slow
def test_another_seed_does_not_change_how_fine_topics_are() -> None:
    vectors, _ = blobs(12, 60, wide=1.6)
    chosen = {GraphClusterer(random_state=seed).fit(vectors).resolution_ for seed in range(4)}
    assert len(chosen) == 1


def test_how_fine_topics_are_does_not_hang_on_the_luck_of_one_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lucky(_: Graph, resolution: float, seed: int) -> Labels:
        """Find 32 topics in 320 documents, too many to be found again; in one run 26."""
        if resolution < 8:
            return truth // 2
        return np.minimum(truth, 25) if seed == 0 else truth

    vectors, truth = blobs(32, 10)
    monkeypatch.setattr("feedbackminer.topics.cluster.leiden", lucky)
    assert GraphClusterer().fit(vectors).resolution_ < 8


def test_a_resolution_that_is_given_is_taken() -> None:
    vectors, _ = blobs(4, 60)
    assert GraphClusterer(resolution=8.0).fit(vectors).resolution_ == 8.0


@pytest.mark.slow
def test_topics_are_no_finer_than_allowed() -> None:
    vectors = np.vstack([blobs(5, 40, wide=0.2, seed=i)[0] for i in range(8)])
    free, bound = graph_topics(vectors), graph_topics(vectors, max_topics=40)
    assert bound.max() <= max(40, free.max())


def test_posts_that_are_all_the_same_are_one_topic() -> None:
    assert set(graph_topics(np.repeat(anywhere(1), 200, axis=0))) == {0}


def test_a_giant_and_dust_are_one_topic_and_unsorted_posts() -> None:
    giant, _ = blobs(1, 300)
    labels = graph_topics(np.vstack([giant, anywhere(3)]), min_size=5)
    assert set(labels) == {0}


def test_what_is_smaller_than_a_topic_is_unsorted() -> None:
    labels = np.array([7, 7, 7, 3, 3, 9, UNSORTED, UNSORTED, UNSORTED])
    assert relabel_by_size(labels, 2).tolist() == [0, 0, 0, 1, 1, -1, -1, -1, -1]


def test_a_document_without_a_neighbour_is_a_community_of_its_own() -> None:
    graph = neighbour_graph(blobs(2, 20)[0], 5)
    alone = graph.among(np.arange(40) != 7)
    labels = leiden(alone, 1.0, seed=0)
    assert (labels == labels[7]).sum() == 1


def test_an_edge_weighs_the_cosine_of_its_ends() -> None:
    vectors, _ = blobs(2, 20)
    graph = neighbour_graph(vectors, 5)
    cosines = np.einsum("ij,ij->i", vectors[graph.one], vectors[graph.other])
    np.testing.assert_allclose(graph.weight, cosines, atol=1e-3)
    assert (graph.one < graph.other).all()


def test_what_most_runs_say_holds_whatever_they_number_it() -> None:
    runs = [np.array([0, 0, 1, 1, UNSORTED]), np.array([1, 1, 0, 0, UNSORTED]),
            np.array([0, 0, 0, 1, UNSORTED])]  # fmt: skip
    one, same, two, also, nowhere = consensus(runs)
    assert one == same
    assert two == also != one
    assert nowhere == UNSORTED


def test_runs_that_found_nothing_agree_on_nothing() -> None:
    nothing = np.full(4, UNSORTED)
    assert consensus([nothing, nothing]).tolist() == [UNSORTED] * 4
    assert consensus([nothing, np.zeros(4, dtype=np.int64)]).tolist() == [0] * 4


@given(st.lists(st.integers(-1, 3), min_size=6, max_size=30), st.permutations(range(4)))
def test_equal_runs_are_their_own_consensus(told: list[int], numbers: list[int]) -> None:
    labels = relabel_by_size(np.array(told), 1)
    renamed = np.append(np.array(numbers), UNSORTED)[labels]
    found = consensus([labels, relabel_by_size(renamed, 1), labels])
    assert (
        relabel_by_size(found, 1).tolist() == relabel_by_size(labels, 1).tolist()
        or (best_jaccard(labels, found, int(labels.max()) + 1) == 1).all()
    )


def test_overlap_is_one_for_the_same_topics_under_other_numbers() -> None:
    labels = np.array([0, 0, 1, 1, UNSORTED])
    assert best_jaccard(labels, np.array([5, 5, 2, 2, 2]), 2).tolist() == [1, 2 / 3]


@given(labels=st.lists(st.integers(-1, 4), min_size=12, max_size=12), seed=st.integers(0, 9))
def test_a_silhouette_is_what_all_pairs_of_documents_give(labels: list[int], seed: int) -> None:
    vectors, topics = anywhere(12, seed=seed), np.array(labels)
    inside = topics != UNSORTED
    if 2 <= len(set(topics[inside])) < inside.sum():
        by_pairs = silhouette_score(vectors[inside], topics[inside], metric="cosine")
        assert silhouette(vectors, topics) == pytest.approx(by_pairs, abs=1e-5)


def test_a_silhouette_of_one_topic_is_the_worst_there_is() -> None:
    assert silhouette(anywhere(10), np.zeros(10, dtype=np.int64)) == -1


@given(st.integers(1, 500), st.integers(1, 100))
def test_a_sample_is_spread_over_all_documents(count: int, limit: int) -> None:
    chosen = evenly_spaced(count, limit)
    assert len(chosen) == len(set(chosen)) == min(count, limit)
    assert (chosen >= 0).all()
    assert (chosen < count).all()


def test_a_reply_leans_towards_what_its_thread_is_about() -> None:
    opener, reply = np.eye(2, 3, dtype=np.float32)
    threads, opens = np.array([0, 0]), np.array([True, False])
    moved = blend_with_thread(np.stack([opener, reply]), threads, opens, 0.5)
    assert moved[1] @ opener > 0.5
    assert moved[1] @ reply > 0.5


def test_without_weight_a_thread_moves_nothing() -> None:
    vectors, threads = anywhere(4), np.array([0, 0, 1, 1])
    moved = blend_with_thread(vectors, threads, np.array([True, False, True, False]), 0.0)
    np.testing.assert_allclose(moved, vectors, atol=1e-6)


@given(st.lists(st.integers(-1, 4), min_size=1, max_size=40), st.integers(0, 100))
def test_a_centre_is_the_direction_of_its_posts(labels: list[int], seed: int) -> None:
    vectors, marks = anywhere(len(labels), seed=seed), np.array(labels)
    found = centroids(vectors, marks)
    assert found.shape == (max(labels) + 1, 32)
    for topic in set(labels) - {UNSORTED}:
        np.testing.assert_allclose(np.linalg.norm(found[topic]), 1, atol=1e-5)
        np.testing.assert_allclose(
            found[[topic]], unit(vectors[marks == topic].sum(axis=0, keepdims=True)), atol=1e-5
        )


@given(st.floats(0.001, 1000), st.integers(0, 100))
def test_length_does_not_matter_to_direction(length: float, seed: int) -> None:
    vectors = anywhere(3, seed=seed)
    np.testing.assert_allclose(unit(vectors * np.float32(length)), vectors, atol=1e-5)


def test_a_zero_row_stays_zero() -> None:
    assert not unit(np.zeros((1, 4), dtype=np.float32)).any()
