"""What an encoder is, and what it returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Encoded:
    """What one pass of an encoder tells of texts, one row each.

    ``vectors`` are unit vectors of what texts mean. ``layer_mean`` is the mean of the words'
    states over all layers: training for likeness of meaning has washed out of the last one how a
    text sounds. Of a model without layers it has no dimensions.
    """

    vectors: Vectors
    layer_mean: Vectors


class Encoder(Protocol):
    """Turns texts into vectors; ``name`` changes whenever the vectors would."""

    name: str

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Return a row per text, in order."""
        ...
