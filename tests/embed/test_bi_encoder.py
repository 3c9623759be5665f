"""Sentences read by the bi-encoder that is shipped: the same matter, not the same words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from feedbackminer.embed.bi_encoder import BiEncoder, shipped_bi_encoder
from feedbackminer.errors import ModelError
from feedbackminer.shipped import MATCHER, shipped
from feedbackminer.weights import CARD, WEIGHTS, read_weights

SAME = [
    ("The dashboard stays empty after the update.", "Since the update my dashboard is blank."),
    ("I cannot log in with my new password.", "Login fails although the new password is right."),
]
OTHER = [
    ("The dashboard stays empty after the update.", "How do I share a dashboard with a friend?"),
    ("I cannot log in with my new password.", "I cannot print in colour."),
]


@pytest.mark.slow
def test_what_says_the_same_is_likelier_than_what_shares_words() -> None:
    matcher = shipped_bi_encoder()
    of_same, of_other = (
        [matcher.chances(*(matcher.encode([text]) for text in pair)).item() for pair in pairs]
        for pairs in (SAME, OTHER)
    )
    assert min(of_same) > 0.5 > max(of_other)


@pytest.mark.slow
def test_a_sentence_gets_its_vector_wherever_it_stands() -> None:
    sentences = [f"The sync of note {n} fails{' again' * (n % 5)}." for n in range(50)]
    vectors = shipped_bi_encoder().encode(sentences)
    backwards = shipped_bi_encoder().encode(sentences[::-1], threads=1)
    np.testing.assert_array_equal(backwards[::-1], vectors)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-4)
    assert shipped_bi_encoder().encode([]).shape == (0, vectors.shape[1])


def test_a_cosine_is_worth_what_was_fitted() -> None:
    matcher = BiEncoder({}, np.array([2.0, -1.0], np.float32))
    chances = matcher.chances(np.eye(2, dtype=np.float32), np.array([[1, 0]], np.float32))
    assert chances[:, 0] == pytest.approx([1 / (1 + np.exp(-1)), 1 / (1 + np.exp(1))])


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_damaged_weights_are_told_with_their_folder(tmp_path: Path, damage: str) -> None:
    shutil.copy(shipped(MATCHER) / CARD, tmp_path)
    if damage == "changed":
        (tmp_path / WEIGHTS).write_bytes(b"nothing")
    with pytest.raises(ModelError, match="install the package again"):
        read_weights(tmp_path)


def test_the_card_names_what_it_was_trained_and_measured_on() -> None:
    card = json.loads((shipped(MATCHER) / CARD).read_text("utf-8"))
    assert [row["name"] for row in card["trained_on"]] == ["pairs.jsonl", "invented_pairs.jsonl"]
    for figures in card["by_set"].values():
        assert figures["average_precision"] > figures["untrained"]
