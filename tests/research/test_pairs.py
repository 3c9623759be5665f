"""Training on pairs: what measures shares no sentence with what trains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feedbackminer.research.examples import Sources
from feedbackminer.research.matcher import training_pairs
from feedbackminer.research.reranker import Plan, fit_mixing, held_back, train_layers
from tests.support.command import ROOT, SHARED


@pytest.mark.real
@pytest.mark.skipif(not SHARED.exists(), reason=f"no public data sets at {SHARED}")
def test_no_sentence_that_measures_was_trained_on() -> None:
    nothing: Any = None
    rows, unseen = training_pairs(Sources(SHARED, ROOT / "data" / "labels", Path(), nothing))
    seen = {text for row in unseen for text in (row.point, row.sentence)}
    assert not any({row.point, row.sentence} & seen for row in rows)
    assert {row.data for row in unseen} - {row.data for row in rows} == {"urho3d"}


def test_what_is_held_back_shares_no_point_with_the_others() -> None:
    names = [f"point {n}" for n in range(20)]
    pairs = [(one, other) for one in names for other in names if one != other]
    held, others = held_back(pairs, seed=0)
    points = {pair[0] for pair, is_held in zip(pairs, held, strict=True) if is_held}
    assert len(points) == 4
    assert held.sum() == 4 * 19
    assert others.sum() == 16 * 15
    assert not any(
        points & {*pair} for pair, is_other in zip(pairs, others, strict=True) if is_other
    )


def test_the_score_that_tells_more_weighs_more() -> None:
    draw = np.random.default_rng(0)
    truth = draw.random(400) < 0.5
    telling, noise = draw.normal(size=(2, 400)).astype(np.float32)
    by_matcher, of_score, _ = fit_mixing(noise, telling + 2 * truth.astype(np.float32), truth)
    assert by_matcher > 4 * abs(of_score)


@pytest.mark.slow
def test_layers_learn_what_pairs_have_in_common() -> None:
    names = "sync login print export search upload".split()
    pairs = [(f"The {a} fails.", f"My {b} does not work.") for a in names for b in names]
    truth = [a == b for a in names for b in names]
    many = [pair for pair, same in zip(pairs, truth, strict=True) for _ in range(5 if same else 1)]
    is_same = [same for same in truth for _ in range(5 if same else 1)]
    reranker = train_layers(many, is_same, Plan(epochs=12, layer_rate=3e-4))
    scores = reranker.scores(pairs)
    assert scores[np.array(truth)].mean() > scores[~np.array(truth)].mean() + 1
