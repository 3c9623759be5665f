"""A question gets the vector that the encoder of posts would give it."""

from __future__ import annotations

import numpy as np
import pytest

from feedbackminer.embed.load import load_encoder
from feedbackminer.embed.query import encode_question
from feedbackminer.settings.sections import EmbedSettings
from tests.support.tiny_encoder import save_tiny_encoder

QUESTIONS = ("What about the price?", "x", "😀 ünïcode", "word " * 400, "")


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS)
def test_numpy_says_what_torch_says(question: str) -> None:
    settings = EmbedSettings()
    (expected,) = load_encoder(settings).encode([question]).vectors
    np.testing.assert_allclose(encode_question(question, settings), expected, atol=1e-5)


@pytest.mark.slow
def test_another_encoder_is_asked_itself(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = EmbedSettings(model=save_tiny_encoder(tmp_path_factory.mktemp("model")))
    (expected,) = load_encoder(settings).encode(["price"]).vectors
    np.testing.assert_allclose(encode_question("price", settings), expected)
