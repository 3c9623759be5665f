"""Distil the static encoder: vectors of tokens whose sum points where their sentence does.

Each token is first read alone by the bundled encoder, and weighed by how rare it is (Model2Vec,
Tulkens and van Dongen 2024; weights of smooth inverse frequency, Arora et al. 2017). Then the
vectors are fitted to what the encoder makes of whole sentences. What all sentences have in common
is taken away from these first: sums of words would say it more loudly than what they differ in.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor, nn
from torch.nn.functional import normalize

from feedbackminer.clean.stage import clean_text
from feedbackminer.embed.backends.bert import read_bert, read_tokenizer
from feedbackminer.embed.backends.onnx import Transformer
from feedbackminer.embed.backends.static import TOKENS, token_counts
from feedbackminer.embed.encoder import BUNDLED, Vectors
from feedbackminer.embed.reader import load_reader, reader_hash
from feedbackminer.research.data.tags import CHARS, LabelledText, encode, hash_of, lines
from feedbackminer.research.examples import Sources
from feedbackminer.text.legible import legible
from feedbackminer.text.sentences import split
from feedbackminer.threads import in_threads
from feedbackminer.vectors import unit
from feedbackminer.weights import write_weights

WORDS = (3, 60)  # of a sentence
MAX_TOKENS = 128  # of a sentence
HELD_OUT = 20  # every so many-th sentence only measures
READ = 3  # texts that are split, for each sentence that is wanted


@dataclass(frozen=True)
class Texts:
    """A public set whose licence allows weights to be made of it, and how many sentences of it."""

    path: str
    licence: str
    sentences: int


SETS: Mapping[str, Texts] = {
    "openenergymonitor": Texts("openenergymonitor_forum/posts.jsonl.gz", "MIT", 30_000),
    "ubuntu_irc": Texts("ubuntu_irc/messages.jsonl.gz", "CC-BY-4.0", 20_000),
    "gitbugs": Texts("gitbugs_priority/train.jsonl.gz", "CC-BY-4.0", 9_000),
    "urr": Texts("urr_app_reviews/train.jsonl.gz", "MIT", 6_500),
    "goemotions": Texts("goemotions/train.jsonl.gz", "Apache-2.0", 20_000),
}


@dataclass(frozen=True)
class Plan:
    """How the vectors are fitted."""

    dimensions: int = 256
    epochs: int = 4
    rate: float = 5e-3
    batch: int = 256
    rarity: float = 1e-4  # of smooth inverse frequency
    seed: int = 0


def train_static(
    sources: Sources, folder: Path, plan: Plan, progress: Callable[[str], object]
) -> dict[str, Any]:
    """Distil, measure on sentences that nothing was fitted to, and write; returns the card.

    Raises:
        InputError: a data set is missing.
    """
    sentences = read_sentences(sources.data, plan.seed)
    progress(f"{len(sentences):,} sentences are encoded")
    rows = [LabelledText("static", str(n), text, "") for n, text in enumerate(sentences)]
    taught = encode(rows, sources.encoder, sources.cache).vectors
    taught = unit(taught - taught.mean(axis=0))
    counts = token_counts([legible(text) for text in sentences], read_tokenizer(MAX_TOKENS))
    counts.sum_duplicates()

    is_held = np.arange(len(sentences)) % HELD_OUT == 0
    progress(f"{counts.shape[1]:,} tokens are read alone")
    tokens = fit(first_vectors(plan.rarity), counts[~is_held], taught[~is_held], plan, progress)
    tokens = reduce(tokens, unit(counts[~is_held] @ tokens), plan.dimensions)

    card = {
        "name": "static",
        "intended_use": "Vectors of posts for topics in very large communities. No head reads it.",
        "base": BUNDLED,
        "tuned_by": reader_hash(),
        "taught_by": sources.encoder.name,
        "plan": asdict(plan),
        "trained_on": [
            {
                "name": name,
                "sentences": texts.sentences,
                "licence": texts.licence,
                "sha256": hash_of(sources.data / texts.path),
            }
            for name, texts in SETS.items()
        ],
        "held_out": _likeness(tokens, counts[is_held], taught[is_held]),
    }
    write_weights(folder, {TOKENS: tokens}, card)
    return card


def read_sentences(data: Path, seed: int) -> list[str]:
    """Return sentences of all sets, each once."""
    draw = random.Random(seed)  # noqa: S311
    chosen: list[str] = []
    for texts in SETS.values():
        posts = [row for row in lines(data / texts.path) if row.get("text")]
        draw.shuffle(posts)
        found = dict.fromkeys(_sentences(posts[: READ * texts.sentences]))
        chosen += draw.sample(list(found), min(len(found), texts.sentences))
    return list(dict.fromkeys(chosen))


def _sentences(posts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    texts = [f"{row.get('title') or ''}\n{clean_text(row['text'][:CHARS])}" for row in posts]
    fewest, most = WORDS
    for sentences in split(texts):
        yield from (text for text in sentences if fewest <= len(text.split()) <= most)


def first_vectors(rarity: float) -> Vectors:
    """Return what the tuned encoder makes of each token alone, centred; common ones are short.

    The vocabulary is ordered by how often tokens stand in English, so their rank tells it (Zipf).
    """
    reader, tokenizer = load_reader(), read_tokenizer(MAX_TOKENS)
    transformer = Transformer(
        read_bert(reader.layers if reader else {}), "fp32", max_tokens=MAX_TOKENS
    )
    begin, end = (tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]"))
    n_tokens = tokenizer.get_vocab_size()
    alone = np.stack(
        list(in_threads(lambda token: transformer.mean([begin, token, end]), range(n_tokens)))
    )

    share = 1 / np.arange(2, n_tokens + 2)
    weights = rarity / (rarity + share / share.sum())
    vectors = (alone - alone.mean(axis=0)) * weights[:, None]
    scaled: Vectors = (vectors / np.linalg.norm(vectors, axis=1).mean()).astype(np.float32)
    return scaled


def fit(
    vectors: Vectors,
    counts: csr_matrix,
    taught: Vectors,
    plan: Plan,
    progress: Callable[[str], object] = lambda _: None,
) -> Vectors:
    """Move the vectors of tokens until sums of them point where the taught vectors do.

    Args:
        counts: of tokens in sentences; ``taught``: unit rows, one a sentence.
    """
    torch.manual_seed(plan.seed)
    draw = np.random.default_rng(plan.seed)
    bag = nn.EmbeddingBag.from_pretrained(
        torch.from_numpy(vectors.copy()), freeze=False, mode="sum", sparse=True
    )
    optimizer = torch.optim.SparseAdam(bag.parameters(), lr=plan.rate)
    batches = -(-len(taught) // plan.batch)
    scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, plan.epochs * batches)
    for epoch in range(plan.epochs):
        losses = []
        for rows in np.array_split(draw.permutation(len(taught)), batches):
            loss = _loss(bag, counts[rows], torch.from_numpy(taught[rows]))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()  # type: ignore[no-untyped-call]
            scheduler.step()
            losses.append(loss.item())
        progress(f"epoch {epoch + 1} of {plan.epochs}: cosine {1 - np.mean(losses):.3f}")
    fitted: Vectors = bag.weight.detach().numpy()
    return fitted


def _loss(bag: nn.EmbeddingBag, counts: csr_matrix, taught: Tensor) -> Tensor:
    """Return 1 minus the cosine to what was taught, on average."""
    tokens, starts = (torch.from_numpy(a.astype(np.int64)) for a in (counts.indices, counts.indptr))
    sums = bag(tokens, starts[:-1], torch.from_numpy(counts.data))
    loss: Tensor = 1 - (normalize(sums, dim=1) * taught).sum(dim=1).mean()
    return loss


def reduce(tokens: Vectors, sentences: Vectors, dimensions: int) -> Vectors:
    """Return the vectors in fewer dimensions: those in which sentences differ most, turned alike.

    The axes are at right angles and not centred, so that cosines stay what they were.
    """
    axes = np.linalg.eigh(sentences.T @ sentences)[1][:, ::-1][:, :dimensions]
    fewer: Vectors = tokens @ axes
    return fewer


def _likeness(tokens: Vectors, counts: csr_matrix, taught: Vectors) -> dict[str, float]:
    """Return how cosines between sentences go with those of the encoder, and how near they come."""
    sentences = unit(counts @ tokens)
    one, other = np.arange(len(taught)), np.roll(np.arange(len(taught)), 1)
    pairs = [(rows[one] * rows[other]).sum(axis=1) for rows in (sentences, taught)]
    return {
        "sentences": len(taught),
        "correlation_of_cosines": round(float(np.corrcoef(*pairs)[0, 1]), 3),
        "mean_cosine": round(float(pairs[0].mean()), 3),
        "mean_cosine_of_encoder": round(float(pairs[1].mean()), 3),
    }
