"""Training on pairs: what measures shares no sentence with what trains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feedbackminer.embed.bi_encoder import BiEncoder
from feedbackminer.research.data.labels import INVENTED_PAIRS, Pair, load_invented_pairs
from feedbackminer.research.examples import Sources
from feedbackminer.research.matcher import (
    Plan,
    cosines,
    fit_worth,
    held_back,
    train_layers,
    training_pairs,
)
from tests.support.command import ROOT, SHARED


@pytest.mark.real
@pytest.mark.skipif(not SHARED.exists(), reason=f"no public data sets at {SHARED}")
def test_no_sentence_that_measures_was_trained_on() -> None:
    nothing: Any = None
    rows, unseen = training_pairs(Sources(SHARED, ROOT / "data" / "labels", Path(), nothing))
    seen = {text for row in unseen for text in (row.point, row.sentence)}
    assert not any({row.point, row.sentence} & seen for row in rows)
    assert {row.data for row in unseen} - {row.data for row in rows} == {"urho3d"}


def test_what_was_invented_says_its_point_in_other_words() -> None:
    pairs = load_invented_pairs(ROOT / "data" / "labels" / INVENTED_PAIRS)
    assert len(pairs) > 5_000
    assert all(pair.is_same and pair.point != pair.sentence for pair in pairs)


def test_what_is_held_back_shares_no_point_with_the_others() -> None:
    names = [f"point {n}" for n in range(20)]
    pairs = [
        Pair("urr", one, other, is_same=False) for one in names for other in names if one != other
    ]
    held, others = held_back(pairs, seed=0)
    points = {pair.point for pair in held}
    assert len(points) == 3
    assert len(held) == 3 * 19
    assert len(others) == 17 * 16
    assert not any(points & {pair.point, pair.sentence} for pair in others)


def test_a_cosine_that_tells_more_is_worth_more() -> None:
    draw = np.random.default_rng(0)
    truth = draw.random(400) < 0.5
    noise = draw.normal(size=400).astype(np.float32)
    telling = noise + 2 * truth.astype(np.float32)
    assert fit_worth(telling, truth.tolist())[0] > 4 * abs(fit_worth(noise, truth.tolist())[0])


@pytest.mark.slow
def test_layers_learn_what_pairs_have_in_common() -> None:
    names = "sync login print export search upload".split()
    pairs = [
        Pair("urr", f"The {a} fails.", f"My {b} does not work.", is_same=a == b)
        for a in names
        for b in names
    ]
    many = [pair for pair in pairs for _ in range(5 if pair.is_same else 1)]
    layers = train_layers(many, Plan(epochs=8, layer_rate=3e-4))
    alike = cosines(BiEncoder(layers, np.ones(2, np.float32)), pairs)
    truth = np.array([pair.is_same for pair in pairs])
    assert alike[truth].min() > alike[~truth].max()
