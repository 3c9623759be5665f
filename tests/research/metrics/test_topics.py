"""Measures of topics: against scikit-learn's own, gensim's, and what must hold for any labels."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, v_measure_score

from feedbackminer.research.metrics import topics

THEMES = [
    ["sync", "phone", "conflict", "server", "lost"],
    ["export", "pdf", "footnote", "page", "margin"],
    ["price", "plan", "student", "month", "refund"],
]
LABELS = st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 4)), min_size=1, max_size=40)
AGAINST_LABELS = (topics.nmi, topics.ami, topics.ari, topics.purity)


def texts_about_themes() -> list[list[str]]:
    """Return sixty texts, each of six words of one theme and two of another or the same."""
    chance = random.Random(0)
    texts = []
    for number in range(60):
        own, other = THEMES[number % 3], THEMES[chance.randrange(3)]
        texts.append(
            [chance.choice(own) for _ in range(6)] + [chance.choice(other) for _ in range(2)]
        )
    return texts


def test_coherence_is_what_gensim_computes() -> None:
    # gensim 4.4.0, CoherenceModel(topics, texts, coherence="c_v" | "c_npmi"), these texts
    assert topics.c_v(THEMES, texts_about_themes()) == pytest.approx(0.879459698272688, abs=1e-12)
    assert topics.npmi(THEMES, texts_about_themes()) == pytest.approx(0.3794422398596, abs=1e-12)


def test_long_texts_are_read_in_windows() -> None:
    apart = [["sync", *["word"] * 200, "phone"]]
    near = [["sync", "phone", *["word"] * 200]]
    pair = [["sync", "phone"]]
    assert topics.c_v(pair, near) > topics.c_v(pair, apart)


@given(LABELS)
def test_measures_do_not_depend_on_how_topics_are_numbered(pairs: list[tuple[int, int]]) -> None:
    gold, found = np.array(pairs).T
    renumbered = np.array([7, 3, 5, 1, 2, 0])[found + 1]
    for measure in AGAINST_LABELS:
        assert measure(gold, found) == pytest.approx(measure(gold, renumbered))


@given(LABELS)
def test_measures_stay_in_their_range_and_are_1_for_equal_labels(
    pairs: list[tuple[int, int]],
) -> None:
    gold, found = np.array(pairs).T
    for measure in (topics.nmi, topics.purity):
        assert 0 <= measure(gold, found) <= 1 + 1e-9
    for measure in AGAINST_LABELS:
        assert measure(gold, gold) == pytest.approx(1)
    assert topics.nmi(gold, found) == pytest.approx(normalized_mutual_info_score(gold, found))
    assert topics.nmi(gold, found) == pytest.approx(v_measure_score(gold, found))
    assert topics.ari(gold, found) == pytest.approx(adjusted_rand_score(gold, found))
    assert topics.ari(gold, found) >= -0.5
    assert 0 <= topics.coverage(found) <= 1


def test_the_published_example_of_purity() -> None:
    # Manning et al. 2008, figure 16.4: three clusters of 17 points hold 5, 4 and 3 of one class
    found = np.repeat([0, 1, 2], [6, 6, 5])
    gold = np.array([0] * 5 + [1] + [0, 1, 1, 1, 1, 2] + [0, 0, 2, 2, 2])
    assert topics.purity(gold, found) == pytest.approx(12 / 17)
    assert topics.nmi(gold, found) == pytest.approx(0.36, abs=0.005)  # the book's 0.36


def test_words_of_a_topic_go_together_and_an_intruder_does_not() -> None:
    mixed = [[theme[place] for theme in THEMES] for place in range(3)]
    texts = texts_about_themes()
    assert topics.intruder_gap(THEMES, texts) > 0.5 > topics.intruder_gap(mixed, texts)
    assert -2 <= topics.intruder_gap(mixed, texts) <= 2


def test_diversity_falls_where_topics_share_their_words() -> None:
    assert topics.diversity(THEMES) == 1
    assert topics.diversity([THEMES[0], THEMES[0]]) == 0.5


def test_what_cannot_be_measured_is_nan() -> None:
    nothing = np.zeros(0, np.int64)
    for measure in AGAINST_LABELS:
        assert np.isnan(measure(nothing, nothing))
    for of_words in (topics.c_v, topics.npmi, topics.intruder_gap):
        assert np.isnan(of_words([], [["a"]]))
        assert np.isnan(of_words([["a"]], [["a"]]))
    assert np.isnan(topics.diversity([]))
    assert np.isnan(topics.agreement([nothing]))
    assert np.isnan(topics.coverage(nothing))


def test_fits_that_agree_agree_and_random_ones_do_not() -> None:
    chance = np.random.default_rng(0)
    fit, other, third = chance.integers(0, 5, (3, 500))
    assert topics.agreement([fit, fit, fit]) == pytest.approx(1)
    assert topics.agreement([fit, other, third]) == pytest.approx(0, abs=0.02)
    assert topics.n_topics(np.array([-1, 0, 0, 3])) == 2


def test_fits_of_parts_are_held_to_each_other_over_what_both_were_given() -> None:
    chance = np.random.default_rng(0)
    fit, noise = chance.integers(0, 5, (2, 500))
    first, last = fit.copy(), np.where(np.arange(500) < 200, noise, fit)
    first[300:], last[:200] = topics.ABSENT, topics.ABSENT
    assert topics.agreement([first, last]) == pytest.approx(1)
    assert np.isnan(topics.agreement([first[:200], last[:200]]))  # nothing is common
