"""Sentences read alone, so that those which say the same lie near each other: a bi-encoder.

It is the bundled encoder with upper layers that were trained on pairs of sentences which people
judged (Sentence-BERT, Reimers and Gurevych, EMNLP 2019). What the cosine of two vectors is worth
was fitted to pairs that the layers had not seen. Weights are plain arrays in
``weights.safetensors``, with a ``card.json`` beside them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from feedbackminer.embed.encoder import Engine, Vectors
from feedbackminer.embed.reader import LAYER
from feedbackminer.errors import ModelError
from feedbackminer.shipped import MATCHER, shipped
from feedbackminer.threads import in_threads
from feedbackminer.vectors import unit
from feedbackminer.weights import hash_of_card, read_weights, write_weights

if TYPE_CHECKING:
    from feedbackminer.embed.backends.bert import PlainTransformer
    from feedbackminer.embed.backends.onnx import Transformer

TOKENS = 96  # of a sentence that are read
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

    def encode(
        self, sentences: Sequence[str], *, engine: Engine = "fp32", threads: int = 0
    ) -> Vectors:
        """Return a unit vector of each sentence, in order; ``threads`` 0: one per processor."""
        if not len(sentences):
            return np.zeros((0, self.dimensions), np.float32)
        transformer = _tuned(self, engine)
        means = in_threads(lambda each: transformer.read(each).mean, sentences, threads=threads)
        return unit(np.stack(list(means)))

    def chances(self, points: Vectors, sentences: Vectors) -> Vectors:
        """Return how probable it is that sentences say points, shape (points, sentences).

        Args:
            points, sentences: their unit vectors.
        """
        from scipy.special import expit

        slope, bias = self.worth
        chances: Vectors = expit(slope * (points @ sentences.T) + bias)
        return chances

    def cosine(self, chance: float) -> float:
        """Return the cosine from which two sentences say the same with a probability."""
        slope, bias = self.worth.tolist()
        return float((math.log(chance / (1 - chance)) - bias) / slope)


@cache
def _tuned(bi_encoder: BiEncoder, engine: Engine) -> Transformer | PlainTransformer:
    """Return the encoder with the layers of a bi-encoder."""
    from feedbackminer.embed.backends.bert import read_bert
    from feedbackminer.embed.backends.bundled import transformer_of

    return transformer_of(read_bert(bi_encoder.layers), engine, TOKENS)


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
