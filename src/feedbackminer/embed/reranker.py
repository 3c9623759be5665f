"""Two sentences read together: whether the second says what the first says.

Vectors find which sentences are alike; of those that are, a cross-encoder tells which say the same
(re-ranking, Nogueira and Cho 2019). It is the bundled encoder with upper layers that were trained
on pairs which people judged. Weights are plain arrays in ``weights.safetensors``, with a
``card.json`` beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from feedbackminer.embed.encoder import BUNDLED, Vectors
from feedbackminer.errors import ModelError
from feedbackminer.shipped import RERANKER, shipped
from feedbackminer.weights import hash_of_card, read_weights, write_weights

BATCH, TOKENS = 64, 96  # pairs that are read at once, and how long one may be
LAYER = "layer."  # how the names of the encoder's own weights begin
OUTPUT, MIXING = "output", "mixing"
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, eq=False)
class Reranker:
    """Weights of the upper layers, and what is made of the mean state of a pair's words.

    Attributes:
        output: (dimensions + 1,) of the state, and a bias: the score.
        mixing: (3,) of the log-odds that vectors gave, of the score, and a bias: the log-odds.
    """

    layers: Mapping[str, Vectors]
    output: Vectors
    mixing: Vectors

    def probabilities(self, pairs: Pairs, by_vectors: Vectors) -> Vectors:
        """Return the probability that the second sentence of each pair says what the first does.

        Args:
            by_vectors: the log-odds that vectors and words alone give each pair.
        """
        from scipy.special import expit

        probabilities: Vectors = expit(self.log_odds(pairs, by_vectors))
        return probabilities

    def log_odds(self, pairs: Pairs, by_vectors: Vectors) -> Vectors:
        """Return the log-odds of the same."""
        before, score, bias = self.mixing
        log_odds: Vectors = before * by_vectors + score * self.scores(pairs) + bias
        return log_odds

    def scores(self, pairs: Pairs) -> Vectors:
        """Return a score of each pair, higher where the second surer says the same."""
        if not len(pairs):
            return np.zeros(0, np.float32)
        from torch import no_grad

        transformer, tokenizer = _tuned(self)
        scores = np.zeros(len(pairs), np.float32)
        order = sorted(range(len(pairs)), key=lambda row: -sum(map(len, pairs[row])))
        with no_grad():
            for start in range(0, len(order), BATCH):
                rows = order[start : start + BATCH]
                tokens = read_pairs(tokenizer, [pairs[row] for row in rows])
                states = transformer(**tokens).last_hidden_state
                weight = tokens["attention_mask"].unsqueeze(-1).to(states.dtype)
                means = ((states * weight).sum(dim=1) / weight.sum(dim=1)).numpy()
                scores[rows] = means @ self.output[:-1] + self.output[-1]
        return scores


def read_pairs(tokenizer: Any, pairs: Pairs) -> Any:
    """Return the tokens of a batch of pairs, each as one text of two parts."""
    return tokenizer(
        [point for point, _ in pairs],
        [sentence for _, sentence in pairs],
        padding=True,
        truncation=True,
        max_length=TOKENS,
        return_tensors="pt",
    )


@cache
def _tuned(reranker: Reranker) -> tuple[Any, Any]:
    """Return the encoder with the layers of a reranker, and its tokenizer."""
    from torch import from_numpy
    from transformers import AutoModel, AutoTokenizer

    from feedbackminer.embed.backends.torch import model_path

    path = model_path(BUNDLED)
    transformer: Any = AutoModel.from_pretrained(path).eval()
    weights = {name: from_numpy(array.copy()) for name, array in reranker.layers.items()}
    unknown = transformer.encoder.load_state_dict(weights, strict=False).unexpected_keys
    if unknown or not weights:
        raise ModelError(f"reranker: the encoder has no weights {unknown[:3]}")
    return transformer, AutoTokenizer.from_pretrained(path)


@cache
def shipped_reranker() -> Reranker:
    """Return the reranker that comes with the package.

    Raises:
        ModelError: its files are missing or damaged.
    """
    arrays = read_weights(folder := shipped(RERANKER))
    if missing := {OUTPUT, MIXING} - arrays.keys():
        raise ModelError(f"{folder}: lacks the arrays {missing}; install the package again")
    layers = {name: array for name, array in arrays.items() if name.startswith(LAYER)}
    return Reranker(layers, arrays[OUTPUT], arrays[MIXING])


def save(reranker: Reranker, folder: Path, card: Mapping[str, Any]) -> None:
    """Write weights, as half floats, and card; the card gets the hash of the weights."""
    arrays = {**reranker.layers, OUTPUT: reranker.output, MIXING: reranker.mixing}
    write_weights(folder, arrays, card)


def reranker_hash() -> str:
    """Return the hash of the shipped weights, as their card tells it; empty: there are none."""
    return hash_of_card(shipped(RERANKER))
