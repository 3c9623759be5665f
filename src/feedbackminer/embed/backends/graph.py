"""The bundled encoder as a graph of ONNX, which runs in ONNX Runtime.

``int8`` stores each weight as a whole number of eight bits, with a scale for each column, and
rounds what is multiplied with it likewise: a scale for each text and product, so that no text
depends on which others are encoded beside it. Attention, normalising and averaging stay in floats.

Written by hand because that is shorter than tracing: no torch has to be imported, and the graph
has the outputs that the stages want and no mask, since it reads one text at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from feedbackminer.embed.backends.bert import Bert
from feedbackminer.embed.encoder import Vectors

Precision = Literal["int8", "fp32"]
TOKENS, MEAN, STATES = "tokens", "mean", "states"  # what goes in, and what comes out
LEVELS = 127  # of an absolute value in eight bits
_CONTRIB = "com.microsoft"  # operators that ONNX Runtime adds
_OPSET, _IR_VERSION = 18, 10


def graph_of(bert: Bert, precision: Precision) -> bytes:
    """Return a serialised model for one text.

    It reads ``tokens``, shape (1, n), and gives their mean last state, shape (1, dimensions), and
    the mean of each one's states over all layers, shape (1, n, dimensions).
    """
    from onnx import TensorProto, helper

    graph = _Graph(bert, precision)
    states = graph.embedded()
    layers = []
    for number in range(bert.n_layers):
        states = graph.layer(states, f"encoder.layer.{number}")
        layers.append(states)
    share = graph.constant("share", np.array(1 / bert.n_layers, np.float32))
    graph.add("Mul", graph.add("Sum", *layers), share, to=STATES)
    over_tokens = graph.constant("over_tokens", np.array([1], np.int64))
    graph.add("ReduceMean", states, over_tokens, to=MEAN, keepdims=0)

    size = len(bert.weights["embeddings.LayerNorm.bias"])
    made = graph.model.graph
    made.input.append(helper.make_tensor_value_info(TOKENS, TensorProto.INT64, [1, "n"]))
    shapes: dict[str, list[int | str | None]] = {MEAN: [1, size], STATES: [1, "n", size]}
    for name, shape in shapes.items():
        made.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    model: bytes = graph.model.SerializeToString()
    return model


def in_eight_bits(weight: Vectors) -> tuple[NDArray[np.int8], Vectors]:
    """Return whole numbers of shape (inputs, outputs), and the scale of each column."""
    scale = np.abs(weight).max(axis=0) / LEVELS
    scale = np.where(scale > 0, scale, 1).astype(np.float32)
    return np.rint(weight / scale).astype(np.int8), scale


class _Graph:
    """Nodes and constants as they are added; each method returns the name of what it computes."""

    def __init__(self, bert: Bert, precision: Precision) -> None:
        from onnx import ModelProto, helper

        self.bert, self.precision = bert, precision
        self.model = ModelProto(ir_version=_IR_VERSION)
        self.model.graph.name = "bert"
        self.model.opset_import.extend(
            [helper.make_opsetid("", _OPSET), helper.make_opsetid(_CONTRIB, 1)]
        )

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """Write numbers into the model at once: weights that are copied thrice take a gigabyte."""
        from onnx import helper

        self.model.graph.initializer.add(
            name=name,
            dims=value.shape,
            data_type=helper.np_dtype_to_tensor_dtype(value.dtype),
            raw_data=value.tobytes(),
        )
        return name

    def add(
        self, operator: str, *inputs: str, to: str = "", domain: str = "", **options: Any
    ) -> str:
        to = to or f"{operator}_{len(self.model.graph.node)}"
        self._add(operator, inputs, [to], domain=domain, **options)
        return to

    def _add(
        self, operator: str, inputs: Sequence[str], outputs: Sequence[str], **options: Any
    ) -> None:
        from onnx import helper

        self.model.graph.node.append(helper.make_node(operator, inputs, outputs, **options))

    def embedded(self) -> str:
        """Look up words and add where each stands."""
        weights = self.bert.weights
        words = self.constant("words", weights["embeddings.word_embeddings.weight"])
        standing = weights["embeddings.position_embeddings.weight"]
        standing = standing + weights["embeddings.token_type_embeddings.weight"][0]
        places = self.constant("places", standing)
        first = self.constant("first", np.array([0], np.int64))
        here = self.add("Slice", places, first, self.add("Shape", TOKENS, start=1))
        return self.normalised(
            self.add("Add", self.add("Gather", words, TOKENS), here), "embeddings"
        )

    def layer(self, states: str, name: str) -> str:
        """Let each token take from the others, then think by itself."""
        attended = self.dense(self.attention(states, name), f"{name}.attention.output.dense")
        states = self.normalised(self.add("Add", attended, states), f"{name}.attention.output")
        wide = self.add("Gelu", self.dense(states, f"{name}.intermediate.dense"), domain=_CONTRIB)
        wide = self.dense(wide, f"{name}.output.dense")
        return self.normalised(self.add("Add", wide, states), f"{name}.output")

    def attention(self, states: str, name: str) -> str:
        """Ask for query, key and value at once: the states are rounded once for all three."""
        parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
        self._add("Split", [self.dense(states, *parts)], parts, axis=-1, num_outputs=len(parts))
        return self.add("MultiHeadAttention", *parts, domain=_CONTRIB, num_heads=self.bert.n_heads)

    def dense(self, states: str, *names: str) -> str:
        """Multiply by weights and add a bias; of several names side by side."""
        weights, name = self.bert.weights, names[0]
        weight = np.concatenate([weights[f"{each}.weight"].T for each in names], axis=1)
        bias = self.constant(
            f"{name}.bias", np.concatenate([weights[f"{each}.bias"] for each in names])
        )
        if self.precision == "fp32":
            return self.add(
                "Add", self.add("MatMul", states, self.constant(f"{name}.weight", weight)), bias
            )
        rounded, scale = in_eight_bits(weight)
        return self.add(
            "DynamicQuantizeMatMul",
            states,
            self.constant(f"{name}.weight", rounded),
            self.constant(f"{name}.scale", scale),
            self.constant(f"{name}.zero", np.zeros(len(scale), np.int8)),
            bias,
            domain=_CONTRIB,
        )

    def normalised(self, states: str, name: str) -> str:
        scale, shift = (
            self.constant(f"{name}.{part}", self.bert.weights[f"{name}.LayerNorm.{part}"])
            for part in ("weight", "bias")
        )
        return self.add(
            "LayerNormalization", states, scale, shift, axis=-1, epsilon=self.bert.epsilon
        )
