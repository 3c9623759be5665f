"""Fitting: what can be learned is learned, probabilities mean what they say, and again the same."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbackminer.tagging import features
from feedbackminer.tagging.fit import (
    FEWEST_GIVEN,
    NEVER,
    Examples,
    Recipe,
    fit_head,
    scoring,
    threshold,
)

RECIPE = Recipe("test", ("bug",), False, "", alpha=1e-3)


def examples(count: int = 400, *, flipped: float = 0.1, seed: int = 0) -> Examples:
    """Posts of which those that say "crash" are bugs, but for a share that is the other way."""
    drawing = np.random.default_rng(seed)
    crashes = drawing.random(count) < 0.4
    truth = crashes ^ (drawing.random(count) < flipped)
    subjects = ("sync", "table", "phone", "export")
    texts = [
        f"The {subjects[i % 4]} {'crashes' if crash else 'opens'} on day {i % 7}"
        for i, crash in enumerate(crashes)
    ]
    read = features.read(texts)
    none = np.zeros((count, 0), np.float32)
    ones = np.ones(count, np.float32)
    return Examples(
        dense=features.dense(read, none, none),
        words=features.words(read),
        truth=truth[:, None].astype(np.float32),
        weight=ones,
        typical=ones,
        groups=np.array([f"thread {i // 4}" for i in range(count)], dtype=object),
        genres=np.zeros(count, np.int64),
    )


def chance_of(fitted: Any, text: str) -> float:
    none = np.zeros((1, 0), np.float32)
    read = features.read([text])
    dense, words = features.dense(read, none, none), features.words(read)
    return float(fitted.head.probabilities(dense, words, np.zeros(1, np.int64))[0, 0])


def test_what_the_words_tell_is_learned() -> None:
    fitted = fit_head(examples(), RECIPE, {})
    assert chance_of(fitted, "The sync crashes on day 3") > 0.75
    assert chance_of(fitted, "The sync opens on day 3") < 0.25


def test_probabilities_mean_what_they_say() -> None:
    posts = examples(2_000, flipped=0.2)
    chances = fit_head(posts, RECIPE, {}).out_of_fold[:, 0]
    for low, high in ((0, 0.5), (0.5, 1)):
        here = (chances >= low) & (chances < high)
        assert chances[here].mean() == pytest.approx(posts.truth[here].mean(), abs=0.05)


def test_the_same_seed_gives_the_same_head() -> None:
    one, other = (fit_head(examples(), RECIPE, {}) for _ in range(2))
    np.testing.assert_array_equal(one.head.weights.words, other.head.weights.words)
    np.testing.assert_array_equal(one.out_of_fold, other.out_of_fold)


def test_a_label_without_examples_is_told_of() -> None:
    posts = examples()
    with pytest.raises(ValueError, match="bug: wants examples for it and against it"):
        fit_head(Examples(**{**posts.__dict__, "truth": np.zeros_like(posts.truth)}), RECIPE, {})


def test_rows_nobody_decided_on_are_left_out() -> None:
    posts = examples()
    truth = posts.truth.copy()
    truth[::3] = np.nan
    fitted = fit_head(Examples(**{**posts.__dict__, "truth": truth}), RECIPE, {})
    assert chance_of(fitted, "The sync crashes on day 3") > 0.7


def test_each_genre_has_a_threshold_of_its_own() -> None:
    """Among reviews "crash" means a bug, in conversations it is a coin's toss."""
    posts = examples(1_200, flipped=0.02)
    talk = np.arange(1_200) % 2 == 0
    truth = posts.truth.copy()
    truth[talk] = (np.random.default_rng(1).random(talk.sum()) < 0.5)[:, None]
    both = Examples(**{**posts.__dict__, "truth": truth, "genres": (~talk).astype(np.int64)})
    conversations, reviews = fit_head(both, RECIPE, {}).head.weights.thresholds[:, 0]
    assert conversations == NEVER
    assert reviews < 1


def test_a_genre_with_few_examples_shares_the_calibration_of_all() -> None:
    posts = examples(400)
    few = (np.arange(400) < 20).astype(np.int64)
    weights = fit_head(Examples(**{**posts.__dict__, "genres": few}), RECIPE, {}).head.weights
    alone = fit_head(posts, RECIPE, {}).head.weights
    np.testing.assert_allclose(weights.calibration[1], alone.calibration[1], atol=1e-3)


def test_a_genre_where_only_one_side_was_seen_shares_the_calibration_of_all() -> None:
    posts = examples(400)
    bugs_only = (posts.truth[:, 0] == 1).astype(np.int64)
    head = fit_head(Examples(**{**posts.__dict__, "genres": bugs_only}), RECIPE, {}).head
    assert np.isfinite(head.weights.calibration).all()
    assert (head.weights.calibration[:, 0, 0] > 0).all()


def test_what_a_head_knew_before_is_the_starting_point() -> None:
    before = fit_head(examples(2_000, flipped=0.02), RECIPE, {}).head
    few = examples(40, flipped=0.0, seed=5)
    plain, from_before = (
        fit_head(few, RECIPE, {}),
        fit_head(few, RECIPE, {}, learn=partial(scoring, prior=before)),
    )
    assert (
        chance_of(from_before, "An export crashes") >= chance_of(plain, "An export crashes") - 0.02
    )
    assert from_before.head.weights.words.shape == before.weights.words.shape


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60),
    st.floats(0.5, 1),
)
@settings(max_examples=80, deadline=None)
def test_from_a_threshold_on_at_least_so_much_is_true(
    pairs: list[tuple[float, bool]], precision: float
) -> None:
    chances, truth = (np.array(column, np.float32) for column in zip(*pairs, strict=True))
    limit = threshold(chances, truth, np.ones(len(truth), np.float32), precision)
    given = truth[chances >= limit]
    if limit == NEVER:
        assert not len(given)
    elif len(set(chances)) == len(chances):
        assert len(given) >= FEWEST_GIVEN
        assert given.mean() >= precision - 1e-6
