"""The network that is trained: the encoder's upper layers, and what is told from their states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from feedbackminer.embed.encoder import STATE
from feedbackminer.embed.reader import sentence_of
from feedbackminer.research.layers import (
    BATCH,
    attend,
    below,
    by_length,
    mean_state,
    upper_layers,
)
from feedbackminer.research.layers import padded as put_together
from feedbackminer.research.reader.examples import EXPERIENCED, SEVERE, Example
from feedbackminer.vocabulary.tags import KINDS, SENTIMENTS, SPEECH

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
        self.n_heads = transformer.config.num_attention_heads
        self.n_layers = len(transformer.encoder.layer)
        self.upper = upper_layers(transformer)
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
        states = total / self.n_layers
        return functional.normalize(mean_state(last, mask), dim=1), mean_state(states, mask), states

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
        last, total = below(transformer, tokens)
        for place, row in enumerate(batch):
            n = int(tokens["attention_mask"][place].sum())
            ends = tokens["offset_mapping"][place, :n, 1].numpy()
            rows[row] = States(
                last[place, :n].half(),
                total[place, :n].half(),
                sentence_of(ends, examples[row].passage.spans),
            )
    return [rows[row] for row in range(len(examples))]


def padded(states: Sequence[States]) -> tuple[Tensor, Tensor, Tensor]:
    """Put states together: last and total of shape (texts, tokens, dimensions), and the mask."""
    last, mask = put_together([state.last for state in states])
    total, _ = put_together([state.total for state in states])
    return last, total, mask
