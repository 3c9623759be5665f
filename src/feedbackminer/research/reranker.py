"""Train what re-ranks: the upper layers of the encoder, on pairs that people judged."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from feedbackminer.embed.backends.torch import model_path
from feedbackminer.embed.encoder import BUNDLED, Vectors
from feedbackminer.embed.reranker import Reranker, read_pairs, save
from feedbackminer.keypoints.matching import ASKED
from feedbackminer.research.examples import Sources
from feedbackminer.research.layers import (
    BATCH,
    Optimizer,
    as_weights,
    attend,
    batches,
    below,
    by_length,
    mean_state,
    padded,
    upper_layers,
)
from feedbackminer.research.matcher import (
    Compared,
    Flags,
    card_of,
    compare,
    figures,
    fit_matcher,
    training_pairs,
)

UNREAD = 20.0  # by how much the log-odds of what is not read are lowered, below all that is
HELD_BACK = 0.2  # of the points: their pairs tell how to mix both scores
Texts = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Plan:
    """How the reranker is trained."""

    epochs: int = 3
    layer_rate: float = 1e-4
    output_rate: float = 5e-4
    dropout: float = 0.1
    seed: int = 0


class Network(nn.Module):
    """The upper layers, and a linear score of the mean state."""

    def __init__(self, transformer: Any) -> None:
        super().__init__()
        self.n_heads = transformer.config.num_attention_heads
        self.upper = upper_layers(transformer)
        self.output = nn.Linear(transformer.config.hidden_size, 1)

    def forward(self, states: Tensor, mask: Tensor, dropout: float = 0.0) -> Tensor:
        """Return a score of each pair."""
        for layer in self.upper:
            states = attend(layer, states, mask, self.n_heads, dropout)
        scores: Tensor = self.output(mean_state(states, mask))
        return scores.squeeze(1).float()


def train_reranker(
    sources: Sources, folder: Path, plan: Plan, progress: Callable[[str], object]
) -> dict[str, Any]:
    """Train, measure on pairs that nothing is trained on, and write; returns the card.

    What mixes its scores with the matcher's is fitted to pairs that neither had seen.
    """
    rows, unseen = training_pairs(sources)
    compared = Compared.together([*compare(rows, sources).values()])
    held, others = map(compared.only, held_back(compared.pairs, plan.seed))
    first = train_layers(others.pairs, others.truth, plan, progress)
    mixing = fit_mixing(first.scores(held.pairs), held.log_odds(fit_matcher(others)), held.truth)
    reranker = replace(train_layers(compared.pairs, compared.truth, plan, progress), mixing=mixing)

    matcher = fit_matcher(compared)
    card = card_of("reranker", len(rows), sources) | {
        "base": BUNDLED,
        "plan": asdict(plan),
        "by_set": {
            name: figures(part, _in_use(reranker, part, part.log_odds(matcher)))
            for name, part in compare(unseen, sources).items()
        },
    }
    save(reranker, folder, card)
    return card


def _in_use(reranker: Reranker, compared: Compared, by_matcher: Vectors) -> Vectors:
    """Return log-odds as they are used: what the matcher finds unlikely is not read."""
    is_read = by_matcher >= np.log(ASKED / (1 - ASKED))
    unread = np.minimum(by_matcher, np.log(ASKED / (1 - ASKED))) - UNREAD
    log_odds: Vectors = np.where(is_read, reranker.log_odds(compared.pairs, by_matcher), unread)
    return log_odds


def fit_mixing(scores: Vectors, by_matcher: Vectors, truth: Flags) -> Vectors:
    """Return the mixture of both that is likeliest (stacking, Wolpert 1992)."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(np.stack([by_matcher, scores], axis=1), truth)
    mixing: Vectors = np.append(model.coef_[0], model.intercept_).astype(np.float32)
    return mixing


def held_back(pairs: Texts, seed: int) -> tuple[Flags, Flags]:
    """Return which pairs are held back, all of some points, and which know none of these points."""
    points = sorted({point for point, _ in pairs})
    random.Random(seed).shuffle(points)  # noqa: S311
    chosen = set(points[: int(len(points) * HELD_BACK)])
    is_held = np.array([point in chosen for point, _ in pairs])
    return is_held, np.array([not chosen.intersection(pair) for pair in pairs])


def train_layers(
    pairs: Texts,
    truth: Sequence[bool] | Flags,
    plan: Plan,
    progress: Callable[[str], object] = lambda _: None,
) -> Reranker:
    """Train on pairs; until it is mixed with the matcher's, its own score alone counts."""
    from transformers import AutoModel, AutoTokenizer

    torch.manual_seed(plan.seed)
    path = model_path(BUNDLED)
    transformer: Any = AutoModel.from_pretrained(path).eval()
    states = _lower_states(pairs, transformer, AutoTokenizer.from_pretrained(path))
    network = Network(transformer)
    lengths = [len(state) for state in states]
    n_steps = plan.epochs * math.ceil(len(pairs) / BATCH)
    optimizer = Optimizer(network, plan.layer_rate, plan.output_rate, n_steps)
    for step, batch in enumerate(batches(lengths, random.Random(plan.seed), n_steps), 1):  # noqa: S311
        with torch.autocast("cpu", torch.bfloat16):
            scores = network(*padded([states[row] for row in batch]), plan.dropout)
        wanted = torch.tensor([float(truth[row]) for row in batch])
        loss = nn.functional.binary_cross_entropy_with_logits(scores, wanted)
        optimizer.step(loss)
        if step % 50 == 0:
            progress(f"{step} of {n_steps}: loss {loss.item():.3f}")
    output = torch.cat([network.output.weight.flatten(), network.output.bias]).detach().numpy()
    return Reranker(as_weights(network.upper), output, np.array([0, 1, 0], np.float32))


def _lower_states(pairs: Texts, transformer: Any, tokenizer: Any) -> list[Tensor]:
    """Return the states of pairs after the lower layers, in order."""
    rows: dict[int, Tensor] = {}
    for batch in by_length([sum(map(len, pair)) for pair in pairs], BATCH):
        tokens = read_pairs(tokenizer, [pairs[row] for row in batch])
        states, _ = below(transformer, tokens)
        for place, row in enumerate(batch):
            rows[row] = states[place, : int(tokens["attention_mask"][place].sum())].half()
    return [rows[row] for row in range(len(pairs))]
