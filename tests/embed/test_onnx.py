"""The bundled encoder in ONNX Runtime: near to floats, and the same wherever a text stands."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from feedbackminer.embed.backends import bert, bundled, graph, onnx
from feedbackminer.embed.backends.bert import read_bert, read_tokenizer
from feedbackminer.embed.encoder import Encoder
from feedbackminer.embed.load import backend_of, encoder_name, load_encoder
from feedbackminer.embed.reader import load_reader
from feedbackminer.errors import SettingsError
from feedbackminer.settings.sections import EmbedSettings
from feedbackminer.vectors import unit
from tests.support.command import SAMPLE, read_jsonl

pytestmark = pytest.mark.slow
AUTO, INT8, FP32, TORCH = (
    EmbedSettings(backend=name) for name in ("auto", "int8", "fp32", "torch")
)
ODD = ["", "x", "😀 ünïcode", "word " * 400, "The app crashes. It did so before the update!"]


@pytest.fixture(scope="module")
def posts() -> list[str]:
    return [row["body"] for row in read_jsonl(SAMPLE)[::10]]


@pytest.fixture
def _int8() -> None:
    try:
        backend_of(INT8)
    except SettingsError as error:
        pytest.skip(f"this processor: {error}")


@pytest.fixture
def forgetful() -> Iterator[None]:
    """What was decided before and after the test does not count in it."""
    caches = (backend_of, load_encoder, bundled.load_transformer)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


def test_in_floats_everything_is_what_torch_says(posts: list[str]) -> None:
    texts = [*ODD, *posts[:30]]
    ours, theirs = (load_encoder(settings).encode(texts) for settings in (FP32, TORCH))
    np.testing.assert_allclose(ours.vectors, theirs.vectors, atol=1e-5)
    np.testing.assert_allclose(ours.layer_mean, theirs.layer_mean, atol=1e-4)
    for one, other in zip(ours.sentences, theirs.sentences, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)


def test_numpy_computes_what_torch_says(posts: list[str]) -> None:
    reader = load_reader()
    assert reader is not None
    encoder, tokenizer = read_bert(reader.layers), read_tokenizer(128)
    states = [encoder.states(tokenizer.encode(text).ids) for text in posts[:3]]
    expected = load_encoder(TORCH).encode(posts[:3])
    last = unit(np.stack([of_text[-1].mean(axis=0) for of_text in states]))
    np.testing.assert_allclose(last, expected.vectors, atol=1e-5)
    layer_mean = np.stack([of_text.mean(axis=(0, 1)) for of_text in states])
    np.testing.assert_allclose(layer_mean, expected.layer_mean, atol=1e-4)


@pytest.mark.usefixtures("_int8")
def test_in_eight_bits_vectors_stay_near_to_those_of_floats(posts: list[str]) -> None:
    ours, reference = (load_encoder(settings).encode(posts).vectors for settings in (INT8, FP32))
    cosines = (ours * reference).sum(axis=1)
    assert cosines.mean() > 0.99
    assert cosines.min() > 0.95


@pytest.mark.usefixtures("_int8")
@pytest.mark.parametrize("settings", [INT8, FP32], ids=["int8", "fp32"])
def test_a_text_has_the_same_vector_alone_and_among_others_to_the_last_bit(
    posts: list[str], settings: EmbedSettings
) -> None:
    texts = [*ODD, *posts[:40]]
    encoder = load_encoder(settings)
    one_thread = load_encoder(settings.model_copy(update={"threads": 1}))
    together, backwards = encoder.encode(texts), one_thread.encode(texts[::-1])
    alone = [encoder.encode([text]) for text in texts]
    np.testing.assert_array_equal(together.vectors, backwards.vectors[::-1])
    np.testing.assert_array_equal(together.layer_mean, backwards.layer_mean[::-1])
    np.testing.assert_array_equal(together.vectors, np.concatenate([a.vectors for a in alone]))
    for one, other in zip(together.sentences, (a.sentences[0] for a in alone), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.usefixtures("_int8")
def test_eight_bits_are_the_default_under_a_name_of_their_own() -> None:
    assert backend_of(AUTO).name == "int8"
    assert encoder_name(AUTO) == encoder_name(INT8) == f"{encoder_name(FP32)}:int8"
    assert encoder_name(FP32) == encoder_name(TORCH)


def test_another_model_runs_on_torch() -> None:
    assert backend_of(EmbedSettings(model="/models/mine")).name == "torch"
    with pytest.raises(SettingsError, match="want backend = 'torch' or 'auto'"):
        backend_of(EmbedSettings(model="/models/mine", backend="int8"))


@pytest.mark.usefixtures("forgetful")
class TestWhatCannotBeReliedOn:
    """Processors without VNNI add products in sixteen bits, where they do not fit."""

    @pytest.fixture
    def _saturated(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def clipped(weight: Any) -> Any:
            rounded, scale = in_eight_bits(weight)
            return np.clip(rounded, -20, 20), scale

        in_eight_bits = graph.in_eight_bits
        monkeypatch.setattr(graph, "in_eight_bits", clipped)

    @pytest.mark.usefixtures("_saturated")
    def test_eight_bits_that_stray_give_way_to_floats_and_this_is_said(self) -> None:
        backend = backend_of(AUTO)
        assert backend.name == "fp32"
        assert backend.is_second_best
        assert "int8 strays from the reference on this processor" in backend.why
        assert encoder_name(AUTO) == encoder_name(TORCH)

    @pytest.mark.usefixtures("_saturated")
    def test_eight_bits_that_were_asked_for_and_stray_are_an_error(self) -> None:
        with pytest.raises(SettingsError, match="want 'auto', which takes what can be relied on"):
            load_encoder(INT8)

    def test_weights_that_are_nowhere_are_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bert, "model_path", lambda _: "/nowhere")
        with pytest.raises(SettingsError, match=r"/nowhere.*install the package again"):
            load_encoder(AUTO)

    @pytest.mark.parametrize("reason", ["is not installed", "refuses the graph"])
    def test_without_onnx_runtime_numpy_computes_what_floats_would(
        self, monkeypatch: pytest.MonkeyPatch, posts: list[str], reason: str
    ) -> None:
        expected = load_encoder(FP32).encode(posts[:2])
        if reason == "is not installed":
            monkeypatch.setitem(sys.modules, "onnxruntime", None)
        else:
            monkeypatch.setattr(onnx, "graph_of", lambda *_: b"no graph")
        for cached in (backend_of, bundled.load_transformer):
            cached.cache_clear()

        backend, encoded = backend_of(AUTO), load_encoder(AUTO).encode(posts[:2])

        assert (backend.name, backend.is_second_best) == ("numpy", True)
        assert "onnxruntime" in backend.why or "refuses the encoder" in backend.why
        assert load_encoder(AUTO).name == encoder_name(TORCH)
        np.testing.assert_allclose(encoded.vectors, expected.vectors, atol=1e-5)
        np.testing.assert_allclose(encoded.layer_mean, expected.layer_mean, atol=1e-4)


def test_what_is_loaded_serves_every_encoder_of_its_kind() -> None:
    encoder: Encoder = load_encoder(AUTO)
    assert load_encoder(EmbedSettings()) is encoder
    assert load_encoder(EmbedSettings(batch_size=8)) is not encoder
    assert bundled.load_transformer.cache_info().currsize <= 4
