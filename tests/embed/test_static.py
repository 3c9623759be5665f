"""Words looked up and averaged: what the static encoder says, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from feedbackminer.admin.doctor import examine
from feedbackminer.embed import load
from feedbackminer.embed.backends import static
from feedbackminer.embed.encoder import Encoder
from feedbackminer.embed.load import backend_of, encoder_name, load_encoder
from feedbackminer.errors import SettingsError
from feedbackminer.settings.sections import EmbedSettings
from feedbackminer.shipped import STATIC, shipped
from feedbackminer.weights import CARD, WEIGHTS, weights_of
from tests.support.command import SAMPLE, invoke, read_jsonl, write_jsonl

SETTINGS = EmbedSettings(backend="static")
ALIKE = "The app crashes when I open a photo.", "It crashes as soon as a photo is opened."
OTHER = "Please add a dark theme for the evening."


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder(SETTINGS)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder where the weights are looked for now; it has none."""
    monkeypatch.setattr(static, "shipped", lambda _: tmp_path)
    for cached in (static.load_words, load.backend_of, load.load_encoder):
        cached.cache_clear()
    yield tmp_path
    for cached in (static.load_words, load.backend_of, load.load_encoder):
        cached.cache_clear()


def test_texts_that_say_alike_lie_nearer_than_others(encoder: Encoder) -> None:
    one, same, other = encoder.encode([*ALIKE, OTHER]).vectors
    assert one @ same > 0.5 > one @ other


def test_a_text_has_the_same_vector_wherever_it_stands(encoder: Encoder) -> None:
    texts = [f"{OTHER} {n}" for n in range(static.AT_ONCE)]
    together = encoder.encode([*texts, *ALIKE]).vectors
    np.testing.assert_array_equal(together[-2:], encoder.encode(ALIKE).vectors)
    np.testing.assert_array_equal(together[::-1][:2], encoder.encode(ALIKE[::-1]).vectors)


def test_what_holds_no_word_has_no_direction_and_everything_else_length_one(
    encoder: Encoder,
) -> None:
    lengths = np.linalg.norm(
        encoder.encode(["", " \n", "x", "😭", "word " * 4_000]).vectors, axis=1
    )
    np.testing.assert_allclose(lengths, [0, 0, 1, 1, 1], atol=1e-5)


def test_only_so_many_tokens_of_a_text_are_read() -> None:
    encoder = load_encoder(EmbedSettings(backend="static", max_tokens=8))
    short, long = encoder.encode(["crash " * 8, "crash " * 8 + "theme " * 100]).vectors
    np.testing.assert_array_equal(short, long)


def test_it_tells_neither_how_a_text_sounds_nor_of_its_sentences(encoder: Encoder) -> None:
    encoded = encoder.encode(ALIKE)
    assert encoded.layer_mean.shape == (2, 0)
    assert encoded.sentences == ()
    assert encoder.encode([]).vectors.shape == (0, 0)


def test_its_vectors_have_a_name_of_their_own_that_changes_with_the_weights() -> None:
    card = json.loads((shipped(STATIC) / CARD).read_text("utf-8"))
    assert encoder_name(SETTINGS) == f"static+{card['weights_sha256'][:8]}@128"
    assert weights_of(encoder_name(SETTINGS)) != weights_of(encoder_name(EmbedSettings()))


def test_the_card_names_what_it_was_made_of_and_whose_licence_allows_it() -> None:
    card = json.loads((shipped(STATIC) / CARD).read_text("utf-8"))
    assert {row["licence"] for row in card["trained_on"]} <= {"MIT", "Apache-2.0", "CC-BY-4.0"}
    assert (shipped(STATIC) / WEIGHTS).stat().st_size < 16_000_000


def test_what_computes_models_beside_it_has_layers() -> None:
    assert backend_of(SETTINGS).engine == "fp32"


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_weights_that_are_damaged_are_told(damage: str, elsewhere: Path) -> None:
    if damage == "changed":
        (elsewhere / CARD).write_text((shipped(STATIC) / CARD).read_text("utf-8"), "utf-8")
        (elsewhere / WEIGHTS).write_bytes(b"nothing")
    with pytest.raises(SettingsError, match=r"backend = 'static'.*install the package again"):
        backend_of(SETTINGS)


def test_it_knows_one_model_alone() -> None:
    with pytest.raises(SettingsError, match="want backend = 'torch' or 'auto'"):
        backend_of(EmbedSettings(model="/models/mine", backend="static"))


@pytest.mark.slow
def test_a_run_with_it_says_that_tags_come_from_rules(tmp_path: Path) -> None:
    export = write_jsonl(tmp_path / "posts.jsonl", read_jsonl(SAMPLE)[:40])
    project = tmp_path / "project"
    project.mkdir()
    (project / "feedbackminer.toml").write_text('[embed]\nbackend = "static"\n', "utf-8")
    done = invoke("import", export, "--project", project)
    assert done.exit_code == 0, done.output
    done = invoke("mine", "--project", project)
    assert done.exit_code == 0, done.output
    assert "vectors are computed by static" in done.output
    assert "tags come from rules" in done.output
    assert "no head can read" in done.output
    assert "feedbackminer train" not in done.output
    encoder = next(f for f in examine(project, offline=True) if f.what == "encoder")
    assert encoder.ok
    assert "by static" in encoder.found
