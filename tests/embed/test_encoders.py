"""The encoder: bundled, without a network, and close in meaning is close in space."""

import numpy as np
import pytest

from feedbackminer.embed.encoders import SentenceEncoder
from feedbackminer.errors import SettingsError
from feedbackminer.settings import EmbedSettings


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder(EmbedSettings())


def test_an_encoder_is_named_after_what_changes_its_vectors() -> None:
    assert SentenceEncoder(EmbedSettings()).name == "all-MiniLM-L6-v2@128"
    assert SentenceEncoder(EmbedSettings(model="/models/mine", max_tokens=64)).name == "mine@64"


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
    encoder: SentenceEncoder, text: str, near: str, far: str
) -> None:
    one, same, other = encoder.encode([text, near, far])
    assert one @ same > one @ other + 0.1


@pytest.mark.slow
def test_real_vectors_have_length_one(encoder: SentenceEncoder) -> None:
    vectors = encoder.encode(["Hello there.", "同步 不 工作", "😀", "word " * 5_000])
    assert vectors.shape == (4, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.slow
def test_the_neighbours_in_a_batch_change_no_vector(encoder: SentenceEncoder) -> None:
    written = ["The app crashes on start.", "Sync " * 60, "I love it.", "Where are my notes?"]
    forth, back = encoder.encode(written), encoder.encode(written[::-1])[::-1]
    np.testing.assert_allclose(forth, back, atol=1e-5)


@pytest.mark.slow
def test_a_model_that_is_nowhere_is_an_error_that_says_what_to_do() -> None:
    encoder = SentenceEncoder(EmbedSettings(model="no-such-model"))
    with pytest.raises(SettingsError) as caught:
        encoder.encode(["Hello there."])
    assert "[embed] model = 'no-such-model'" in str(caught.value)
    assert "want 'all-MiniLM-L6-v2', a folder, or a model that is in the local cache" in str(
        caught.value
    )
