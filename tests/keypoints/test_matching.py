"""Matching: what is likely is kept with its probability, and a sentence says its parts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbackminer.keypoints.matching import (
    BLOCK,
    LIKELY,
    Matrix,
    Wording,
    compare,
    read_wording,
)


def cosines(points: Matrix, sentences: Matrix) -> Matrix:
    """Take a cosine for the probability."""
    alike: Matrix = np.clip(points @ sentences.T, 0, 1)
    return alike


def worded(vectors: list[list[float]]) -> Wording:
    return read_wording(["it fails"] * len(vectors), np.array(vectors, np.float32))


def test_what_is_unlikely_is_not_kept() -> None:
    wording = worded([[1, 0], [0.8, 0.6], [0.2, 0.98]])
    chances = compare(wording, wording, cosines)
    assert chances.nnz == 7
    assert chances.toarray()[0] == pytest.approx([1, 0.8, 0])


def test_a_sentence_says_what_a_part_of_it_says_however_unlike() -> None:
    part, sentences = worded([[1, 0]]), worded([[1, 0], [0, 1]])
    assert compare(part, sentences, cosines, of=np.array([1])).toarray().tolist() == [[1, 1]]


@pytest.mark.parametrize(
    ("point", "sentence", "is_said"),
    [
        ("Slicer 5.2 crashes", "Slicer crashes, in 5.2", True),
        ("Slicer 5.2 crashes", "Slicer 5.20 crashes", False),
        ("Slicer 5.2 crashes", "Slicer crashes", False),
        ("Slicer crashes", "Slicer 5.2 crashes", True),
        ("No DS18B20 found", "No sensor found", True),  # a name, not a number
    ],
)
def test_a_version_is_not_said_by_those_who_name_another_or_none(
    point: str, sentence: str, *, is_said: bool
) -> None:
    both = read_wording([point, sentence], np.ones((2, 1), np.float32))
    chances = compare(both[np.array([0])], both[np.array([1])], cosines)
    assert chances.toarray().item() == is_said


def test_no_points_have_no_pairs() -> None:
    wording = worded([[1, 0], [0, 1]])
    assert compare(wording[slice(0)], wording, cosines).shape == (0, 2)


@given(st.integers(1, 3), st.integers(1, 9))
@settings(deadline=None, max_examples=10)
def test_blocks_change_nothing(n_blocks: int, n_sentences: int) -> None:
    draw = np.random.default_rng(n_sentences)
    points = draw.normal(size=(n_blocks * BLOCK + 1, 3)).astype(np.float32)
    sentences = draw.normal(size=(n_sentences, 3)).astype(np.float32)
    whole = cosines(points, sentences)
    expected = np.where(whole >= LIKELY, whole, 0)
    found = compare(worded(points.tolist()), worded(sentences.tolist()), cosines)
    assert found.toarray() == pytest.approx(expected, abs=1e-5)
