"""Train the reader: one network for all labels, held to the sentence vectors of before.

What a text means must stay what it meant: the loss has the distance between the sentence vector
and that of the encoder as it was (distillation, Hinton, Vinyals and Dean 2015). Kinds of a post
are learned from the whole of it and, as one of its sentences asserting it (noisy or), from its
sentences, of which few have labels of their own.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from feedbackminer.embed.backends.bert import model_path
from feedbackminer.embed.encoder import BUNDLED
from feedbackminer.embed.reader import Reader, save, tune
from feedbackminer.research.data.labels import MADE_UP, OWN, SENTENCES, load_labels
from feedbackminer.research.data.tags import hash_of
from feedbackminer.research.layers import BATCH, Optimizer, as_weights, batches, by_length
from feedbackminer.research.reader.examples import (
    PUBLIC,
    Example,
    is_unread,
    of_posts,
    training_examples,
)
from feedbackminer.research.reader.network import (
    POST_OUTPUTS,
    SENTENCE_OUTPUTS,
    Network,
    States,
    lower_states,
    padded,
)
from feedbackminer.vectors import Matrix
from feedbackminer.vocabulary.tags import ASSERTED, SPEECH

WEIGHTS: Mapping[str, float] = {"meaning": 20.0, "by_sentence": 0.3, "spoken": 0.5, "felt": 0.5}
DROPOUT = 0.1
TINY = 1e-4  # a probability is never nearer to 0 or 1


@dataclass(frozen=True)
class Plan:
    """How the reader is trained."""

    epochs: float = 3
    layer_rate: float = 6e-5
    output_rate: float = 1e-3
    max_tokens: int = 128
    seed: int = 0


def train_reader(
    examples: Sequence[Example], plan: Plan, progress: Callable[[str], object] = lambda _: None
) -> Reader:
    """Train on examples; on two cores some 100 of them a second."""
    from sentence_transformers import SentenceTransformer

    torch.manual_seed(plan.seed)
    model: Any = SentenceTransformer(model_path(BUNDLED), device="cpu")
    transformer = model[0].auto_model.eval()
    states = lower_states(examples, transformer, model.tokenizer, plan.max_tokens)
    meanings, layer_means = _encoded(states, transformer)
    network = Network(transformer, layer_means.mean(dim=0), layer_means.std(dim=0).clamp(min=1e-2))

    batches_per_epoch = math.ceil(len(examples) / BATCH)
    n_steps = int(batches_per_epoch * plan.epochs)
    optimizer = Optimizer(network, plan.layer_rate, plan.output_rate, n_steps)
    lengths = [len(state.last) for state in states]
    for step, batch in enumerate(batches(lengths, random.Random(plan.seed), n_steps), 1):  # noqa: S311
        with torch.autocast("cpu", torch.bfloat16):
            losses = _losses(
                network,
                [examples[row] for row in batch],
                [states[row] for row in batch],
                meanings[batch],
            )
        total = sum(
            (WEIGHTS.get(name, 1.0) * loss for name, loss in losses.items()), torch.zeros(())
        )
        optimizer.step(total)
        if step % 100 == 0:
            now = " ".join(f"{name} {loss.item():.3f}" for name, loss in losses.items())
            progress(f"{step} of {n_steps}: {now}")
    return _as_reader(network)


def train_and_save(
    data: Path, labels: Path, folder: Path, plan: Plan, progress: Callable[[str], object]
) -> dict[str, Any]:
    """Train the reader that is shipped and write it with its card; returns the card.

    Raises:
        InputError: a data set is missing.
    """
    examples = training_examples(data, labels, plan.seed)
    unread = [row for row in load_labels(data, labels / OWN) if row.text and is_unread(row)]
    reader = train_reader(examples, plan, progress)
    sets = [{"name": name, "sha256": hash_of(labels / name)} for name in (OWN, SENTENCES, MADE_UP)]
    card = {
        "name": folder.name,
        "base": BUNDLED,
        "trained_on": sets + [{"name": name, "at_most": n} for name, n in PUBLIC.items()],
        "plan": asdict(plan),
        "examples": len(examples),
        "cosine": likeness(reader, of_posts(unread)),
    }
    save(reader, folder, card)
    return card


def likeness(reader: Reader, examples: Sequence[Example]) -> tuple[float, float]:
    """Return how like sentence vectors are to those of before: mean cosine, and its 1 % quantile.

    Args:
        examples: texts that the reader was not trained on.
    """
    from sentence_transformers import SentenceTransformer

    model: Any = SentenceTransformer(model_path(BUNDLED), device="cpu")
    transformer = model[0].auto_model.eval()
    states = lower_states(examples, transformer, model.tokenizer, Plan.max_tokens)
    before, _ = _encoded(states, transformer)
    tune(transformer, reader.layers)
    after, _ = _encoded(states, transformer)
    cosines = (before * after).sum(dim=1)
    return round(float(cosines.mean()), 4), round(float(cosines.quantile(0.01)), 4)


def _encoded(states: Sequence[States], transformer: Any) -> tuple[Tensor, Tensor]:
    """Return the sentence vectors and layer means that a transformer gives."""
    size = transformer.config.hidden_size
    network = Network(transformer, torch.zeros(size), torch.ones(size)).eval()
    meanings, means = torch.zeros(len(states), size), torch.zeros(len(states), size)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for batch in by_length([len(state.last) for state in states], BATCH):
            vector, mean, _ = network(*padded([states[row] for row in batch]))
            meanings[batch], means[batch] = vector.float(), mean.float()
    return meanings, means


def _losses(
    network: Network, examples: Sequence[Example], states: Sequence[States], meanings: Tensor
) -> dict[str, Tensor]:
    """Return the losses of a batch by name, each a mean over its texts."""
    last, total, mask = padded(states)
    vector, layer_mean, token_states = network(last, total, mask, DROPOUT)
    kinds, sentiment, experience, severity = torch.split(
        network.of_posts(layer_mean), list(POST_OUTPUTS), dim=1
    )
    feelings = torch.tensor([example.sentiment for example in examples])
    is_felt = bool((feelings >= 0).any())
    losses = {
        "kinds": _yes_no(kinds, _stacked(example.kinds for example in examples)),
        "sentiment": functional.cross_entropy(sentiment, feelings, ignore_index=-1)
        if is_felt
        else torch.zeros(()),
        "experience": _yes_no(experience, _stacked(example.experience for example in examples)),
        "severity": _yes_no(severity, _stacked(example.severity for example in examples)),
        "meaning": (1 - (vector.float() * meanings).sum(dim=1)).mean(),
    }
    return losses | _sentence_losses(network, examples, states, token_states)


def _sentence_losses(
    network: Network, examples: Sequence[Example], states: Sequence[States], token_states: Tensor
) -> dict[str, Tensor]:
    counts = [len(example.passage.spans) for example in examples]
    first = np.concatenate([[0], np.cumsum(counts)])
    if not first[-1]:
        return {}
    numbers = torch.full(token_states.shape[:2], -1)
    for row, state in enumerate(states):
        own = torch.tensor(state.sentence_of)
        numbers[row, : len(own)] = torch.where(own >= 0, own + first[row], own)
    outputs = network.of_sentences(token_states, numbers, int(first[-1]))
    status, spoken, felt = torch.split(outputs, list(SENTENCE_OUTPUTS), dim=1)
    # Of a long text the last sentences are beyond what is encoded: they tell nothing.
    is_read = torch.bincount(numbers[numbers >= 0], minlength=int(first[-1])) > 0

    is_asserted = functional.softmax(status, dim=1)[:, [SPEECH.index(ASSERTED)]]
    asserts = (torch.sigmoid(spoken) * is_asserted).clamp(max=1 - TINY) * is_read[:, None]
    owner = torch.repeat_interleave(torch.arange(len(examples)), torch.tensor(counts))
    none = torch.zeros(len(examples), spoken.shape[1]).index_add(0, owner, torch.log1p(-asserts))
    likely = (1 - none.exp()).clamp(TINY, 1 - TINY)
    losses = {
        "by_sentence": _yes_no(torch.logit(likely), _stacked(e.kinds for e in examples)),
    }

    labelled = [
        row
        for row, example in enumerate(examples)
        if example.status >= 0
        and example.sentence < counts[row]
        and is_read[int(first[row]) + example.sentence]
    ]
    if labelled:
        rows = [int(first[row]) + examples[row].sentence for row in labelled]
        statuses = torch.tensor([examples[row].status for row in labelled])
        of_status = functional.cross_entropy(status[rows], statuses, reduction="sum")
        losses["status"] = 2 * of_status / len(examples)
        share = len(labelled) / len(examples)
        losses["spoken"] = share * _yes_no(
            spoken[rows], _stacked(examples[r].spoken for r in labelled)
        )
        losses["felt"] = share * _yes_no(felt[rows], _stacked(examples[r].felt for r in labelled))
    return losses


def _yes_no(logits: Tensor, truth: Tensor) -> Tensor:
    """Return the binary cross-entropy of what is known, summed over labels, a mean over rows."""
    known = ~torch.isnan(truth)
    if not known.any():
        return torch.zeros(())
    total = functional.binary_cross_entropy_with_logits(
        logits[known], truth[known], reduction="sum"
    )
    return total / len(truth)


def _stacked(arrays: Any) -> Tensor:
    return torch.tensor(np.stack(list(arrays)))


def _as_reader(network: Network) -> Reader:
    """Return what was learned, over states as they are, neither centred nor scaled."""
    centre, scale = network.centre.numpy(), network.scale.numpy()
    projection, offset = _unscaled(network.project, centre, scale)
    post, post_bias = _unscaled(network.post, centre, scale)
    return Reader(
        layers=as_weights(network.upper),
        projection=projection,
        offset=offset,
        outputs={
            "post": post,
            "post_bias": post_bias,
            "sentence": network.sentence.weight.detach().numpy(),
            "sentence_bias": network.sentence.bias.detach().numpy(),
        },
    )


def _unscaled(linear: nn.Linear, centre: Matrix, scale: Matrix) -> tuple[Matrix, Matrix]:
    weight = np.asarray(linear.weight.detach().numpy() / scale, np.float32)
    return weight, np.asarray(linear.bias.detach().numpy() - weight @ centre, np.float32)
