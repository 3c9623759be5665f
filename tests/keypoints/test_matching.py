"""The shipped matcher: the same matter in other words, not other matters in the same words."""

import json
from pathlib import Path

import numpy as np
import pytest

from feedbackminer.embed.load import load_encoder
from feedbackminer.errors import ModelError
from feedbackminer.keypoints.matching import CARD, MEASURES, Matcher, read_wording, shipped_matcher
from feedbackminer.settings.sections import EmbedSettings
from feedbackminer.tagging.head_tagger import load_tagger

SAME = [
    ("The dashboard stays empty after the update.", "Since the update my dashboard is blank."),
    ("I cannot log in with my new password.", "Login fails although the new password is right."),
]
OTHER = [
    ("The dashboard stays empty after the update.", "How do I share a dashboard with a friend?"),
    ("I cannot log in with my new password.", "I cannot print in colour."),
]


@pytest.fixture
def chances() -> dict[tuple[str, str], float]:
    encoder = load_encoder(EmbedSettings())
    texts = sorted({text for pair in SAME + OTHER for text in pair})
    encoded = encoder.encode(texts)
    of_heads = load_tagger(encoder.name).headlines(texts, encoded.layer_mean)
    wording = read_wording(texts, encoded.vectors, of_heads)
    table = shipped_matcher().probabilities(wording, wording)
    row = {text: number for number, text in enumerate(texts)}
    return {pair: float(table[row[pair[0]], row[pair[1]]]) for pair in SAME + OTHER}


@pytest.mark.slow
def test_what_says_the_same_is_likelier_than_what_shares_words(
    chances: dict[tuple[str, str], float],
) -> None:
    assert min(chances[pair] for pair in SAME) > max(chances[pair] for pair in OTHER)


def test_weights_come_back_as_they_were_saved(tmp_path: Path) -> None:
    matcher = Matcher(np.arange(len(MEASURES), dtype=np.float32), np.ones(3, np.float32), -1.5)
    matcher.save(tmp_path, {"name": "matcher"})
    again = Matcher.load(tmp_path)
    assert again.measures.tolist() == matcher.measures.tolist()
    assert (again.products.tolist(), again.bias) == ([1, 1, 1], -1.5)


@pytest.mark.parametrize("damage", ["", "{}", '{"weights": {"measures": {}}}', "[1]"])
def test_a_damaged_matcher_is_told_with_its_folder(tmp_path: Path, damage: str) -> None:
    (tmp_path / CARD).write_text(damage)
    with pytest.raises(ModelError, match=r"no matcher can be read here.*install the package"):
        Matcher.load(tmp_path)


def test_the_card_names_what_it_was_trained_and_measured_on() -> None:
    card = json.loads((Path("models") / "matcher" / CARD).read_text("utf-8"))
    assert [row["name"] for row in card["trained_on"]] == ["pairs.jsonl"]
    figures = card["by_set"]["openenergymonitor"]
    assert figures["average_precision"] > figures["of_cosine"]
