"""Measures of labels: against scikit-learn's own, and what must hold for any labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from feedbackminer.research.metrics import labels

PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)


@given(PAIRS)
def test_measures_of_labels_stay_in_their_range_and_are_best_where_all_is_right(
    pairs: list[tuple[int, int]],
) -> None:
    gold, found = np.array(pairs).T
    for measure in (labels.macro_f1, labels.macro_recall, labels.accuracy):
        assert 0 <= measure(gold, found) <= 1
        assert measure(gold, gold) == 1
    assert 0 <= labels.quantification_error(gold, found) <= 1
    assert labels.quantification_error(gold, np.random.default_rng(0).permutation(gold)) == 0


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=40))
def test_brier_is_scikit_learns(rows: list[tuple[bool, float]]) -> None:
    truth, chances = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    both = np.column_stack([1 - chances, chances])
    ours = labels.brier(truth.astype(int), both)
    assert ours == pytest.approx(2 * brier_score_loss(truth, chances, pos_label=True))
    assert 0 <= ours <= 2


def test_who_answers_only_what_is_certain_is_right_more_often() -> None:
    is_right = np.array([1, 1, 1, 0, 1, 0, 0, 0])
    certainty = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2])
    shares, right = labels.abstention(is_right, certainty)
    assert (shares[-1], right[-1]) == (1, 0.5)
    assert labels.right_when_half_answer(is_right, certainty) == 0.75
    assert right[0] == 1


def test_precision_is_of_what_reaches_the_threshold() -> None:
    truth, chances = np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.6, 0.1])
    assert labels.precision_at(truth, chances, 0.7) == 0.5
    assert np.isnan(labels.precision_at(truth, chances, 0.95))
    assert labels.average_precision(truth, chances) == pytest.approx((1 + 2 / 3) / 2)


def test_links_are_right_or_wrong_as_pairs() -> None:
    gold, found = np.array([1, 1, -1, -1]), np.array([1, -1, 1, 2])
    assert labels.link_f1(gold, found) == pytest.approx(2 / 5)
    assert labels.link_precision(gold, found) == pytest.approx(1 / 3)
    assert labels.link_recall(gold, found) == 1 / 2
    assert labels.link_f1(gold, gold) == 1
    for measure in (labels.link_f1, labels.link_precision, labels.link_recall):
        assert np.isnan(measure(np.array([-1]), np.array([-1])))


def test_shares_are_off_by_what_the_classes_are_off() -> None:
    gold, found = np.array(list("aabb")), np.array(list("aaab"))
    assert labels.quantification_error(gold, found) == pytest.approx(0.25)


def test_no_rows_have_no_figure() -> None:
    nothing = np.zeros(0, np.int64)
    for measure in (labels.macro_f1, labels.macro_recall, labels.accuracy,
                    labels.quantification_error):  # fmt: skip
        assert np.isnan(measure(nothing, nothing))
    assert np.isnan(labels.brier(nothing, np.zeros((0, 2))))
    assert np.isnan(labels.average_precision(nothing, nothing))
    assert np.isnan(labels.right_when_half_answer(nothing, nothing))
