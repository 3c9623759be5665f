"""A history as numbers: distinct members and threads, and the same with threads at other times."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.insight.timeline import (
    MOST_THREADS,
    WITHIN_THREAD,
    Timeline,
    edges_of,
    places_among,
)
from tests.support.builders import day

POST = st.tuples(st.integers(0, 5), st.integers(0, 5), st.floats(0, 29.9))
DAYS = [0, 10, 20, 30]
EDGES = edges_of([day(number) for number in DAYS])


def written(posts: list[tuple[int, int, float]]) -> pl.DataFrame:
    """Build posts from thread, member and day."""
    rows = [
        {"thread_id": f"t{thread}", "voice": f"m{member}", "created_at": day(when)}
        for thread, member, when in posts
    ]
    schema = pl.Schema(
        {"thread_id": pl.String(), "voice": pl.String(), "created_at": pl.Datetime("us", "UTC")}
    )
    return pl.DataFrame(rows, schema=schema)


@given(st.lists(POST, min_size=1, max_size=40))
def test_members_and_threads_count_once_in_each_bin(
    posts: list[tuple[int, int, float]],
) -> None:
    talk = [(9, 8, -5.0), (9, 9, -5.0)]  # somebody is answered, before the bins
    timeline = Timeline.of([written([*posts, *talk]), written(posts[::2])])
    for row, counted in enumerate((posts, posts[::2])):
        for place, (first, last) in enumerate(pairwise(DAYS)):
            inside = [post for post in counted if first <= post[2] < last]
            members, threads = {m for _, m, _ in inside}, {t for t, *_ in inside}
            counts = timeline.count(EDGES)
            assert counts.voices[row, place] == len(members)
            assert counts.threads[row, place] == len(threads)
            assert bool(inside) <= counts.weight[row, place] <= MOST_THREADS * len(members)


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 29.9)), min_size=1, max_size=40))
def test_where_each_member_moves_alone_members_threads_and_weights_are_one(
    reviews: list[tuple[int, float]],
) -> None:
    timeline = Timeline.of([written([(n, m, when) for n, (m, when) in enumerate(reviews)])])
    assert timeline.entries.are_apart
    counts = timeline.count(EDGES)
    for place, (first, last) in enumerate(pairwise(DAYS)):
        n = len({member for member, when in reviews if first <= when < last})
        assert counts.voices[0, place] == counts.threads[0, place] == counts.weight[0, place] == n


@given(
    st.lists(st.integers(-50, 300), min_size=1),
    st.lists(st.integers(0, 40), min_size=1, max_size=9, unique=True),
    st.sampled_from([1, 7, 10**6]),
)
def test_a_moment_falls_between_the_edges_around_it(
    moments: list[int], edges: list[int], unit: int
) -> None:
    at, ordered = np.array(moments) * unit // 6, np.sort(edges) * unit
    assert (places_among(ordered, at) == np.searchsorted(ordered, at, side="right")).all()


def test_many_members_of_one_thread_weigh_less_than_as_many_of_several() -> None:
    one = Timeline.of([written([(0, m, 1) for m in range(10)])]).count(EDGES).weight[0, 0]
    many = Timeline.of([written([(m, m, 1) for m in range(10)])])
    assert one == pytest.approx(10 / (1 + 9 * WITHIN_THREAD))
    alone = Timeline.of([written([(m // 2, m, 1) for m in range(10)])]).count(EDGES).weight[0, 0]
    assert one < alone == pytest.approx(10 / (1 + WITHIN_THREAD))
    assert many.count(EDGES).weight[0, 0] == 10


@given(st.lists(POST, min_size=1, max_size=40), st.integers(0, 99))
def test_a_shuffle_moves_threads_whole_and_starts_them_at_the_same_moments(
    posts: list[tuple[int, int, float]], seed: int
) -> None:
    timeline = Timeline.of([written(posts)])
    moved = timeline.shuffled(np.random.default_rng(seed))
    assert sorted(moved.start) == sorted(timeline.start)
    assert moved.entries is timeline.entries


@given(st.lists(POST, min_size=1, max_size=40), st.integers(1, 4), st.integers(0, 99))
def test_several_histories_at_once_are_counted_as_each_alone(
    posts: list[tuple[int, int, float]], n: int, seed: int
) -> None:
    timeline, rng = Timeline.of([written(posts), written(posts[::2])]), np.random.default_rng(seed)
    alone = [timeline.shuffled(rng) for _ in range(n)]
    together = timeline.at_starts([history.start for history in alone]).count(EDGES)
    for name in ("voices", "threads", "weight"):
        each = [getattr(history.count(EDGES), name) for history in alone]
        assert (getattr(together, name).reshape(n, 2, -1) == each).all()


def test_what_falls_after_the_end_is_left_out() -> None:
    timeline = Timeline.of([written([(0, 0, 1), (0, 1, 25), (1, 2, 28)])])
    moved = Timeline(**{**timeline.__dict__, "start": timeline.start[::-1].copy()})
    assert moved.count(EDGES).voices.tolist() == [[1, 0, 1]]


def test_where_nobody_answers_anybody_a_member_moves_as_one() -> None:
    reviews = Timeline.of([written([(0, 0, 1), (1, 0, 5), (2, 1, 9)])])
    assert len(reviews.start) == 2
    talk = Timeline.of([written([(0, 0, 1), (1, 0, 5), (1, 1, 9)])])
    assert talk.entries.after.tolist()[1:] == [0, 4 * 86_400_000_000]


def test_what_has_no_date_or_no_writer_is_left_out() -> None:
    posts = written([(0, 0, 1), (0, 1, 2)])
    nobody = posts.with_columns(voice=pl.lit(None, pl.String))
    timeless = posts.with_columns(created_at=pl.lit(None, pl.Datetime("us", "UTC")))
    assert len(Timeline.of([pl.concat([posts, nobody, timeless])]).entries) == 2
    assert Timeline.of([nobody]).count(EDGES).voices.tolist() == [[0, 0, 0]]


def test_who_writes_in_many_threads_weighs_as_in_three() -> None:
    loud = [(thread, 0, 1.0) for thread in range(9)]
    counts = Timeline.of([written([*loud, (0, 1, 2.0)])]).count(EDGES)
    assert (counts.voices[0, 0], counts.threads[0, 0]) == (2, 9)
    assert counts.weight[0, 0] <= MOST_THREADS + 1


def test_threads_are_taken_out_of_one_row_only() -> None:
    posts = written([(0, 0, 1), (0, 1, 2), (1, 2, 3), (1, 0, 14)])
    left = Timeline.of([posts, posts]).without(1, np.array([0])).count(EDGES)
    assert left.voices.tolist() == [[3, 1, 0], [1, 1, 0]]
    assert left.threads.tolist() == [[2, 1, 0], [1, 1, 0]]
    assert left.weight[1].tolist() == [1, 1, 0]
