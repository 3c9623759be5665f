"""Train what tells which sentences say the same: the upper layers of the encoder, on pairs.

Two losses are added: each judged pair is told apart from the others by its cosine, and a sentence
that says a point is picked from all sentences of its batch, which are of the same community
(multiple negatives ranking, Henderson et al. 2017).
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, normalize

from feedbackminer.embed.backends.bert import model_path
from feedbackminer.embed.bi_encoder import TOKENS, BiEncoder, save
from feedbackminer.embed.encoder import BUNDLED, Vectors
from feedbackminer.keypoints.choose import SAYS_SO
from feedbackminer.research.data import labels, tags
from feedbackminer.research.data.labels import Pair
from feedbackminer.research.data.tags import INVENTED
from feedbackminer.research.examples import OUR_LICENCE, Sources
from feedbackminer.research.layers import (
    Optimizer,
    as_weights,
    attend,
    below,
    by_length,
    mean_state,
    padded,
    upper_layers,
)

HELD_BACK = 0.15  # of the points: their pairs tell what a cosine is worth
BATCH, ALIKE = 48, 12  # pairs that are read at once, and batches that share lengths
SHARPNESS = 20.0  # of a cosine, where one sentence is picked from many
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Plan:
    """How the layers are trained."""

    epochs: int = 3
    layer_rate: float = 1e-4
    output_rate: float = 5e-3
    dropout: float = 0.1
    picked: float = 0.5  # what picking one from many weighs
    seed: int = 0


class Network(nn.Module):
    """The upper layers, and what their cosine is worth."""

    def __init__(self, transformer: Any) -> None:
        super().__init__()
        self.n_heads = transformer.config.num_attention_heads
        self.upper = upper_layers(transformer)
        self.slope = nn.Parameter(torch.tensor(8.0))
        self.bias = nn.Parameter(torch.tensor(-4.0))

    def forward(self, states: Tensor, mask: Tensor, dropout: float = 0.0) -> Tensor:
        """Return unit vectors, shape (sentences, dimensions)."""
        for layer in self.upper:
            states = attend(layer, states, mask, self.n_heads, dropout)
        return normalize(mean_state(states, mask).float(), dim=1)


def train_matcher(
    sources: Sources, folder: Path, plan: Plan, progress: Callable[[str], object]
) -> dict[str, Any]:
    """Train, measure on pairs that nothing is trained on, and write; returns the card.

    What a cosine is worth is fitted to pairs of points that the layers had not seen.
    """
    rows, unseen = training_pairs(sources)
    invented = labels.load_invented_pairs(sources.labels / labels.INVENTED_PAIRS)
    held, others = held_back(rows, plan.seed)
    first = BiEncoder(train_layers([*others, *invented], plan, progress), np.ones(2, np.float32))
    worth = fit_worth(cosines(first, held), [row.is_same for row in held])
    bi_encoder = BiEncoder(train_layers([*rows, *invented], plan, progress), worth)
    card = {
        "name": "matcher",
        "intended_use": "Whether a sentence says what a key point says; counted over members.",
        "threshold": SAYS_SO,
        "base": BUNDLED,
        "plan": asdict(plan),
        "trained_on": [
            {
                "name": name,
                "rows": n_rows,
                "licence": OUR_LICENCE,
                "sha256": tags.hash_of(sources.labels / name),
            }
            for name, n_rows in ((labels.PAIRS, len(rows)), (labels.INVENTED_PAIRS, len(invented)))
        ],
        "measured_on": f"{labels.UNSEEN_PAIRS}: no sentence of it was trained on; urho3d is a site "
        "that nothing was trained on, its pairs are those that a matcher before this took for one",
        "by_set": {
            name: figures(bi_encoder, [row for row in unseen if row.data == name])
            for name in sorted({row.data for row in unseen})
        },
    }
    save(bi_encoder, folder, card)
    return card


def training_pairs(sources: Sources) -> tuple[list[Pair], list[Pair]]:
    """Return pairs to train on, and those to measure with, which share no sentence with them."""
    rows = labels.load_pairs(sources.data, sources.labels / labels.PAIRS)
    unseen = labels.load_pairs(sources.data, sources.labels / labels.UNSEEN_PAIRS)
    seen = {text for row in unseen for text in (row.point, row.sentence)}
    return [row for row in rows if not {row.point, row.sentence} & seen], unseen


def held_back(pairs: Sequence[Pair], seed: int) -> tuple[list[Pair], list[Pair]]:
    """Return pairs that are held back, all of some points, and those that know none of these."""
    points = sorted({pair.point for pair in pairs})
    random.Random(seed).shuffle(points)  # noqa: S311
    chosen = set(points[: int(len(points) * HELD_BACK)])
    held = [pair for pair in pairs if pair.point in chosen]
    return held, [pair for pair in pairs if not chosen & {pair.point, pair.sentence}]


def fit_worth(cosines: Vectors, truth: Sequence[bool]) -> Vectors:
    """Return the slope and bias that are likeliest (Platt 1999)."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e3).fit(cosines[:, None], truth)
    return np.append(model.coef_[0], model.intercept_).astype(np.float32)


def cosines(bi_encoder: BiEncoder, pairs: Sequence[Pair]) -> Vectors:
    """Return how alike the two of each pair are."""
    points, sentences = (
        bi_encoder.encode([getattr(pair, side) for pair in pairs]) for side in ("point", "sentence")
    )
    alike: Vectors = (points * sentences).sum(axis=1)
    return alike


