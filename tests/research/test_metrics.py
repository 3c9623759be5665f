"""Figures of research: intervals, calibration, and what stands beside them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from feedbackminer.research.benchmarks.figures import Label, Reference
from feedbackminer.research.benchmarks.tags import _precision_of
from feedbackminer.research.benchmarks.topics import SINGLE, _judged, _labels_of_long_posts
from feedbackminer.research.metrics.intervals import bootstrap, precision
from feedbackminer.research.metrics.labels import calibration_error


def test_an_interval_holds_its_value_and_is_the_same_for_the_same_seed() -> None:
    values = np.arange(50) % 2
    value, low, high = bootstrap(lambda rows: float(values[rows].mean()), 50, seed=3)
    assert value == 0.5
    assert low is not None
    assert high is not None
    assert 0.3 < low < 0.5 < high < 0.7
    assert bootstrap(lambda rows: float(values[rows].mean()), 50, seed=3) == [value, low, high]


def test_what_is_undefined_has_no_interval() -> None:
    assert precision(np.zeros(0, dtype=bool)) == [None, None, None, 0]
    assert bootstrap(lambda _: float("nan"), 9, seed=0) == [None, None, None]


def test_probabilities_that_are_shares_have_no_calibration_error() -> None:
    chances, truth = np.full(4, 0.5), np.array([1, 0, 1, 0])
    assert calibration_error(chances, truth, np.ones(4)) == 0
    assert calibration_error(np.full(4, 0.9), truth, np.ones(4)) == pytest.approx(0.4)


def test_precision_is_told_for_every_site_and_calibration_for_what_chance_drew() -> None:
    figure = _precision_of(
        Label(
            name="bug",
            given=np.array([True, True, False, True]),
            truth=np.array([True, False, True, True]),
            chances=np.array([0.95, 0.95, 0.05, 0.95]),
        ),
        sites=np.array(["a", "a", "b", "c"]),
        is_random=np.array([True, False, False, True]),
    )
    assert (figure.what, figure.n, figure.value) == ("given: bug", 3, 0.6667)
    sites = (Reference("a", 0.5, 2), Reference("b", None, 0), Reference("c", 1, 1))
    recall, *of_sites = figure.beside
    assert recall.name == "recall"
    assert recall.value == pytest.approx(2 / 3)
    assert tuple(of_sites) == sites
    assert figure.calibration_error == pytest.approx(0.05)


def test_a_long_post_is_judged_by_the_labels_of_the_single_texts_of_its_topics() -> None:
    gold = np.array([0, 0, 1])
    assignments = pl.DataFrame(
        [(0, "t1", 1), (1, "t1", 1), (2, "t2", 1), (SINGLE, "t2", 2), (SINGLE, "t1", 1),
         (SINGLE + 1, "t9", 1)],
        schema=["number", "topic_id", "rank"], orient="row",
    )  # fmt: skip
    labels = _labels_of_long_posts(assignments, gold)
    assert labels[:3] == [[0, 1], [-1], []]
    figures = _judged(labels[:2], [(0, 1), (1, 1)])
    assert (figures.both, figures.right, figures.wrong) == (1, 1, 1)
