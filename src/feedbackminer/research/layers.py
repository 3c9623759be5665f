"""Training of the encoder's upper layers: what the reader and the matcher have in common.

The lower layers stay as they are, so their states are computed once.
"""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from feedbackminer.embed.encoder import Vectors
from feedbackminer.embed.reader import LAYER

LOWER = 3  # layers that stay
BATCH = 32
ALIKE = 50  # batches that are drawn together, so that each holds texts of like length
WARM_UP = 0.06  # of all steps


def upper_layers(transformer: Any) -> nn.ModuleList:
    """Return a copy of the layers that are trained."""
    return nn.ModuleList(copy.deepcopy(layer) for layer in transformer.encoder.layer[LOWER:])


def as_weights(upper: nn.ModuleList) -> dict[str, Vectors]:
    """Return trained layers by the names that the encoder has for them."""
    return {
        f"{LAYER}{LOWER + int(number)}.{name}": weights.detach().numpy()
        for key, weights in upper.state_dict().items()
        for number, _, name in [key.partition(".")]
    }


@torch.no_grad()
def below(transformer: Any, tokens: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Return the states of a batch after the lower layers, and the sum of those of each layer."""
    n_heads = transformer.config.num_attention_heads
    mask = tokens["attention_mask"].bool()
    with torch.autocast("cpu", torch.bfloat16):
        last = transformer.embeddings(
            input_ids=tokens["input_ids"], token_type_ids=tokens["token_type_ids"]
        )
        total = torch.zeros_like(last)
        for layer in transformer.encoder.layer[:LOWER]:
            last = attend(layer, last, mask, n_heads, 0.0)
            total = total + last
    return last, total


def attend(layer: Any, states: Tensor, mask: Tensor, n_heads: int, dropout: float) -> Tensor:
    """Apply one layer of BERT (Devlin et al. 2019)."""
    n_texts, n_tokens, size = states.shape
    shape = (n_texts, n_tokens, n_heads, size // n_heads)
    attention = layer.attention.self
    query, key, value = (
        linear(states).view(shape).transpose(1, 2)
        for linear in (attention.query, attention.key, attention.value)
    )
    mixed = functional.scaled_dot_product_attention(
        query, key, value, attn_mask=mask[:, None, None, :], dropout_p=dropout
    )
    mixed = mixed.transpose(1, 2).reshape(states.shape)
    output = functional.dropout(layer.attention.output.dense(mixed), dropout)
    states = layer.attention.output.LayerNorm(output + states)
    inner = functional.gelu(layer.intermediate.dense(states))
    output = functional.dropout(layer.output.dense(inner), dropout)
    result: Tensor = layer.output.LayerNorm(output + states)
    return result


def padded(states: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Put states of texts together, shape (texts, tokens, dimensions), with their mask."""
    together = nn.utils.rnn.pad_sequence([state.float() for state in states], batch_first=True)
    n_tokens = torch.tensor([len(state) for state in states])
    return together, torch.arange(together.shape[1]) < n_tokens[:, None]


def mean_state(states: Tensor, mask: Tensor) -> Tensor:
    """Return the mean state of the tokens of each text, shape (texts, dimensions)."""
    weight = mask.unsqueeze(-1).to(states.dtype)
    return (states * weight).sum(dim=1) / weight.sum(dim=1)


def by_length(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """Yield row numbers in batches of like length, the longest first."""
    order = sorted(range(len(lengths)), key=lambda row: -lengths[row])
    for start in range(0, len(order), size):
        yield order[start : start + size]


def batches(lengths: Sequence[int], draw: random.Random, n_steps: int) -> Iterator[list[int]]:
    """Yield batches of texts of like length, in an order drawn anew for each epoch."""
    done = 0
    while True:
        rows = list(range(len(lengths)))
        draw.shuffle(rows)
        drawn = []
        for start in range(0, len(rows), BATCH * ALIKE):
            part = rows[start : start + BATCH * ALIKE]
            of_part = [lengths[row] for row in part]
            drawn += [[part[place] for place in batch] for batch in by_length(of_part, BATCH)]
        draw.shuffle(drawn)
        for batch in drawn:
            if done == n_steps:
                return
            done += 1
            yield batch


class Optimizer:
    """AdamW (Loshchilov and Hutter 2019), warmed and cooled: layers slowly, what is new faster."""

    def __init__(
        self, network: nn.Module, layer_rate: float, output_rate: float, n_steps: int
    ) -> None:
        """Take the parameters of a network whose layers are in ``upper``."""
        named = list(network.named_parameters())
        layers = [p for name, p in named if name.startswith("upper.")]
        outputs = [p for name, p in named if not name.startswith("upper.")]
        self.network = network
        self.adam = torch.optim.AdamW(
            [{"params": layers, "lr": layer_rate}, {"params": outputs, "lr": output_rate}],
            weight_decay=0.01,
        )

        def rate(step: int) -> float:
            warm = min(1.0, step / max(1.0, WARM_UP * n_steps))
            return warm * 0.5 * (1 + math.cos(math.pi * min(1.0, step / n_steps)))

        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.adam, rate)

    def step(self, loss: Tensor) -> None:
        """Learn from the loss of a batch."""
        self.adam.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.adam.step()
        self.schedule.step()