def figures(bi_encoder: BiEncoder, pairs: Sequence[Pair]) -> dict[str, float]:
    """Return how well pairs are told, and how well by the encoder before it was trained."""
    from sklearn.metrics import average_precision_score

    truth = np.array([pair.is_same for pair in pairs])
    alike = cosines(bi_encoder, pairs)
    slope, bias = bi_encoder.worth
    said = slope * alike + bias >= np.log(SAYS_SO / (1 - SAYS_SO))
    values = {
        "share": truth.mean(),
        "average_precision": average_precision_score(truth, alike),
        "untrained": average_precision_score(truth, cosines(_untrained(bi_encoder), pairs)),
        "precision": truth[said].mean() if said.any() else 0.0,
        "recall": said[truth].mean(),
    }
    return {"pairs": len(truth)} | {name: round(float(x), 3) for name, x in values.items()}


def _untrained(bi_encoder: BiEncoder) -> BiEncoder:
    transformer, _ = _encoder()
    return BiEncoder(as_weights(upper_layers(transformer)), bi_encoder.worth)


def _encoder() -> tuple[Any, Any]:
    from transformers import AutoModel, AutoTokenizer

    path = model_path(BUNDLED)
    return AutoModel.from_pretrained(path).eval(), AutoTokenizer.from_pretrained(path)


def train_layers(
    pairs: Sequence[Pair], plan: Plan, progress: Callable[[str], object] = lambda _: None
) -> Mapping[str, Vectors]:
    """Return the weights of layers that were trained on pairs."""
    torch.manual_seed(plan.seed)
    draw = random.Random(plan.seed)  # noqa: S311
    transformer, tokenizer = _encoder()
    states = _lower_states(pairs, transformer, tokenizer)
    lengths = [max(len(states[pair.point]), len(states[pair.sentence])) for pair in pairs]
    network = Network(transformer)
    n_steps = plan.epochs * math.ceil(len(pairs) / BATCH)
    optimizer = Optimizer(network, plan.layer_rate, plan.output_rate, n_steps)
    for epoch in range(plan.epochs):
        losses = []
        for batch in _batches(pairs, lengths, draw):
            loss = _loss(network, [pairs[row] for row in batch], states, plan)
            optimizer.step(loss)
            losses.append(loss.item())
        progress(f"epoch {epoch + 1} of {plan.epochs}: loss {np.mean(losses):.3f}")
    return as_weights(network.upper)


def _batches(pairs: Sequence[Pair], lengths: Sequence[int], draw: random.Random) -> list[list[int]]:
    """Return rows in batches: of one community, which makes it hard to pick, and of like length."""
    of_community: dict[str, list[int]] = defaultdict(list)
    for row, pair in enumerate(pairs):
        of_community[pair.data].append(row)
    communities = [*of_community.values()]
    draw.shuffle(communities)
    rows = []
    for community in communities:
        draw.shuffle(community)
        for start in range(0, len(community), BATCH * ALIKE):
            rows += sorted(community[start : start + BATCH * ALIKE], key=lengths.__getitem__)
    batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    draw.shuffle(batches)
    return batches


def _loss(
    network: Network, pairs: Sequence[Pair], states: Mapping[str, Tensor], plan: Plan
) -> Tensor:
    texts = sorted({text for pair in pairs for text in (pair.point, pair.sentence)})
    row_of = {text: row for row, text in enumerate(texts)}
    with torch.autocast("cpu", torch.bfloat16):
        vectors = network(*padded([states[text] for text in texts]), plan.dropout).float()
    points, sentences = (
        vectors[[row_of[getattr(pair, side)] for pair in pairs]] for side in ("point", "sentence")
    )
    is_same = torch.tensor([pair.is_same for pair in pairs])
    loss = torch.zeros(())
    judged = torch.tensor([not pair.data.startswith(INVENTED) for pair in pairs])
    if judged.any():  # of what was invented there are only pairs that say the same
        log_odds = network.slope * (points * sentences).sum(dim=1) + network.bias
        loss = binary_cross_entropy_with_logits(log_odds[judged], is_same[judged].float())
    if is_same.any():
        alike = SHARPNESS * points @ sentences.T
        alike = alike.masked_fill(_may_be_same(pairs), -math.inf)[is_same]
        loss = loss + plan.picked * cross_entropy(alike, torch.nonzero(is_same)[:, 0])
    return loss


def _may_be_same(pairs: Sequence[Pair]) -> Tensor:
    """Return which sentences of other pairs may say the point of a pair: nobody ruled it out."""
    return torch.tensor(
        [
            [
                one is not other
                and (one.sentence == other.sentence or (one.point == other.point and other.is_same))
                for other in pairs
            ]
            for one in pairs
        ]
    )


def _lower_states(pairs: Sequence[Pair], transformer: Any, tokenizer: Any) -> dict[str, Tensor]:
    """Return the states of each text after the lower layers, by text."""
    texts = sorted({text for pair in pairs for text in (pair.point, pair.sentence)})
    states: dict[str, Tensor] = {}
    for batch in by_length([len(text) for text in texts], BATCH):
        tokens = tokenizer(
            [texts[row] for row in batch],
            padding=True, truncation=True, max_length=TOKENS, return_tensors="pt",
        )  # fmt: skip
        last, _ = below(transformer, tokens)
        for place, row in enumerate(batch):
            n_tokens = int(tokens["attention_mask"][place].sum())
            states[texts[row]] = last[place, :n_tokens].half()
    return states
