"""Two sentences read together: what the reranker that is shipped makes of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from feedbackminer.embed.encoder import Vectors
from feedbackminer.embed.reranker import BATCH, Pairs, Reranker, shipped_reranker
from feedbackminer.errors import ModelError
from feedbackminer.shipped import RERANKER, shipped
from feedbackminer.weights import CARD, WEIGHTS, read_weights

SAME = ("The dashboard stays empty after the update.", "Since the update my dashboard is blank.")
OTHER = ("The dashboard stays empty after the update.", "How do I share a dashboard?")


@pytest.mark.slow
def test_a_pair_gets_its_score_wherever_it_stands() -> None:
    pairs = [SAME, OTHER] + [(f"The sync of note {n} fails.", "Sync fails.") for n in range(BATCH)]
    scores = shipped_reranker().scores(pairs)
    assert scores[0] > scores[1]
    backwards = shipped_reranker().scores(pairs[::-1])
    assert backwards[::-1] == pytest.approx(scores, abs=1e-4)
    assert shipped_reranker().scores([]).tolist() == []


def test_what_vectors_found_and_what_was_read_are_weighed() -> None:
    class Fixed(Reranker):
        def scores(self, pairs: Pairs) -> Vectors:
            return np.array([2.0, -2.0], np.float32)[: len(pairs)]

    fixed = Fixed({}, np.zeros(1, np.float32), np.array([0.5, 1.0, -1.0], np.float32))
    log_odds = fixed.log_odds([SAME, OTHER], np.array([2.0, 2.0], np.float32))
    assert log_odds.tolist() == [2.0, -2.0]
    assert fixed.probabilities(
        [SAME, OTHER], np.array([2.0, 2.0], np.float32)
    ).sum() == pytest.approx(1)


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_damaged_weights_are_told_with_their_folder(tmp_path: Path, damage: str) -> None:
    shutil.copy(shipped(RERANKER) / CARD, tmp_path)
    if damage == "changed":
        (tmp_path / WEIGHTS).write_bytes(b"nothing")
    with pytest.raises(ModelError, match="install the package again"):
        read_weights(tmp_path)
