"""Train what re-ranks: the upper layers of the encoder, on pairs that people judged."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from feedbackminer.embed.backends.torch import model_path
from feedbackminer.embed.encoder import BUNDLED, Vectors
from feedbackminer.embed.reranker import LAYER, TOKENS, Reranker, save
from feedbackminer.keypoints.matching import ASKED
from feedbackminer.research.examples import Sources
from feedbackminer.research.matcher import (
    Compared,
    Flags,
    card_of,
    compare,
    figures,
    fit_matcher,
    training_pairs,
)
from feedbackminer.research.reader.network import BATCH, LOWER, attend, by_length

UNREAD = 20.0  # by how much the log-odds of what is not read are lowered, below all that is
WARM_UP = 0.06  # of all steps
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
        self.upper = nn.ModuleList(
            copy.deepcopy(layer) for layer in transformer.encoder.layer[LOWER:]
        )
        self.output = nn.Linear(transformer.config.hidden_size, 1)

    def forward(self, states: Tensor, mask: Tensor, dropout: float = 0.0) -> Tensor:
        """Return a score of each pair."""
        for layer in self.upper:
            states = attend(layer, states, mask, self.n_heads, dropout)
        weight = mask.unsqueeze(-1).to(states.dtype)
        scores: Tensor = self.output((states * weight).sum(dim=1) / weight.sum(dim=1))
        return scores.squeeze(1).float()


def train_reranker(
    sources: Sources, folder: Path, plan: Plan, progress: Callable[[str], object]
) -> dict[str, Any]:
    """Train, measure on pairs that nothing is trained on, and write; returns the card.

    What mixes its scores with the matcher's is fitted to pairs that neither had seen.
    """
    rows, unseen = training_pairs(sources)
    compared = Compared.together([*compare(rows, sources).values()])
    is_held = held_back([point for point, _ in compared.pairs], plan.seed)
    held, others = compared.only(is_held), compared.only(~is_held)
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


def held_back(points: Sequence[str], seed: int) -> Flags:
    """Return which pairs are held back: all of some of the points."""
    names = sorted(set(points))
    random.Random(seed).shuffle(names)  # noqa: S311
    chosen = set(names[: int(len(names) * HELD_BACK)])
    return np.array([point in chosen for point in points])


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
    optimizer = torch.optim.AdamW(
        [
            {"params": network.upper.parameters(), "lr": plan.layer_rate},
            {"params": network.output.parameters(), "lr": plan.output_rate},
        ],
        weight_decay=0.01,
    )
    draw = random.Random(plan.seed)  # noqa: S311
    batches = [batch for _ in range(plan.epochs) for batch in _batches(states, draw)]
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: _rate(s / len(batches)))
    for step, batch in enumerate(batches, 1):
        with torch.autocast("cpu", torch.bfloat16):
            scores = network(*_padded([states[row] for row in batch]), plan.dropout)
        wanted = torch.tensor([float(truth[row]) for row in batch])
        loss = nn.functional.binary_cross_entropy_with_logits(scores, wanted)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 50 == 0:
            progress(f"{step} of {len(batches)}: loss {loss.item():.3f}")
    return _as_reranker(network)


@torch.no_grad()
def _lower_states(pairs: Texts, transformer: Any, tokenizer: Any) -> list[Tensor]:
    """Return the states of pairs after the lower layers, in order."""
    rows: dict[int, Tensor] = {}
    for batch in by_length([sum(map(len, pair)) for pair in pairs], BATCH):
        tokens = tokenizer(
            [pairs[row][0] for row in batch],
            [pairs[row][1] for row in batch],
            truncation=True,
            max_length=TOKENS,
            padding=True,
            return_tensors="pt",
        )
        mask = tokens["attention_mask"].bool()
        with torch.autocast("cpu", torch.bfloat16):
            states = transformer.embeddings(
                input_ids=tokens["input_ids"], token_type_ids=tokens["token_type_ids"]
            )
            for layer in transformer.encoder.layer[:LOWER]:
                states = attend(layer, states, mask, transformer.config.num_attention_heads, 0.0)
        for place, row in enumerate(batch):
            rows[row] = states[place, : int(mask[place].sum())].half()
    return [rows[row] for row in range(len(pairs))]


def _batches(states: Sequence[Tensor], draw: random.Random) -> Iterator[list[int]]:
    """Yield batches of pairs of like length, in an order drawn anew."""
    rows = list(range(len(states)))
    draw.shuffle(rows)
    batches = []
    for start in range(0, len(rows), BATCH * 20):
        part = rows[start : start + BATCH * 20]
        lengths = [len(states[row]) for row in part]
        batches += [[part[place] for place in batch] for batch in by_length(lengths, BATCH)]
    draw.shuffle(batches)
    yield from batches


def _padded(states: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    together = nn.utils.rnn.pad_sequence([state.float() for state in states], batch_first=True)
    n_tokens = torch.tensor([len(state) for state in states])
    return together, torch.arange(together.shape[1]) < n_tokens[:, None]


def _rate(done: float) -> float:
    """Return the learning rate, as a part of the highest, after a part of all steps."""
    return min(1.0, done / WARM_UP) * max(0.0, 1 - done)


def _as_reranker(network: Network) -> Reranker:
    layers = {
        f"{LAYER}{LOWER + number}.{name}": tensor.detach().numpy().astype(np.float32)
        for number, layer in enumerate(network.upper)
        for name, tensor in layer.state_dict().items()
    }
    output = torch.cat([network.output.weight.flatten(), network.output.bias])
    return Reranker(layers, output.detach().numpy(), np.array([0, 1, 0], np.float32))
