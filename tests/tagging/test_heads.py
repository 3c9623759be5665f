"""Heads: probabilities, files that cannot carry code, and refusal of what is not theirs."""

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from feedbackminer.embed.load import encoder_name
from feedbackminer.errors import ModelError, OtherEncoderError
from feedbackminer.settings.sections import EmbedSettings
from feedbackminer.tagging import features
from feedbackminer.tagging.head_tagger import LABELS, find, load_tagger
from feedbackminer.tagging.heads import Head, Weights
from feedbackminer.vocabulary.tags import KNOWN
from feedbackminer.weights import CARD, WEIGHTS

SHIPPED = encoder_name(EmbedSettings())


def head(*, exclusive: bool = False, threshold: float = 0.6) -> Head:
    """A head over manner alone: it knows two labels, "good" speaks for the first."""
    d, n = features.MANNER + features.STARS, 2
    words = np.zeros((features.BUCKETS, n), np.float32)
    words[features.words(["good"]).indices, 0] = 4.0
    weights = Weights(
        centre=np.zeros(d, np.float32),
        scale=np.ones(d, np.float32),
        dense=np.zeros((d, n), np.float32),
        words=words,
        bias=np.array([-2, -3], np.float32),
        calibration=np.stack([np.eye(n, dtype=np.float32)] * 2),
        offset=np.array([[0, 0], [1, 1]], np.float32),  # both are likelier in reviews
        thresholds=np.full((2, n), threshold, np.float32),
    )
    return Head(
        name="test",
        labels=("praise", "bug"),
        exclusive=exclusive,
        encoder="",
        weights=weights,
        card={},
    )


def seen(*texts: str) -> tuple[features.Matrix, object]:
    read = features.read(texts)
    none = np.zeros((len(texts), 0), np.float32)
    return features.dense(read, none, none), features.words(read)


def posts(count: int) -> NDArray[np.int64]:
    return np.zeros(count, np.int64)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    head().save(tmp_path / "test")
    return tmp_path / "test"


def test_a_head_comes_back_from_its_folder_as_it_was(saved: Path) -> None:
    loaded = Head.load(saved)
    texts = seen("good good", "It is bad.")
    assert loaded.labels == ("praise", "bug")
    np.testing.assert_allclose(
        loaded.probabilities(*texts, posts(2)), head().probabilities(*texts, posts(2)), atol=1e-3
    )


@given(st.lists(st.text(max_size=60), min_size=1, max_size=5), st.booleans())
@settings(max_examples=40, deadline=None)
def test_probabilities_lie_between_0_and_1_and_exclusive_ones_add_up(
    texts: list[str], exclusive: bool
) -> None:
    chances = head(exclusive=exclusive).probabilities(*seen(*texts), posts(len(texts)))
    assert ((chances >= 0) & (chances <= 1)).all()
    if exclusive:
        np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-5)


def test_a_label_is_given_from_its_threshold_on() -> None:
    plain = head(threshold=0.6)
    chances = np.array([[0.6, 0.59], [0.9, 0.8]], np.float32)
    assert plain.decide(chances, posts(2)).tolist() == [[True, False], [True, True]]


def test_of_labels_that_exclude_each_other_only_the_likeliest_is_given() -> None:
    plain = head(exclusive=True, threshold=0.3)
    assert plain.decide(np.array([[0.4, 0.6], [0.5, 0.5]], np.float32), posts(2)).tolist() == [
        [False, True],
        [True, False],
    ]


def test_the_same_words_make_a_label_likelier_where_it_is_more_common() -> None:
    both = head().probabilities(*seen("good", "good"), np.array([0, 1]))
    assert both[1, 0] > both[0, 0]
    assert head().scores(*seen("good", "good")).std(axis=0).tolist() == [0, 0]


def test_changed_weights_are_refused_by_their_hash(saved: Path) -> None:
    data = bytearray((saved / WEIGHTS).read_bytes())
    data[-1] ^= 1
    (saved / WEIGHTS).write_bytes(bytes(data))
    with pytest.raises(ModelError, match="not the weights of its card"):
        Head.load(saved)


def test_a_file_cut_short_is_refused(saved: Path) -> None:
    (saved / WEIGHTS).write_bytes((saved / WEIGHTS).read_bytes()[:100])
    with pytest.raises(ModelError, match="not the weights of its card"):
        Head.load(saved)


class Harmful:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (self.path,)  # type: ignore[return-value]


