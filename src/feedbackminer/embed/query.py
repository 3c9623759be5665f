"""A question as a vector, by the encoder that read the posts, in the time that a question may take.

Importing torch and transformers takes longer than everything else that answers a question. The
bundled encoder is a BERT of six small layers (Devlin et al., NAACL 2019): for one text that is a
few products of matrices, which NumPy does as well. A test holds its vectors against torch's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from feedbackminer.embed.backends.torch import model_path
from feedbackminer.embed.encoder import BUNDLED, Vectors
from feedbackminer.embed.load import load_encoder
from feedbackminer.embed.reader import load_reader
from feedbackminer.settings.sections import EmbedSettings
from feedbackminer.text.legible import legible
from feedbackminer.vectors import unit


def encode_question(text: str, settings: EmbedSettings) -> Vectors:
    """Return the unit vector of a question.

    Raises:
        SettingsError: the encoder cannot be loaded.
    """
    if settings.model != BUNDLED:
        vectors: Vectors = load_encoder(settings).encode([text]).vectors
        return np.asarray(vectors[0], np.float32)
    return _bundled().encode(legible(text), settings.max_tokens)


@dataclass(frozen=True, eq=False)
class _Bert:
    """Weights by name, tokenizer, and how many heads and what epsilon the layers have."""

    weights: Mapping[str, Vectors]
    tokenizer: Any
    n_layers: int
    n_heads: int
    epsilon: float

    def encode(self, text: str, max_tokens: int) -> Vectors:
        """Return the unit vector of the mean state of the tokens."""
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(max_length=max_tokens)
        tokens = self.tokenizer.encode(text).ids
        embedding = self.weights["embeddings.word_embeddings.weight"][tokens]
        embedding = embedding + self.weights["embeddings.position_embeddings.weight"][: len(tokens)]
        embedding = embedding + self.weights["embeddings.token_type_embeddings.weight"][0]
        states = self._normalised(embedding, "embeddings")
        for number in range(self.n_layers):
            states = self._layer(states, f"encoder.layer.{number}")
        return np.asarray(unit(states.mean(axis=0, keepdims=True))[0], np.float32)

    def _layer(self, states: Vectors, name: str) -> Vectors:
        from scipy.special import erf

        attended = self._dense(self._attention(states, name), f"{name}.attention.output.dense")
        states = self._normalised(attended + states, f"{name}.attention.output")
        wide = self._dense(states, f"{name}.intermediate.dense")
        wide = wide * 0.5 * (1 + erf(wide / np.sqrt(2)))  # GELU
        return self._normalised(
            self._dense(wide, f"{name}.output.dense") + states, f"{name}.output"
        )

    def _attention(self, states: Vectors, name: str) -> Vectors:
        """Return what each token takes from the others; each head looks at its own part."""
        query, key, value = (
            self._dense(states, f"{name}.attention.self.{part}")
            .reshape(len(states), self.n_heads, -1)
            .transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[2])
        scores = np.exp(scores - scores.max(axis=2, keepdims=True))
        mixed = scores / scores.sum(axis=2, keepdims=True) @ value
        return np.asarray(mixed.transpose(1, 0, 2).reshape(states.shape), np.float32)

    def _dense(self, states: Vectors, name: str) -> Vectors:
        dense: Vectors = states @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]
        return dense

    def _normalised(self, states: Vectors, name: str) -> Vectors:
        centred = states - states.mean(axis=1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=1, keepdims=True) + self.epsilon)
        scale, shift = (self.weights[f"{name}.LayerNorm.{part}"] for part in ("weight", "bias"))
        return np.asarray(scale * centred / spread + shift, np.float32)


@cache
def _bundled() -> _Bert:
    """Return the bundled encoder, with the upper layers that were tuned to tags."""
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    folder = Path(model_path(BUNDLED))
    config = json.loads((folder / "config.json").read_text("utf-8"))
    reader = load_reader()
    tuned = {f"encoder.{name}": array for name, array in reader.layers.items()} if reader else {}
    return _Bert(
        weights={**load_file(folder / "model.safetensors"), **tuned},
        tokenizer=Tokenizer.from_file(str(folder / "tokenizer.json")),
        n_layers=config["num_hidden_layers"],
        n_heads=config["num_attention_heads"],
        epsilon=config["layer_norm_eps"],
    )
