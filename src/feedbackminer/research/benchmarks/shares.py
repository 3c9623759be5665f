"""Shares of labels, summed from probabilities, and texts of other sorts than the heads know."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from feedbackminer.insight.measures import CALIBRATION_SPREAD, expected_share
from feedbackminer.research.benchmarks.figures import (
    SEED,
    Array,
    Figure,
    Reference,
    experiences,
    feelings,
    kinds,
    measured,
)
from feedbackminer.research.data import tags
from feedbackminer.research.examples import Sources, checked_rows, texts_of
from feedbackminer.research.metrics.labels import macro_recall
from feedbackminer.tagging.head_tagger import load_tagger
from feedbackminer.tagging.likeness import fitted_to
from feedbackminer.vocabulary.tags import KINDS, SENTIMENTS, UNSURE

ISSUES = ("bug", "feature_request", "question")
SAMPLES, SAMPLE = 100, 200
FEWEST_TRUE = 30  # posts with a label, for shares of it to be drawn
FEWEST_FOUND = 5  # and for a sample to have any
RARE, ROUNDS = 1e-4, 200  # of the correction: the least chance, and how often it is made again


def shares(sources: Sources) -> Iterator[Figure]:
    """Shares of labels on unseen sites: probabilities summed, against what was read.

    Evenly drawn posts as they are, and samples of 200 drawn to have any share of the label
    (artificial prevalence protocol; Esuli, Fabris, Moreo and Sebastiani 2023, section 3.4.2).
    """
    rows = checked_rows(sources)
    given = list(load_tagger(sources.encoder.name).tag(texts_of(rows, sources)))
    is_random = np.array([not row.picked for row in rows])
    draw = np.random.default_rng(SEED)
    natural, artificial, corrected, covered = [], [], [], []
    for label in (*kinds(rows, given), *feelings(rows, given), *experiences(rows, given)):
        chances, truth = label.chances[is_random], label.truth[is_random]
        natural.append(abs(chances.mean() - truth.mean()))
        yield Figure(
            what=f"share: {label.name}",
            measure="expected",
            n=len(truth),
            value=float(chances.mean()),
            low=None,
            high=None,
            beside=(Reference("read", float(truth.mean())),),
        )
        if truth.sum() < FEWEST_FOUND:
            continue
        for _ in range(SAMPLES):
            rows_drawn = draw.integers(0, len(truth), SAMPLE)
            estimate = expected_share(chances[rows_drawn].sum(), SAMPLE, spread=CALIBRATION_SPREAD)
            covered.append(estimate.low <= truth[rows_drawn].mean() <= estimate.high)
        if truth.sum() >= FEWEST_TRUE:
            for summed, shifted in _artificial_errors(chances, truth, draw):
                artificial.append(summed)
                corrected.append(shifted)
    for what, values in (
        ("shares of labels, as they are: mean error", natural),
        ("shares, drawn evenly from 0 to 1: mean error", artificial),
        ("the same, corrected for the shift: mean error", corrected),
        (f"samples of {SAMPLE} whose interval holds the share", covered),
    ):
        yield Figure(what, "mean", len(values), float(np.mean(values)), None, None)


def _artificial_errors(
    chances: Array, truth: Array, draw: np.random.Generator
) -> Iterator[tuple[float, float]]:
    """Yield how far shares are off in samples that have a drawn share: summed, and corrected."""
    true, false = np.flatnonzero(truth), np.flatnonzero(~truth.astype(bool))
    for share in draw.random(SAMPLES):
        n_true = round(share * SAMPLE)
        rows = [*draw.choice(true, n_true), *draw.choice(false, SAMPLE - n_true)]
        share = n_true / SAMPLE
        shifted = corrected_share(chances[rows], usual=float(chances.mean()))
        yield abs(float(chances[rows].mean()) - share), abs(shifted - share)


def corrected_share(chances: Array, *, usual: float) -> float:
    """Return the share whose prior makes the chances agree with it, by expectation-maximisation.

    Not used for digests: on posts that a word or their length tells apart it is twice as far off as
    the plain sum. Source: Saerens, Latinne and Decaestecker 2002, doi:10.1162/089976602753284446.

    Args:
        usual: the share that the chances were calibrated on.
    """
    odds = np.clip(chances, RARE, 1 - RARE)
    odds = odds / (1 - odds) * (1 - usual) / usual
    share = float(chances.mean())
    for _ in range(ROUNDS):
        shifted = odds * share / (1 - share)
        share = float(np.clip((shifted / (1 + shifted)).mean(), RARE, 1 - RARE))
    return share


def elsewhere(sources: Sources) -> Iterator[Figure]:
    """Texts of other sorts: are they told to be unlike, and how right are the labels written."""
    tagger = load_tagger(sources.encoder.name)
    for what, rows in (
        ("tweeteval validation", tags.load(sources.data, "tweeteval")),
        ("senti4sd validation rows", tags.senti4sd(sources.data)),
    ):
        texts = texts_of(rows, sources)
        fitted, notices = fitted_to(tagger, [text.passage for text in texts])
        written = np.array([SENTIMENTS.index(tag.sentiment.label) if tag.sentiment.label != UNSURE
                            else len(SENTIMENTS) for tag in fitted.tag(texts)])  # fmt: skip
        gold = np.array([SENTIMENTS.index(str(row.sentiment)) for row in rows])
        beside = (Reference("told to be unlike", float(bool(notices))),)
        yield measured(f"written: {what}", "macro recall", (gold, written), macro_recall, beside)

    rows = tags.load(sources.data, "nlbse24")
    texts = texts_of(rows, sources)
    _, notices = fitted_to(tagger, [text.passage for text in texts])
    chances = np.array([tag.kind_chances for tag in tagger.tag(texts)])
    for kind in ISSUES:
        truth = np.array([row.kinds[kind] for row in rows])
        read = Reference("read", float(truth.mean()))
        told = Reference("told to be unlike", float(bool(notices)))
        expected = float(chances[:, KINDS.index(kind)].mean())
        yield Figure(
            f"share in nlbse24: {kind}", "expected", len(rows), expected, None, None, (read, told)
        )
