"""Clusterers: posts that lie together are one topic, and those that lie nowhere are unsorted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score, homogeneity_score

from feedbackminer.topics.cluster import (
    UNSORTED,
    DensityClusterer,
    Labels,
    Matrix,
    SmallClusterer,
    accept_nearest,
    centres,
    default_min_groups,
    join_nearest,
    lean_on_thread,
    nearest_layer,
    topics_a_digest_can_hold,
    unit,
)


def blobs(topics: int, posts: int, *, spread: float = 0.3, seed: int = 0) -> tuple[Matrix, Labels]:
    """Scatter posts around as many directions as there are topics."""
    random = np.random.default_rng(seed)
    truth = np.repeat(np.arange(topics), posts)
    middle = unit(random.normal(size=(topics, 32)).astype(np.float32))
    noise = random.normal(0, spread / np.sqrt(32), (len(truth), 32))
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


@pytest.mark.slow
def test_dense_spots_are_found() -> None:
    vectors, truth = blobs(4, 60)
    found = DensityClusterer(max_topics=4).fit(vectors).labels_
    sorted_posts = found != UNSORTED
    assert adjusted_rand_score(truth[sorted_posts], found[sorted_posts]) == pytest.approx(1)
    assert sorted_posts.mean() > 0.8


@pytest.mark.slow
def test_with_room_for_more_topics_none_mixes_two_spots() -> None:
    vectors, truth = blobs(4, 60)
    found = DensityClusterer().fit(vectors).labels_
    assert found.max() + 1 > 4
    sorted_posts = found != UNSORTED
    assert homogeneity_score(truth[sorted_posts], found[sorted_posts]) == pytest.approx(1)


@pytest.mark.slow
def test_posts_far_from_all_topics_stay_unsorted() -> None:
    vectors, _ = blobs(4, 60)
    found = DensityClusterer(max_topics=4).fit(np.vstack([vectors, anywhere(3)])).labels_
    assert (found[240:] == UNSORTED).all()


@pytest.mark.slow
def test_the_same_seed_gives_the_same_topics() -> None:
    vectors = np.vstack([blobs(6, 40)[0], anywhere(60)])
    one, other = (DensityClusterer(random_state=7).fit(vectors).labels_ for _ in range(2))
    np.testing.assert_array_equal(one, other)


@pytest.mark.slow
@pytest.mark.parametrize(("topics", "posts"), [(40, 10), (4, 60), (100, 3)])
def test_there_are_never_more_topics_than_allowed(topics: int, posts: int) -> None:
    vectors, _ = blobs(topics, posts)
    found = DensityClusterer(max_topics=5).fit(vectors).labels_
    assert 2 <= found.max() + 1 <= 5


@pytest.mark.slow
def test_posts_that_are_all_the_same_are_one_topic() -> None:
    vectors = np.repeat(anywhere(1), 200, axis=0)
    assert set(DensityClusterer().fit(vectors).labels_) == {0}


@pytest.mark.slow
def test_a_conversation_finds_its_topic_where_its_posts_alone_would_not() -> None:
    """Half of each thread's posts say nothing of their own: "that fixed it"."""
    telling, truth = blobs(4, 60)
    threads = np.concatenate([np.arange(240), np.arange(240)])
    vectors = np.vstack([telling, anywhere(240)])
    found = DensityClusterer(groups=threads, max_topics=4, accept_quantile=0).fit(vectors).labels_
    assert adjusted_rand_score(truth, found[:240]) > 0.9


def test_topics_are_joined_with_their_nearest_and_the_unsorted_stay_so() -> None:
    vectors = unit(np.array([[1, 0], [1, 0.2], [0, 1], [0.7, 0.7]], dtype=np.float32))
    joined = join_nearest(np.array([0, 1, 2, UNSORTED]), vectors, 2)
    assert joined[0] == joined[1] != joined[2]
    assert joined[3] == UNSORTED


def test_a_post_joins_the_nearest_topic_if_it_is_near_enough() -> None:
    vectors, truth = blobs(2, 20)
    apart = np.vstack([vectors, centres(vectors, truth)[[1]], anywhere(1)])
    labels = np.append(truth, [UNSORTED, UNSORTED])
    accepted = accept_nearest(apart, labels, 0.05)
    assert accepted[-2:].tolist() == [1, UNSORTED]


def test_the_quantile_says_how_many_of_its_own_posts_a_topic_may_lose() -> None:
    vectors, truth = blobs(2, 100)
    assert (accept_nearest(vectors, truth, 0) != UNSORTED).all()
    assert (accept_nearest(vectors, truth, 0.2) == UNSORTED).mean() == pytest.approx(0.2)


def test_a_reply_leans_towards_what_its_thread_is_about() -> None:
    opener, reply = np.eye(2, 3, dtype=np.float32)
    threads, opens = np.array([0, 0]), np.array([True, False])
    moved = lean_on_thread(np.stack([opener, reply]), threads, opens, 0.5)
    assert moved[1] @ opener > 0.5
    assert moved[1] @ reply > 0.5


def test_without_weight_a_thread_moves_nothing() -> None:
    vectors, threads = anywhere(4), np.array([0, 0, 1, 1])
    moved = lean_on_thread(vectors, threads, np.array([True, False, True, False]), 0.0)
    np.testing.assert_allclose(moved, vectors, atol=1e-6)


@given(st.lists(st.integers(-1, 4), min_size=1, max_size=40), st.integers(0, 100))
def test_a_centre_is_the_direction_of_its_posts(labels: list[int], seed: int) -> None:
    vectors, marks = anywhere(len(labels), seed=seed), np.array(labels)
    found = centres(vectors, marks)
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


@pytest.mark.parametrize(("threads", "want"), [(10, 5), (3_000, 5), (6_000, 10), (60_000, 100)])
def test_the_smallest_topic_grows_with_the_community(threads: int, want: int) -> None:
    assert default_min_groups(threads) == want


@pytest.mark.parametrize(("posts", "want"), [(10, 5), (1_600, 30), (6_400, 60)])
def test_a_larger_community_has_room_for_more_topics(posts: int, want: int) -> None:
    assert topics_a_digest_can_hold(posts) == want


@pytest.mark.parametrize(
    ("counts", "wanted", "chosen"),
    [((116, 76, 30, 11), 60, 76), ((101, 43, 14), 60, 43), ((15, 6), 30, 15), ((0,), 5, 0)],
)
def test_the_layer_nearest_to_what_a_digest_holds_is_taken(
    counts: tuple[int, ...], wanted: int, chosen: int
) -> None:
    layers = [np.array([UNSORTED, *range(count)]) for count in counts]
    assert nearest_layer(layers, wanted).max() + 1 == chosen
