"""Words looked up and averaged: vectors without any layer, for very many posts.

Each token has one vector, whatever stands beside it. They were fitted so that their sum points
where the bundled encoder's vector of a sentence does (distillation, as of Tulkens and van Dongen's
Model2Vec), so a cosine means here what it means there. Weights are plain arrays in
``weights.safetensors``, with a ``card.json`` beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from feedbackminer.embed.backends.bert import read_tokenizer
from feedbackminer.embed.encoder import Encoded, Vectors
from feedbackminer.errors import ModelError
from feedbackminer.shipped import STATIC, shipped
from feedbackminer.text.legible import legible
from feedbackminer.vectors import unit
from feedbackminer.weights import read_weights

TOKENS = "tokens"  # the array: a row for each token of the bundled encoder's vocabulary
AT_ONCE = 2_048  # texts


class StaticEncoder:
    """Vectors of words, looked up; loaded at the first use."""

    def __init__(self, name: str, *, max_tokens: int) -> None:
        self.name = name
        self._max_tokens = max_tokens

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Return a row per text, in order; a text without a word has no direction."""
        if not len(texts):
            return Encoded(np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32))
        tokenizer, words = read_tokenizer(self._max_tokens), load_words()
        vectors = np.empty((len(texts), words.shape[1]), np.float32)
        for start in range(0, len(texts), AT_ONCE):
            rows = slice(start, start + AT_ONCE)
            counts = token_counts([legible(text) for text in texts[rows]], tokenizer)
            vectors[rows] = unit(counts @ words)
        return Encoded(vectors, vectors[:, :0])


def token_counts(texts: Sequence[str], tokenizer: Any) -> csr_matrix:
    """Return how often each token stands in each text, shape (texts, vocabulary)."""
    read = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    ids = [each.ids for each in read]
    ends = np.cumsum([0, *map(len, ids)])
    tokens = np.fromiter(chain.from_iterable(ids), np.int64, ends[-1])
    shape = (len(ids), tokenizer.get_vocab_size())
    return csr_matrix((np.ones(len(tokens), np.float32), tokens, ends), shape=shape)


@cache
def load_words() -> Vectors:
    """Return the vector of each token, shape (vocabulary, dimensions).

    Raises:
        ModelError: the files are missing or damaged.
    """
    arrays = read_weights(folder := shipped(STATIC))
    if TOKENS not in arrays:
        raise ModelError(f"{folder}: lacks the array {TOKENS!r}; install the package again")
    return arrays[TOKENS]
