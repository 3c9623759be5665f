"""Features: what heads see of a text, the same for the same text, whatever stands beside it."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbackminer.tagging import features


def manner(text: str) -> list[float]:
    none = np.zeros((1, 0), np.float32)
    return [float(x) for x in features.dense(features.read([text]), none, none)[0]]


def test_a_negation_turns_the_feeling_of_the_words_after_it() -> None:
    liked, disliked = 0, 1
    assert manner("I like it")[liked] > 0 == manner("I like it")[disliked]
    assert manner("I do not like it")[disliked] < 0 == manner("I do not like it")[liked]


@pytest.mark.parametrize(("text", "asks"), [("It stops?", 1.0), ("It stops.", 0.0)])
def test_a_question_mark_at_the_end_is_seen(text: str, asks: float) -> None:
    assert manner(text)[features.MANNER - 1] == asks


def test_an_apostrophe_is_one_however_it_is_typed() -> None:
    curly, plain = features.read(["It doesn’t work"]), features.read(["It doesn't work"])
    assert curly == plain


def test_states_stand_before_the_manner_and_stars_behind_it() -> None:
    one, two = np.full((1, 3), 1, np.float32), np.full((1, 2), 2, np.float32)
    dense = features.dense(["It."], one, two, [5])
    assert dense.shape == (1, 5 + features.MANNER + features.STARS)
    assert dense[0, :5].tolist() == [1, 1, 1, 2, 2]
    assert dense[0, -features.STARS :].tolist() == [1, 1, 0, 1]


def test_a_text_without_stars_says_nothing_of_them() -> None:
    none = np.zeros((1, 0), np.float32)
    assert not features.dense(["It."], none, none)[0, -features.STARS :].any()


def test_no_texts_have_no_features() -> None:
    none = np.zeros((0, 0), np.float32)
    assert features.words([]).shape == (0, features.BUCKETS)
    assert features.dense([], none, none).shape == (0, features.MANNER + features.STARS)


@given(st.text(max_size=2_000))
@settings(max_examples=60, deadline=None)
def test_any_text_has_finite_features(text: str) -> None:
    assert np.isfinite(manner(text)).all()
    assert np.isfinite(features.words(features.read([text])).data).all()


@pytest.mark.timing
def test_only_the_beginning_of_a_long_text_is_read() -> None:
    began = time.process_time()
    assert features.read(["a" * 5_000_000]) == ["a" * features.READ]
    assert manner("!?" * 1_000_000)
    assert time.process_time() - began < 1
