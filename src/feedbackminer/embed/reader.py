"""What tunes the bundled encoder to tags: its upper layers, trained on labelled posts.

The layers were trained for both: to tell what a post does, and to keep what its sentence vector
means. Weights are plain arrays in ``weights.safetensors``, with a ``card.json`` beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedbackminer.embed.encoder import STATE, Vectors
from feedbackminer.errors import ModelError
from feedbackminer.shipped import READER, shipped
from feedbackminer.weights import CARD, hash_of_card, read_weights, write_weights

OUTPUT = "output."  # of what the reader was trained to tell; heads are made of them
LAYER = "layer."  # how the names of the encoder's own weights begin
PROJECTION, OFFSET = "sentences.weight", "sentences.bias"  # of the states of a sentence


@dataclass(frozen=True)
class Reader:
    """Weights of the upper layers, and the projection of a sentence's mean state."""

    layers: Mapping[str, Vectors]
    projection: Vectors  # (STATE, dimensions)
    offset: Vectors  # (STATE,)
    outputs: Mapping[str, Vectors]  # of posts and of sentences, each with weights and bias

    def sentences(
        self, states: Vectors, ends: NDArray[Any], spans: Sequence[tuple[int, int]]
    ) -> Vectors:
        """Return the state of each sentence, shape (len(spans), STATE); nan where none was read.

        Args:
            states: of the tokens, shape (tokens, dimensions).
            ends, spans: where tokens and sentences are, see :func:`sentence_of`.
        """
        means = np.full((len(spans), states.shape[1]), np.nan, np.float32)
        numbers = sentence_of(ends, spans)
        for number in np.unique(numbers[numbers >= 0]):
            means[number] = states[numbers == number].mean(axis=0)
        return (means @ self.projection.T + self.offset).astype(np.float32)


def tune(transformer: Any, layers: Mapping[str, Vectors]) -> None:
    """Put tuned layers into a loaded transformer.

    Raises:
        ModelError: they are of another one.
    """
    from torch import from_numpy

    weights = {name: from_numpy(array.copy()) for name, array in layers.items()}
    unknown = transformer.encoder.load_state_dict(weights, strict=False).unexpected_keys
    if unknown or not weights:
        raise ModelError(f"the encoder has no weights {unknown[:3]}; install the package again")


def sentence_of(ends: NDArray[Any], spans: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    """Return the number of the sentence that each token is in; -1: in none.

    Args:
        ends: where each token ends in the text; 0: it is none of the text.
        spans: where sentences begin and end in it.
    """
    numbers = np.full(len(ends), -1)
    for number, (start, end) in enumerate(spans):
        numbers[(ends > start) & (ends <= end)] = number
    return numbers


def reader_hash() -> str:
    """Return the hash of the shipped weights, as their card tells it; empty: there are none."""
    return hash_of_card(shipped(READER))


@cache
def load_reader() -> Reader | None:
    """Return the shipped reader, or nothing where there is none.

    Raises:
        ModelError: its files are damaged.
    """
    folder = shipped(READER)
    return read(folder) if (folder / CARD).is_file() else None


def read(folder: Path) -> Reader:
    """Read a reader from its folder.

    Raises:
        ModelError: the weights are not those that the card was written for.
    """
    arrays = read_weights(folder)
    try:
        reader = Reader(
            layers={name: array for name, array in arrays.items() if name.startswith(LAYER)},
            projection=arrays[PROJECTION],
            offset=arrays[OFFSET],
            outputs={
                name.removeprefix(OUTPUT): array
                for name, array in arrays.items()
                if name.startswith(OUTPUT)
            },
        )
    except KeyError as error:
        raise ModelError(f"{folder}: lacks the array {error}; install the package again") from None
    if len(reader.projection) != STATE:
        raise ModelError(
            f"{folder}: tells {len(reader.projection)} numbers of a sentence, not {STATE}"
        )
    return reader


def save(reader: Reader, folder: Path, card: Mapping[str, Any]) -> None:
    """Write weights, as half floats, and card; the card gets the hash of the weights."""
    outputs = {f"{OUTPUT}{name}": array for name, array in reader.outputs.items()}
    arrays = {**reader.layers, PROJECTION: reader.projection, OFFSET: reader.offset, **outputs}
    write_weights(folder, arrays, card)
