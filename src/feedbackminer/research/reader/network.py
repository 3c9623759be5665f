"""The network that is trained: the encoder's upper layers, and what is told from their states.

The lower layers stay as they are, so their states are computed once.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from feedbackminer.embed.encoder import STATE
from feedbackminer.embed.reader import sentence_of
from feedbackminer.research.reader.examples import EXPERIENCED, SEVERE, Example
from feedbackminer.vocabulary.tags import KINDS, SENTIMENTS, SPEECH

LOWER = 3  # layers that stay
BATCH = 32
POST_OUTPUTS = (len(KINDS), len(SENTIMENTS), len(EXPERIENCED), len(SEVERE))
SENTENCE_OUTPUTS = (len(SPEECH), len(KINDS), len(EXPERIENCED))


@dataclass(frozen=True)
class States:
    """States of one text after the lower layers, and where its tokens lie."""

    last: Tensor  # (tokens, dimensions), half floats
    total: Tensor  # of all lower layers
    sentence_of: NDArray[np.int64]  # of each token; -1: of none


class Network(nn.Module):
    """Upper layers with linear outputs for a post and for each of its sentences."""

    centre: Tensor
    scale: Tensor

    def __init__(self, transformer: Any, centre: Tensor, scale: Tensor) -> None:
        super().__init__()
        layers = transformer.encoder.layer
        self.n_heads = transformer.config.num_attention_heads
        self.n_layers = len(layers)
        self.upper = nn.ModuleList(copy.deepcopy(layer) for layer in layers[LOWER:])
        self.register_buffer("centre", centre)
        self.register_buffer("scale", scale)
        self.post = nn.Linear(len(centre), sum(POST_OUTPUTS))
        self.project = nn.Linear(len(centre), STATE)
        self.sentence = nn.Linear(STATE, sum(SENTENCE_OUTPUTS))

    def forward(
        self, last: Tensor, total: Tensor, mask: Tensor, dropout: float = 0.0
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return sentence vector, layer mean, and the states of each token, mean over layers."""
        for layer in self.upper:
            last = attend(layer, last, mask, self.n_heads, dropout)
            total = total + last
        weight = mask.unsqueeze(-1).to(last.dtype)
        states = total / self.n_layers
        n_tokens = weight.sum(dim=1)
        vector = functional.normalize((last * weight).sum(dim=1) / n_tokens, dim=1)
        return vector, (states * weight).sum(dim=1) / n_tokens, states

    def of_posts(self, layer_mean: Tensor) -> Tensor:
        """Return what is told of posts, shape (posts, outputs)."""
        scaled: Tensor = self.post((layer_mean - self.centre) / self.scale)
        return scaled.float()

    def of_sentences(self, states: Tensor, numbers: Tensor, count: int) -> Tensor:
        """Return what is told of sentences, shape (count, outputs).

        Args:
            numbers: of the sentence of each token; -1: of none.
        """
        inside = numbers >= 0
        rows = numbers[inside]
        total = torch.zeros(count, states.shape[2]).index_add(0, rows, states[inside].float())
        n_tokens = torch.zeros(count).index_add(0, rows, torch.ones(len(rows)))
        means = (total / n_tokens.clamp(min=1).unsqueeze(1) - self.centre) / self.scale
        outputs: Tensor = self.sentence(self.project(means))
        return outputs.float()


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


@torch.no_grad()
def lower_states(
    examples: Sequence[Example], transformer: Any, tokenizer: Any, max_tokens: int
) -> list[States]:
    """Return the states of texts after the lower layers, in order."""
    rows: dict[int, States] = {}
    for batch in by_length([len(example.passage.text) for example in examples], BATCH):
        tokens = tokenizer(
            [examples[row].passage.text for row in batch],
            truncation=True,
            max_length=max_tokens,
            padding=True,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        mask = tokens["attention_mask"].bool()
        with torch.autocast("cpu", torch.bfloat16):
            last = transformer.embeddings(input_ids=tokens["input_ids"])
            total = torch.zeros_like(last)
            for layer in transformer.encoder.layer[:LOWER]:
                last = attend(layer, last, mask, transformer.config.num_attention_heads, 0.0)
                total = total + last
        for place, row in enumerate(batch):
            n = int(mask[place].sum())
            ends = tokens["offset_mapping"][place, :n, 1].numpy()
            rows[row] = States(
                last[place, :n].half(),
                total[place, :n].half(),
                sentence_of(ends, examples[row].passage.spans),
            )
    return [rows[row] for row in range(len(examples))]


def padded(states: Sequence[States]) -> tuple[Tensor, Tensor, Tensor]:
    """Put states together: last and total of shape (texts, tokens, dimensions), and the mask."""
    lasts = [state.last.float() for state in states]
    totals = [state.total.float() for state in states]
    last = nn.utils.rnn.pad_sequence(lasts, batch_first=True)
    total = nn.utils.rnn.pad_sequence(totals, batch_first=True)
    n_tokens = torch.tensor([len(state.last) for state in states])
    return last, total, torch.arange(last.shape[1]) < n_tokens[:, None]


def by_length(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """Yield row numbers in batches of like length, the longest first."""
    order = sorted(range(len(lengths)), key=lambda row: -lengths[row])
    for start in range(0, len(order), size):
        yield order[start : start + size]
