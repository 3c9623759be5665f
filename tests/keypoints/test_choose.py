"""Few points that together say most: each by enough members, none twice, surest first."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbackminer.keypoints.choose import choose
from feedbackminer.keypoints.matching import MEASURES, Matcher, Matrix, Wording, read_wording
from feedbackminer.vocabulary.tags import HEADLINES

# Says that two sentences are one where their vectors are: cosine 1 is certain, 0 ruled out.
BY_COSINE = Matcher(np.array([10.0 * (name == "cosine") for name in MEASURES], np.float32), -5.0)


def as_found(_: Sequence[tuple[str, str]], log_odds: Matrix) -> Matrix:
    """Leave pairs as the matcher finds them."""
    return (1 / (1 + np.exp(-log_odds))).astype(np.float32)


def said(*matters: int) -> Wording:
    """Return sentences, each about the matter of that number."""
    vectors = np.eye(40, dtype=np.float32)[list(matters)]
    nothing = np.zeros((len(matters), len(HEADLINES)), np.float32)
    return read_wording([f"matter {matter} again" for matter in matters], vectors, nothing)


class Point(NamedTuple):
    """A chosen point, by the rows of sentences."""

    head: int
    rows: list[int]
    chances: Matrix


def chosen(
    matters: list[int], voices: list[int], fitness: list[float], *, least: int = 2, limit: int = 9
) -> list[Point]:
    wording, heads = said(*matters), np.flatnonzero(fitness)
    choices = choose(
        wording.take(heads),
        heads,
        np.array(fitness, np.float32)[heads],
        wording,
        np.array(voices),
        matcher=BY_COSINE,
        rerank=as_found,
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
    sentences = said(1, 2, 2, 2)
    part = said(2)
    (choice,) = choose(
        part,
        np.array([0]),
        np.ones(1, np.float32),
        sentences,
        np.arange(4),
        matcher=BY_COSINE,
        rerank=as_found,
        least_voices=2,
        limit=9,
    )
    assert sorted(choice.rows) == [0, 1, 2, 3]
