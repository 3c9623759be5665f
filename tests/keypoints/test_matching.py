"""Matching: the same matter in other words, not other matters in the same words."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from feedbackminer.embed.load import load_encoder
from feedbackminer.embed.reranker import shipped_reranker
from feedbackminer.errors import ModelError
from feedbackminer.keypoints.matching import (
    CARD,
    MEASURES,
    Matcher,
    Matrix,
    compare,
    read_wording,
    shipped_matcher,
)
from feedbackminer.settings.sections import EmbedSettings
from feedbackminer.tagging.head_tagger import load_tagger
from feedbackminer.vocabulary.tags import HEADLINES

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
    encoder = load_encoder(EmbedSettings())
    texts = sorted({text for pair in SAME + OTHER for text in pair})
    encoded = encoder.encode(texts)
    of_heads = load_tagger(encoder.name).headlines(texts, encoded.layer_mean)
    wording = read_wording(texts, encoded.vectors, of_heads)
    rerank = shipped_reranker().probabilities
    chances = compare(wording, wording, shipped_matcher(), rerank).toarray()
    of_same, of_other = (
        [chances[texts.index(point), texts.index(sentence)] for point, sentence in pairs]
        for pairs in (SAME, OTHER)
    )
    assert min(of_same) > max(of_other)


def test_only_what_vectors_find_alike_is_read_together_and_nothing_with_itself() -> None:
    asked: list[tuple[str, str]] = []

    def rerank(pairs: Sequence[tuple[str, str]], log_odds: Matrix) -> Matrix:
        asked.extend(pairs)
        assert len(pairs) == len(log_odds)
        return np.full(len(pairs), 0.7, np.float32)

    vectors = np.array([[1, 0], [0.8, 0.6], [0, 1]], np.float32)
    nothing = np.zeros((3, len(HEADLINES)), np.float32)
    wording = read_wording(["red box", "blue box", "login"], vectors, nothing)
    weights = np.array([10.0 * (name == "cosine") for name in MEASURES], np.float32)
    chances = compare(wording, wording, Matcher(weights, -8.0), rerank).toarray()
    assert asked == [("red box", "blue box"), ("blue box", "red box")]
    assert chances == pytest.approx(np.array([[1, 0.7, 0], [0.7, 1, 0], [0, 0, 1]]), abs=1e-6)


def test_weights_come_back_as_they_were_saved(tmp_path: Path) -> None:
    matcher = Matcher(np.arange(len(MEASURES), dtype=np.float32), -1.5)
    matcher.save(tmp_path, {"name": "matcher"})
    again = Matcher.load(tmp_path)
    assert (again.weights.tolist(), again.bias) == (matcher.weights.tolist(), -1.5)


@pytest.mark.parametrize("damage", ["", "{}", '{"weights": {"bias": 1}}', "[1]"])
def test_a_damaged_matcher_is_told_with_its_folder(tmp_path: Path, damage: str) -> None:
    (tmp_path / CARD).write_text(damage)
    with pytest.raises(ModelError, match=r"no matcher can be read here.*install the package"):
        Matcher.load(tmp_path)


@pytest.mark.parametrize("name", ["matcher", "reranker"])
def test_the_card_names_what_it_was_trained_and_measured_on(name: str) -> None:
    card = json.loads((Path("models") / name / CARD).read_text("utf-8"))
    assert [row["name"] for row in card["trained_on"]] == ["pairs.jsonl"]
    figures = card["by_set"]["openenergymonitor"]
    assert figures["average_precision"] > figures["of_cosine"]
