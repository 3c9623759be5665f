"""Few points that together say most: each by enough members, none twice, surest first."""

from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbackminer.keypoints.choose import choose
from feedbackminer.keypoints.matching import Matrix, Wording, read_wording


def by_cosine(points: Matrix, sentences: Matrix) -> Matrix:
    """Say that two sentences are one where their vectors are: 1 is certain, 0 ruled out."""
    chances: Matrix = 1 / (1 + np.exp(5 - 10 * (points @ sentences.T)))
    return chances


def said(*matters: int) -> Wording:
    """Return sentences, each about the matter of that number."""
    texts = ["something fails"] * len(matters)
    return read_wording(texts, np.eye(40, dtype=np.float32)[list(matters)])


class Point(NamedTuple):
    """A chosen point, by the rows of sentences."""

    head: int
    rows: list[int]
    chances: Matrix


def chosen(
    matters: list[int], voices: list[int], fitness: list[float], *, least: int = 2, limit: int = 9
) -> list[Point]:
    sentences, heads = said(*matters), np.flatnonzero(fitness)
    choices = choose(
        sentences[heads],
        heads,
        np.array(fitness, np.float32)[heads],
        sentences,
        np.array(voices),
        chances=by_cosine,
        least_voices=least,
        limit=limit,
    )
    return [Point(int(heads[c.candidate]), sorted(c.rows), c.chances) for c in choices]


def test_what_most_members_say_comes_first_with_all_who_say_it() -> None:
    choices = chosen([1, 2, 2, 2, 1], [0, 1, 2, 3, 4], [0.9] * 5)
    assert [point.rows for point in choices] == [[1, 2, 3], [0, 4]]
    assert all(point.chances.min() > 0.9 for point in choices)


def test_it_is_said_by_members_not_by_sentences() -> None:
    assert chosen([1, 1, 1, 1], [7, 7, 7, 7], [0.9] * 4) == []
    assert len(chosen([1, 1, 1, 1], [7, 7, 7, 8], [0.9] * 4)) == 1


def test_the_fittest_sentence_heads_it() -> None:
    (point,) = chosen([1, 1, 1], [0, 1, 2], [0.5, 0.9, 0.6])
    assert point.head == 1


def test_what_is_not_fit_heads_nothing_and_counts_all_the_same() -> None:
    (point,) = chosen([1, 1, 1, 2, 2], [0, 1, 2, 3, 4], [0.0, 0.6, 0.0, 0.0, 0.0])
    assert (point.head, point.rows) == (1, [0, 1, 2])


def test_no_more_points_than_asked_for() -> None:
    assert len(chosen([1, 1, 2, 2, 3, 3], [0, 1, 2, 3, 4, 5], [0.9] * 6, limit=2)) == 2


def test_nothing_fit_gives_no_point() -> None:
    assert chosen([1, 1], [0, 1], [0.0, 0.0]) == []


def test_a_sentence_that_says_the_head_but_not_the_others_is_left_out() -> None:
    eye = np.eye(9, dtype=np.float32)
    head = eye[0]
    # Each is 0.6 like the head: a chance of 0.73. The first three are one, the others like none.
    others = [0.6 * head + 0.8 * eye[k] for k in (1, 1, 1, 2, 3)]
    sentences = read_wording(["something fails"] * 6, np.stack([head, *others]))
    rows = np.arange(6)
    (point,) = choose(
        sentences[rows[:1]],
        rows[:1],
        np.array([0.9], np.float32),
        sentences,
        rows,
        chances=by_cosine,
        least_voices=2,
        limit=9,
    )
    assert sorted(point.rows) == [0, 1, 2, 3, 5]  # which is enough for them to hold together


