"""Sentences read alone, so that those which say the same lie near each other: a bi-encoder.

It is the bundled encoder with upper layers that were trained on pairs of sentences which people
judged (Sentence-BERT, Reimers and Gurevych, EMNLP 2019). What the cosine of two vectors is worth
was fitted to pairs that the layers had not seen. Weights are plain arrays in
``weights.safetensors``, with a ``card.json`` beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from feedbackminer.embed.encoder import BUNDLED, Vectors
from feedbackminer.embed.reader import LAYER, tune
from feedbackminer.errors import ModelError
from feedbackminer.shipped import MATCHER, shipped
from feedbackminer.weights import hash_of_card, read_weights, write_weights

BATCH, TOKENS = 64, 96  # sentences that are read at once, and how long one may be
WORTH = "cosine"  # of what is made of a cosine


@dataclass(frozen=True, eq=False)
class BiEncoder:
    """Weights of the upper layers, and what a cosine is worth.

    Attributes:
        worth: (2,) a slope and a bias: the log-odds that two sentences say the same.
    """

    layers: Mapping[str, Vectors]
    worth: Vectors

    @property
    def dimensions(self) -> int:
        """Return how many numbers a vector has."""
        return next(len(a) for name, a in self.layers.items() if name.endswith("LayerNorm.bias"))

    def encode(self, sentences: Sequence[str]) -> Vectors:
        """Return a unit vector of each sentence, in order."""
        from torch import nn, no_grad

        vectors = np.zeros((len(sentences), self.dimensions), np.float32)
        if not len(sentences):
            return vectors
        transformer, tokenizer = _tuned(self)
        order = sorted(range(len(sentences)), key=lambda row: -len(sentences[row]))
        with no_grad():
            for start in range(0, len(order), BATCH):
                rows = order[start : start + BATCH]
                tokens = read(tokenizer, [sentences[row] for row in rows])
                states = transformer(**tokens).last_hidden_state
                weight = tokens["attention_mask"].unsqueeze(-1).to(states.dtype)
                sums = (states * weight).sum(dim=1)
                vectors[rows] = nn.functional.normalize(sums, dim=1).numpy()
        return vectors

    def chances(self, points: Vectors, sentences: Vectors) -> Vectors:
        """Return how probable it is that sentences say points, shape (points, sentences).

        Args:
            points, sentences: their unit vectors.
        """
        from scipy.special import expit

        slope, bias = self.worth
        chances: Vectors = expit(slope * (points @ sentences.T) + bias)
        return chances


def read(tokenizer: Any, sentences: Sequence[str]) -> Any:
    """Return the tokens of a batch."""
    return tokenizer(
        list(sentences), padding=True, truncation=True, max_length=TOKENS, return_tensors="pt"
    )


@cache
def _tuned(bi_encoder: BiEncoder) -> tuple[Any, Any]:
    """Return the encoder with the layers of a bi-encoder, and its tokenizer."""
    from transformers import AutoModel, AutoTokenizer

    from feedbackminer.embed.backends.torch import model_path

    path = model_path(BUNDLED)
    transformer: Any = AutoModel.from_pretrained(path).eval()
    tune(transformer, bi_encoder.layers)
    return transformer, AutoTokenizer.from_pretrained(path)


@cache
def shipped_bi_encoder() -> BiEncoder:
    """Return the bi-encoder that comes with the package.

    Raises:
        ModelError: its files are missing or damaged.
    """
    arrays = read_weights(folder := shipped(MATCHER))
    if WORTH not in arrays:
        raise ModelError(f"{folder}: lacks the array {WORTH!r}; install the package again")
    layers = {name: array for name, array in arrays.items() if name.startswith(LAYER)}
    return BiEncoder(layers, arrays[WORTH])


def save(bi_encoder: BiEncoder, folder: Path, card: Mapping[str, Any]) -> None:
    """Write weights, as half floats, and card; the card gets the hash of the weights."""
    write_weights(folder, {**bi_encoder.layers, WORTH: bi_encoder.worth}, card)


def matcher_hash() -> str:
    """Return the hash of the shipped weights, as their card tells it; empty: there are none."""
    return hash_of_card(shipped(MATCHER))
