"""The bundled encoder, by whatever computes it quickest here.

Each text is read by itself. So none is filled up to the length of another, and none of its numbers
depends on its neighbours: what is encoded tonight is what encoding everything anew would give.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial

import numpy as np

from feedbackminer.embed.backends.bert import Bert, PlainTransformer, read_bert
from feedbackminer.embed.backends.onnx import Transformer
from feedbackminer.embed.encoder import NO_STATES, Encoded, Engine, Vectors
from feedbackminer.embed.passages import Passage, read_passages
from feedbackminer.embed.reader import Reader, load_reader
from feedbackminer.threads import in_threads
from feedbackminer.vectors import unit


class BundledEncoder:
    """The bundled encoder, tuned to tags, loaded at its first use."""

    def __init__(self, name: str, engine: Engine, *, max_tokens: int, threads: int) -> None:
        self.name = name
        self._engine, self._max_tokens, self._threads = engine, max_tokens, threads

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Return a row per text, in order."""
        if not len(texts):
            return Encoded(np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32))
        transformer = load_transformer(self._engine, self._max_tokens)
        tell = partial(_tell, transformer, load_reader())
        means, layer_means, sentences = zip(
            *in_threads(tell, read_passages(texts), threads=self._threads),
            strict=True,
        )
        return Encoded(unit(np.stack(means)), np.stack(layer_means), sentences)


def _tell(
    transformer: Transformer | PlainTransformer, reader: Reader | None, passage: Passage
) -> tuple[Vectors, Vectors, Vectors]:
    """Return mean, layer mean and sentences of a passage; the states of its tokens are let go."""
    read = transformer.read(passage.text)
    sentences = reader.sentences(read.states, read.ends, passage.spans) if reader else NO_STATES
    return read.mean, read.states.mean(axis=0), sentences


@cache
def load_transformer(engine: Engine, max_tokens: int) -> Transformer | PlainTransformer:
    """Return the bundled encoder with the layers that were tuned to tags.

    Raises:
        ImportError: ONNX Runtime is not installed.
        ModelError: it cannot be trusted here; see :class:`Transformer`.
    """
    reader = load_reader()
    return transformer_of(read_bert(reader.layers if reader else {}), engine, max_tokens)


def transformer_of(bert: Bert, engine: Engine, max_tokens: int) -> Transformer | PlainTransformer:
    """Return what reads texts by these weights; errors as of :func:`load_transformer`."""
    if engine == "numpy":
        return PlainTransformer(bert, max_tokens)
    return Transformer(bert, engine, max_tokens=max_tokens)