def test_of_two_points_that_are_near_the_one_that_fewer_say_is_shown_with_the_other() -> None:
    one, apart = np.eye(4, dtype=np.float32)[:2]
    near = 0.4 * one + np.sqrt(1 - 0.4**2) * apart  # a chance of 0.27
    vectors = np.stack([near, near, one, one, one, np.eye(4, dtype=np.float32)[2]]).repeat(
        2, axis=0
    )
    sentences = read_wording(["something fails"] * 12, vectors)
    rows, fitness = np.arange(12), np.full(12, 0.9, np.float32)
    points = choose(
        sentences, rows, fitness, sentences, rows, chances=by_cosine, least_voices=2, limit=9
    )
    assert [len(point.rows) for point in points] == [6, 4, 2]
    assert [point.near for point in points] == [None, points[0].candidate, None]


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 6), st.sampled_from([0.0, 0.5, 0.9])),
        min_size=1,
        max_size=40,
    ),
    st.integers(1, 3),
)
@settings(deadline=None, max_examples=60)
def test_no_sentence_says_two_points_and_every_point_has_its_voices(
    rows: list[tuple[int, int, float]], least: int
) -> None:
    matters, voices, fitness = (list(column) for column in zip(*rows, strict=True))
    choices = chosen(matters, voices, fitness, least=least)
    counted = [row for choice in choices for row in choice.rows]
    assert len(counted) == len(set(counted))
    for choice in choices:
        assert choice.head in choice.rows
        assert len({voices[row] for row in choice.rows}) >= least
        assert len({matters[row] for row in choice.rows}) == 1
    assert len({matters[choice.head] for choice in choices}) == len(choices)


def test_a_part_of_a_sentence_heads_what_more_members_say_and_its_own_is_among_them() -> None:
    eye = np.eye(4, dtype=np.float32)
    whole = 0.6 * eye[0] + 0.8 * eye[1]  # what the others say, and more
    sentences = read_wording(["something fails"] * 4, np.stack([whole, *[eye[0]] * 3]))
    part = read_wording(["something fails"], eye[:1])
    (choice,) = choose(
        part,
        np.array([0]),
        np.ones(1, np.float32),
        sentences,
        np.arange(4),
        chances=by_cosine,
        least_voices=2,
        limit=9,
    )
    assert sorted(choice.rows) == [0, 1, 2, 3]


def test_a_point_is_headed_by_what_is_nearest_to_all_that_is_left_for_it() -> None:
    """The first sentence says most, two matters at once; its point is left with one of them."""
    towards = np.eye(3, dtype=np.float32)
    both = (towards[0] + towards[1]) / np.sqrt(2)
    vectors = np.stack([both, *[towards[0]] * 4, *[towards[1]] * 3])
    texts = ["sync and login", *["sync"] * 4, *["login"] * 3]
    choices = choose(
        read_wording(texts, vectors),
        np.arange(8),
        np.ones(8, np.float32),
        read_wording(texts, vectors),
        np.arange(8),
        chances=lambda points, sentences: np.clip(points @ sentences.T, 0, 1),
        least_voices=2,
        limit=9,
    )
    assert [texts[choice.candidate] for choice in choices] == ["sync", "login"]


def test_a_point_whose_own_sentence_went_to_another_part_of_it_keeps_its_head() -> None:
    """Two parts of one sentence are both picked; it goes to the first, none of the rest is fit."""
    axes = np.eye(3, dtype=np.float32)
    whole = (axes[0] + axes[1]) / np.sqrt(2)
    parts = read_wording(["a", "b"], axes[:2])
    sentences = np.stack([whole, axes[0], axes[0], axes[1], axes[1]])
    choices = choose(
        parts,
        np.zeros(2, np.int64),
        np.ones(2, np.float32),
        read_wording(["a and b", *"aabb"], sentences),
        np.arange(5),
        chances=lambda points, others: np.clip(points @ others.T, 0, 1),
        least_voices=2,
        limit=9,
    )
    assert [sorted(choice.rows) for choice in choices] == [[0, 1, 2]]


def test_what_one_alone_names_heads_nothing_that_the_others_say() -> None:
    texts = ["Sync fails on Windows XP", "Sync fails", "Sync fails again"]
    sentences = read_wording(texts, np.eye(3, dtype=np.float32)[[0, 0, 0]])
    heads = np.arange(2)
    fitness = np.array([0.9, 0.8], np.float32)
    (choice,) = choose(
        sentences[heads], heads, fitness, sentences, np.arange(3),
        chances=by_cosine, least_voices=2, limit=9,
    )  # fmt: skip
    assert texts[choice.candidate] == "Sync fails"
