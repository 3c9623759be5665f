"""Few points that together say most: each by enough members, none twice, surest first."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbackminer.keypoints.choose import Choice, choose
from feedbackminer.keypoints.matching import MEASURES, Matcher, Wording, read_wording
from feedbackminer.vocabulary.tags import HEADLINES

# Says that two sentences are one where their vectors are: cosine 1 is certain, 0 ruled out.
BY_COSINE = Matcher(
    measures=np.array([10.0 * (name == "cosine") for name in MEASURES], np.float32),
    products=np.zeros(40, np.float32),
    bias=-5.0,
)


def said(*matters: int) -> Wording:
    """Return sentences, each about the matter of that number."""
    vectors = np.eye(40, dtype=np.float32)[list(matters)]
    nothing = np.zeros((len(matters), len(HEADLINES)), np.float32)
    return read_wording([f"matter {matter} again" for matter in matters], vectors, nothing)


def chosen(matters: list[int], voices: list[int], fitness: list[float], **how: int) -> list[Choice]:
    return choose(
        said(*matters),
        np.array(voices),
        np.array(fitness, np.float32),
        matcher=BY_COSINE,
        **({"least_voices": 2, "limit": 9} | how),
    )


def test_what_most_members_say_comes_first_with_all_who_say_it() -> None:
    choices = chosen([1, 2, 2, 2, 1], [0, 1, 2, 3, 4], [0.9] * 5)
    assert [sorted(choice.rows) for choice in choices] == [[1, 2, 3], [0, 4]]
    assert all(choice.chances.min() > 0.9 for choice in choices)


def test_it_is_said_by_members_not_by_sentences() -> None:
    assert chosen([1, 1, 1, 1], [7, 7, 7, 7], [0.9] * 4) == []
    assert len(chosen([1, 1, 1, 1], [7, 7, 7, 8], [0.9] * 4)) == 1


def test_the_fittest_sentence_heads_it() -> None:
    (choice,) = chosen([1, 1, 1], [0, 1, 2], [0.5, 0.9, 0.6])
    assert choice.row == 1


def test_what_is_not_fit_heads_nothing_and_counts_all_the_same() -> None:
    (choice,) = chosen([1, 1, 1, 2, 2], [0, 1, 2, 3, 4], [0.0, 0.6, 0.0, 0.0, 0.0])
    assert (choice.row, sorted(choice.rows)) == (1, [0, 1, 2])


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
    choices = chosen(matters, voices, fitness, least_voices=least)
    counted = [row for choice in choices for row in choice.rows]
    assert len(counted) == len(set(counted))
    for choice in choices:
        assert choice.row in choice.rows
        assert len({voices[row] for row in choice.rows}) >= least
        assert len({matters[row] for row in choice.rows}) == 1
    assert len({matters[choice.row] for choice in choices}) == len(choices)
