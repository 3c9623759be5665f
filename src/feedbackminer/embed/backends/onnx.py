"""BERT in ONNX Runtime, trusted where it comes near enough to what NumPy computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from feedbackminer.embed.backends.bert import Bert, Read, ends_of, read_tokenizer
from feedbackminer.embed.backends.graph import MEAN, STATES, TOKENS, Precision, graph_of
from feedbackminer.embed.encoder import Vectors
from feedbackminer.errors import ModelError
from feedbackminer.threads import one_thread_a_product
from feedbackminer.vectors import unit

CLOSE = 0.97  # cosine to the reference from which a vector is trusted
PROBES = (
    "Crashes on start.",
    "I love the new dark theme, thank you!",
    "How do I move my notes from the old tablet to the new one? The export gives me a file that "
    "nothing else opens, and the sync stops after some hundred notes without a word of why.",
)


class Transformer:
    """A session of ONNX Runtime, which reads one text at a time on one processor."""

    def __init__(self, bert: Bert, precision: Precision, *, max_tokens: int) -> None:
        """Make a session.

        Raises:
            ModelError: ONNX Runtime refuses the graph, or what it computes strays from NumPy's.
        """
        self._session = _session(graph_of(bert, precision))
        self._tokenizer = read_tokenizer(max_tokens)
        self.likeness = self._likeness_to(bert)
        if self.likeness < CLOSE:
            raise ModelError(
                f"{precision} strays from the reference on this processor: cosine "
                f"{self.likeness:.3f}, want {CLOSE}"
            )

    def read(self, text: str) -> Read:
        """Return what is told of a text; several threads may ask at once."""
        tokens = self._tokenizer.encode(text)
        (mean,), (states,) = self._session.run(
            [MEAN, STATES], {TOKENS: np.array([tokens.ids], np.int64)}
        )
        return Read(mean, states, ends_of(tokens))

    def mean(self, tokens: Sequence[int]) -> Vectors:
        """Return the mean of the states that the last layer gives to tokens, by their ids."""
        ((mean,),) = self._session.run([MEAN], {TOKENS: np.array([tokens], np.int64)})
        return np.asarray(mean)

    def _likeness_to(self, bert: Bert) -> float:
        """Return the smallest cosine between probes and what the reference says of them."""
        tokens = [self._tokenizer.encode(probe).ids for probe in PROBES]
        with one_thread_a_product():
            reference = unit(np.stack([bert.states(each)[-1].mean(axis=0) for each in tokens]))
        computed = unit(np.stack([self.mean(each) for each in tokens]))
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
