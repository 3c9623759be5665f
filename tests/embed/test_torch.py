"""The encoder on torch: bundled, without a network, and close in meaning is close in space."""

import re
from typing import Any

import numpy as np
import pytest
import torch

from feedbackminer.embed.encoder import Encoder
from feedbackminer.embed.load import encoder_name, load_encoder
from feedbackminer.errors import SettingsError
from feedbackminer.settings.sections import EmbedSettings

TORCH = EmbedSettings(backend="torch")


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder(TORCH)


def test_an_encoder_is_named_after_what_changes_its_vectors() -> None:
    assert re.fullmatch(r"all-MiniLM-L6-v2\+[0-9a-f]{8}@128", encoder_name(TORCH))
    assert load_encoder(EmbedSettings(model="/models/mine", max_tokens=64)).name == "mine@64"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        (
            "The app crashes on start.",
            "It dies as soon as I open it.",
            "I love the new dark theme.",
        ),
        ("Sync loses my notes.", "My notes vanish after syncing.", "Can I pay once a year?"),
        ("Please add a dark mode.", "A night theme would be nice.", "The battery drains fast."),
    ],
)
def test_texts_that_mean_the_same_lie_closer(
    encoder: Encoder, text: str, near: str, far: str
) -> None:
    one, same, other = encoder.encode([text, near, far]).vectors
    assert one @ same > one @ other + 0.1


@pytest.mark.slow
def test_real_vectors_have_length_one(encoder: Encoder) -> None:
    encoded = encoder.encode(["Hello there.", "同步 不 工作", "😀", "word " * 5_000])
    assert encoded.vectors.shape == encoded.layer_mean.shape == (4, 384)
    np.testing.assert_allclose(np.linalg.norm(encoded.vectors, axis=1), 1, atol=1e-5)


@pytest.mark.slow
def test_the_layer_mean_is_the_mean_of_the_words_states_over_all_layers(
    encoder: Encoder,
) -> None:
    from sentence_transformers import SentenceTransformer

    from feedbackminer.embed.backends.bert import model_path
    from feedbackminer.embed.encoder import BUNDLED
    from feedbackminer.embed.reader import load_reader, tune

    written = ["The app crashes on start.", "I love it, really."]
    plain: Any = SentenceTransformer(model_path(BUNDLED), device="cpu")
    reader = load_reader()
    assert reader is not None
    tune(plain[0].auto_model, reader.layers)
    tokens = plain.preprocess(written)
    with torch.inference_mode():
        inside: Any = plain[0].auto_model
        states = inside(**tokens, output_hidden_states=True).hidden_states[1:]
    here = tokens["attention_mask"].unsqueeze(-1)
    mean = (torch.stack(states).mean(dim=0) * here).sum(dim=1) / here.sum(dim=1)
    np.testing.assert_allclose(encoder.encode(written).layer_mean, mean.numpy(), atol=1e-4)
    np.testing.assert_allclose(
        encoder.encode(written).vectors,
        plain.encode(written, normalize_embeddings=True),
        atol=1e-5,
    )


def test_no_texts_have_no_vectors() -> None:
    assert load_encoder(TORCH).encode([]).vectors.shape == (0, 0)


@pytest.mark.slow
def test_the_neighbours_in_a_batch_change_no_vector(encoder: Encoder) -> None:
    written = ["The app crashes on start.", "Sync " * 60, "I love it.", "Where are my notes?"]
    forth, back = encoder.encode(written), encoder.encode(written[::-1])
    np.testing.assert_allclose(forth.vectors, back.vectors[::-1], atol=1e-5)
    np.testing.assert_allclose(forth.layer_mean, back.layer_mean[::-1], atol=1e-4)


@pytest.mark.slow
def test_a_model_that_is_nowhere_is_an_error_that_says_what_to_do() -> None:
    encoder = load_encoder(EmbedSettings(model="no-such-model"))
    with pytest.raises(SettingsError) as caught:
        encoder.encode(["Hello there."])
    assert "[embed] model = 'no-such-model'" in str(caught.value)
    assert "want 'all-MiniLM-L6-v2', a folder, or a model that is in the local cache" in str(
        caught.value
    )
