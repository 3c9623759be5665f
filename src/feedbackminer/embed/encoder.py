"""What an encoder is, and what it returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
# What computes the bundled encoder on a processor: ONNX Runtime in whole numbers of eight bits or
# in floats, or NumPy.
Engine = Literal["int8", "fp32", "numpy"]
BUNDLED = "all-MiniLM-L6-v2"
STATE = 32  # numbers that are kept of a sentence
NO_STATES: Vectors = np.zeros((0, STATE), np.float32)


@dataclass(frozen=True)
class Encoded:
    """What one pass of an encoder tells of texts, one row each.

    ``vectors`` are unit vectors of what texts mean. ``layer_mean`` is the mean of the words'
    states over all layers: training for likeness of meaning has washed out of the last one how a
    text sounds. Of a model without layers it has no dimensions.

    ``sentences`` has for each text a matrix of shape (its sentences, ``STATE``): the states of
    the words of each, averaged and projected; nan where the pass ended before. Only an encoder that
    was tuned to tags tells them; of others each matrix is empty.
    """

    vectors: Vectors
    layer_mean: Vectors
    sentences: tuple[Vectors, ...] = ()


class Encoder(Protocol):
    """Turns texts into vectors; ``name`` changes whenever the vectors would."""

    name: str

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Return a row per text, in order."""
        ...