def test_a_pickle_in_the_place_of_weights_is_refused_and_never_run(
    saved: Path, tmp_path: Path
) -> None:
    import hashlib

    data = pickle.dumps(Harmful(tmp_path / "owned"))
    (saved / WEIGHTS).write_bytes(data)
    card = json.loads((saved / CARD).read_text("utf-8"))
    card["weights_sha256"] = hashlib.sha256(data).hexdigest()
    (saved / CARD).write_text(json.dumps(card), "utf-8")
    with pytest.raises(ModelError, match="no head can be read here"):
        Head.load(saved)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    "card", ["", "[]", "{}", '{"weights_sha256": 5}', '{"labels": ["x"]}', "\x00"]
)
def test_a_card_that_is_none_is_refused(saved: Path, card: str) -> None:
    (saved / CARD).write_text(card, "utf-8")
    with pytest.raises(ModelError) as caught:
        Head.load(saved)
    assert str(saved) in str(caught.value)


def test_arrays_of_another_shape_are_refused(tmp_path: Path) -> None:
    whole = head()
    wrong = replace(whole, weights=replace(whole.weights, bias=np.zeros(3, np.float32)))
    wrong.save(tmp_path / "test")
    with pytest.raises(ModelError, match="bias has shape"):
        Head.load(tmp_path / "test")


def test_a_folder_without_a_head_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no head can be read here"):
        Head.load(tmp_path)


def test_some_labels_of_a_head_can_be_replaced() -> None:
    whole = head()
    other = replace(
        whole.only([1]), weights=replace(whole.only([1]).weights, bias=np.ones(1, np.float32))
    )
    both = whole.with_columns(other, [1])
    assert both.labels == whole.labels
    assert both.weights.bias.tolist() == [-2, 1]
    assert whole.weights.bias.tolist() == [-2, -3]


class TestShipped:
    """The heads in the repository."""

    @pytest.mark.parametrize("name", LABELS)
    def test_each_tells_of_its_labels_and_what_it_rests_on(self, name: str) -> None:
        shipped = Head.load(find(name))
        assert shipped.labels == LABELS[name]
        assert {"trained_on", "limits", "intended_use", "recipe"} <= set(shipped.card)
        assert set(shipped.card["by_label"]) == (set() if name == KNOWN else set(shipped.labels))
        assert all(len(source["sha256"]) == 64 for source in shipped.card["trained_on"])

    @pytest.mark.parametrize("name", LABELS)
    def test_none_rests_on_data_that_may_not_be_released(self, name: str) -> None:
        sets = {source["name"] for source in Head.load(find(name)).card["trained_on"]}
        assert sets.isdisjoint({"tweeteval", "nlbse24", "urho3d", "slicer"})

    @pytest.mark.parametrize("name", LABELS)
    def test_no_probability_is_off_by_more_than_a_twentieth(self, name: str) -> None:
        rows = Head.load(find(name)).card["by_label"]
        # Of severities there are 218 examples of "3" that the reader had not read.
        most = 0.06 if name == "severity" else 0.05
        assert all(row["calibration_error"] <= most for row in rows.values())

    def test_another_encoder_is_refused(self) -> None:
        with pytest.raises(OtherEncoderError, match=r"not on 'mine@64'.*feedbackminer train"):
            load_tagger("mine@64")

    def test_a_project_s_own_head_comes_first(self, tmp_path: Path) -> None:
        shipped = Head.load(find("kinds"))
        replace(shipped, card=dict(shipped.card) | {"adapted": {}}).save(tmp_path / "kinds")
        assert "adapted" in load_tagger(SHIPPED, tmp_path).heads["kinds"].card
        assert "adapted" not in load_tagger(SHIPPED).heads["kinds"].card

    def test_the_name_of_the_tagger_changes_with_any_weights(self, tmp_path: Path) -> None:
        shipped = Head.load(find("tone"))
        changed = replace(shipped, weights=replace(shipped.weights, bias=shipped.weights.bias + 1))
        changed.save(tmp_path / "tone")
        assert load_tagger(SHIPPED, tmp_path).name != load_tagger(SHIPPED).name

    def test_a_head_that_was_trained_anew_is_read_anew(self, tmp_path: Path) -> None:
        shipped = Head.load(find("tone"))
        shipped.save(tmp_path / "tone")
        before = load_tagger(SHIPPED, tmp_path)
        assert load_tagger(SHIPPED, tmp_path) is before
        weights = replace(shipped.weights, bias=shipped.weights.bias + 1)
        replace(shipped, weights=weights).save(tmp_path / "tone")
        assert load_tagger(SHIPPED, tmp_path).name != before.name
