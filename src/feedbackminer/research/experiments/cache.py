"""An encoder that keeps what it has encoded: each text once per encoder, over all experiments."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from feedbackminer.embed.encoder import Encoded, Encoder, Vectors

_DIGITS = 24  # of hashes


class _Row(NamedTuple):
    vector: Vectors
    layer_mean: Vectors
    states: Vectors


class Remembering:
    """Encodes each text once, and reads it from a file after that; as a store, in 16 bits.

    Attributes:
        n_encoded: texts that were encoded, and not read.
    """

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self.name, self.n_encoded = encoder.name, 0
        self._encoder, self._folder = encoder, folder / _hash(encoder.name)
        self._known: dict[str, _Row] = {}
        for path in sorted(self._folder.glob("*.npz")):
            self._read(path)

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Return a row per text, in order."""
        hashes = [_hash(text) for text in texts]
        new = {key: text for key, text in zip(hashes, texts, strict=True) if key not in self._known}
        if new:
            self.n_encoded += len(new)
            self._read(self._write(list(new), self._encoder.encode(list(new.values()))))
        rows = [self._known[key] for key in hashes]
        if not rows:
            return self._encoder.encode([])
        vectors, means, states = zip(*rows, strict=True)
        return Encoded(np.array(vectors), np.array(means), states)

    def _write(self, hashes: Sequence[str], encoded: Encoded) -> Path:
        path = self._folder / f"{_hash(' '.join(hashes))}.npz"
        sizes = [len(states) for states in encoded.sentences]
        states = np.vstack(encoded.sentences) if sizes else np.zeros((0, 0), np.float32)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        with draft.open("wb") as file:
            np.savez(
                file,
                hashes=np.array(hashes),
                vectors=encoded.vectors.astype("<f2"),
                layer_mean=encoded.layer_mean.astype("<f2"),
                states=states.astype("<f2"),
                sizes=np.array(sizes or [0] * len(hashes)),
            )
        draft.replace(path)
        return path

    def _read(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as stored:
            ends = np.cumsum(stored["sizes"])[:-1]
            states = np.split(stored["states"].astype(np.float32), ends)
            vectors = stored["vectors"].astype(np.float32)
            means = stored["layer_mean"].astype(np.float32)
            keys = stored["hashes"].tolist()
        for key, *row in zip(keys, vectors, means, states, strict=True):
            self._known[key] = _Row(*row)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
