"""The bundled encoder in ONNX Runtime: as many texts at a time as there are processors.

Each text is read by itself. So none is filled up to the length of another, and none of its numbers
depends on its neighbours: what is encoded tonight is what encoding everything anew would give.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np

from feedbackminer.embed.backends.bert import (
    Bert,
    PlainTransformer,
    Read,
    ends_of,
    read_bert,
    read_tokenizer,
)
from feedbackminer.embed.backends.graph import MEAN, STATES, TOKENS, Precision, graph_of
from feedbackminer.embed.encoder import NO_STATES, Encoded, Engine, Vectors
from feedbackminer.embed.passages import Passage, read_passages
from feedbackminer.embed.reader import Reader, load_reader
from feedbackminer.errors import ModelError
from feedbackminer.vectors import unit

AT_ONCE = 16  # texts that a thread takes
CLOSE = 0.97  # cosine to the reference from which a vector is trusted
PROBES = (
    "Crashes on start.",
    "I love the new dark theme, thank you!",
    "How do I move my notes from the old tablet to the new one? The export gives me a file that "
    "nothing else opens, and the sync stops after some hundred notes without a word of why.",
)


class Transformer:
    """A session of ONNX Runtime, with a thread for each processor and a text for each thread."""

    def __init__(self, bert: Bert, precision: Precision, *, max_tokens: int, threads: int) -> None:
        """Make a session.

        Raises:
            ModelError: ONNX Runtime refuses the graph, or what it computes strays from NumPy's.
        """
        self._session = _session(graph_of(bert, precision))
        self._tokenizer = read_tokenizer(max_tokens)
        self._threads = threads or os.cpu_count() or 1
        self.likeness = self._likeness_to(bert)
        if self.likeness < CLOSE:
            raise ModelError(
                f"{precision} strays from the reference on this processor: cosine "
                f"{self.likeness:.3f}, want {CLOSE}"
            )

    def read(self, texts: Sequence[str]) -> Iterator[Read]:
        """Yield what is told of each text, in order."""
        slices = [texts[start : start + AT_ONCE] for start in range(0, len(texts), AT_ONCE)]
        with ThreadPoolExecutor(self._threads) as pool:
            for results in pool.map(self._read, slices):
                yield from results

    def _read(self, texts: Sequence[str]) -> list[Read]:
        results = []
        for text in texts:
            tokens = self._tokenizer.encode(text)
            (mean,), (states,) = self._session.run(
                [MEAN, STATES], {TOKENS: np.array([tokens.ids], np.int64)}
            )
            results.append(Read(mean, states, ends_of(tokens)))
        return results

    def _likeness_to(self, bert: Bert) -> float:
        """Return the smallest cosine between probes and what the reference says of them."""
        tokens = [self._tokenizer.encode(probe).ids for probe in PROBES]
        reference = unit(np.stack([bert.states(each)[-1].mean(axis=0) for each in tokens]))
        computed = unit(np.stack([each.mean for each in self._read(PROBES)]))
        return float((reference * computed).sum(axis=1).min())


def _session(graph: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors alone
    # What "extended" would fuse (sum and normalising) is twice as slow here as apart.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors share no class of their own
        raise ModelError(
            f"ONNX Runtime {onnxruntime.__version__} refuses the encoder: {str(error)[:200]}"
        ) from error


class BundledEncoder:
    """The bundled encoder, tuned to tags, loaded at its first use."""

    def __init__(self, name: str, engine: Engine, *, max_tokens: int, threads: int) -> None:
        self.name = name
        self._asked = engine, max_tokens, threads

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Return a row per text, in order."""
        if not len(texts):
            return Encoded(np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32))
        transformer, reader = load_transformer(*self._asked), load_reader()
        passages = list(read_passages(texts))
        rows = list(transformer.read([passage.text for passage in passages]))
        return Encoded(
            unit(np.stack([row.mean for row in rows])),
            np.stack([row.states.mean(axis=0) for row in rows]),
            tuple(_sentences(reader, *each) for each in zip(rows, passages, strict=True)),
        )


def _sentences(reader: Reader | None, read: Read, passage: Passage) -> Vectors:
    return reader.sentences(read.states, read.ends, passage.spans) if reader else NO_STATES


@cache
def load_transformer(
    engine: Engine, max_tokens: int, threads: int
) -> Transformer | PlainTransformer:
    """Return the bundled encoder with the layers that were tuned to tags.

    Raises:
        ImportError: ONNX Runtime is not installed.
        ModelError: it cannot be trusted here; see :class:`Transformer`.
    """
    reader = load_reader()
    layers: Mapping[str, Vectors] = reader.layers if reader else {}
    return transformer_of(read_bert(layers), engine, max_tokens=max_tokens, threads=threads)


def transformer_of(
    bert: Bert, engine: Engine, *, max_tokens: int, threads: int = 0
) -> Transformer | PlainTransformer:
    """Return what reads texts by these weights; errors as of :func:`load_transformer`."""
    if engine == "numpy":
        return PlainTransformer(bert, max_tokens)
    return Transformer(bert, engine, max_tokens=max_tokens, threads=threads)
