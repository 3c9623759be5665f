"""The heads that are shipped: which data each is trained on, and what its card says."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from feedbackminer.embed.encoder import Encoder
from feedbackminer.errors import InputError
from feedbackminer.research.cards import as_markdown, card_of
from feedbackminer.research.data import tags
from feedbackminer.research.data.tags import TEXTS, LabelledText
from feedbackminer.research.metrics import precision
from feedbackminer.tagging import features
from feedbackminer.tagging.fit import Examples, Fitted, Recipe, fit_head, one_hot
from feedbackminer.tagging.head_tagger import LABELS
from feedbackminer.tagging.heads import ANY_ENCODER, CARD, Head
from feedbackminer.vocabulary.tags import KINDS, SENTIMENTS

SENTIMENT_SETS = ("goemotions", "senti4sd", "vader", "urr")
FEELINGS = ("sentiment", "tone")
OWN = "train.jsonl"  # our labels that heads are trained on
CHECKED = "check.jsonl"  # our labels of posts that no head was trained on
OWN_WEIGHT = 3.0  # of a post of a product community, beside one of a public set
PICKED = 0.2  # what a post that was picked for a label counts in calibration
# What clauses sound like is told of parts only, as experimental: better often than never wrong.
AIM_OF_TONE = 0.75
AIM = 0.9  # precision in training; on sites never seen it is about 0.07 less
REVIEWS = ("minibar", "urr")
CLOSE = ("openenergymonitor", "ubuntu_irc", "minibar", "senti4sd")  # to product communities
SURE, FEWEST_SEEN = 0.8, 30  # precision on other forums, and posts that it is told from


@dataclass(frozen=True)
class Sources:
    """Where data lie: public sets, our labels, and the vectors that were made before."""

    data: Path
    labels: Path
    cache: Path
    encoder: Encoder


def train(name: str, sources: Sources, *, seed: int = 0, aim: float | None = None) -> Fitted:
    """Train one of the shipped heads; its card tells on what, how, and how well.

    Raises:
        InputError: a data set is missing.
    """
    rows = training_rows(name, sources)
    examples = examples_of(rows, name, sources)
    encoder = ANY_ENCODER if name == "tone" else sources.encoder.name
    default = AIM_OF_TONE if name == "tone" else AIM
    recipe = recipe_of(name, encoder, seed=seed, aim=aim or default)
    fitted = fit_head(examples, recipe, {})

    card = card_of(fitted, examples, recipe, described(rows, sources))
    for label, figures in on_forums(fitted.head, sources).items():
        value, _, _, n_given = figures
        by_label = card["by_label"][label]
        by_label["on_forums"] = figures
        by_label["experimental"] |= (value or 0) < SURE or (n_given or 0) < FEWEST_SEEN
    return replace(fitted, head=replace(fitted.head, card=card))


def on_forums(head: Head, sources: Sources) -> dict[str, list[float | None]]:
    """Measure what a head gives on posts of two forums that were read after it was made.

    Returns:
        label -> precision with its interval, and how many posts it was given to.
    """
    rows = tags.load_labels(sources.data, sources.labels / CHECKED)
    if head.name == "severity":
        rows = [row for row in rows if row.severity]  # it is asked of problems only
    examples = examples_of(rows, head.name, sources)
    chances = head.probabilities(examples.dense, examples.words, examples.genres)
    given = head.decide(chances, examples.genres)
    return {label: precision(examples.truth[given[:, k], k]) for k, label in enumerate(head.labels)}


def recipe_of(name: str, encoder: str, *, seed: int = 0, aim: float = AIM) -> Recipe:
    """Return how a head is fitted."""
    return Recipe(
        name,
        LABELS[name],
        exclusive=name in FEELINGS,
        encoder=encoder,
        precision=aim,
        floor=SURE if name == "sentiment" else 0.0,
        alpha=1e-4 if name in FEELINGS else 1e-3,
        seed=seed,
    )


def training_rows(name: str, sources: Sources) -> list[LabelledText]:
    """Return the texts that a head is trained on."""
    ours = tags.load_labels(sources.data, sources.labels / OWN)
    if name == "severity":
        return [row for row in ours if row.severity]
    if name == "kinds":
        return ours

    public = [row for set_ in SENTIMENT_SETS for row in tags.load(sources.data, set_)]
    read_by_us = {row.text for row in ours}  # of reviews our labels count, not the set's
    return [row for row in public if row.split == "train" and row.text not in read_by_us] + ours


def examples_of(rows: Sequence[LabelledText], name: str, sources: Sources) -> Examples:
    """Return rows as a head sees them."""
    read = features.read([row.text for row in rows])
    if name == "tone":
        vectors = layer_mean = np.zeros((len(rows), 0), np.float32)
    else:
        encoded = tags.encode(rows, sources.encoder, sources.cache)
        vectors, layer_mean = encoded.vectors, encoded.layer_mean

    # Public sets do not calibrate: they are no picture of what a community writes.
    is_ours = np.array([bool(row.kinds) or row.severity is not None for row in rows])
    typical = np.array([PICKED if row.picked else 1.0 for row in rows], np.float32)
    is_review = np.array([row.data in REVIEWS for row in rows])
    return Examples(
        dense=features.dense(read, vectors, layer_mean),
        words=features.words(read),
        truth=truth_of(rows, name),
        weight=weights_of(rows) if name in FEELINGS else np.where(is_review, 1, OWN_WEIGHT),
        typical=np.where(is_ours, typical, 0).astype(np.float32),
        groups=np.array([row.group for row in rows], dtype=object),
        genres=is_review.astype(np.int64),
    )


def truth_of(rows: Sequence[LabelledText], name: str) -> Any:
    """Return what is true of rows, for the labels of a head."""
    if name == "kinds":
        return tags.columns(rows, KINDS)
    if name == "severity":
        reached = [[(row.severity or 0) >= int(level) for level in LABELS[name]] for row in rows]
        return np.array(reached, np.float32)
    return one_hot([str(row.sentiment) for row in rows], SENTIMENTS)


def weights_of(rows: Sequence[LabelledText]) -> Any:
    """Return weights by which the sentiments of each set weigh the same; close ones weigh more."""
    pairs = [(row.data, row.sentiment) for row in rows]
    n_rows = Counter(pairs)
    set_size = Counter(row.data for row in rows)
    n_labels = Counter(name for name, _ in n_rows)
    closeness = {name: OWN_WEIGHT if name in CLOSE else 1.0 for name in set_size}
    weights = [
        closeness[name] * set_size[name] / n_labels[name] / n_rows[name, label]
        for name, label in pairs
    ]
    return np.array(weights, np.float32)


def described(rows: Sequence[LabelledText], sources: Sources) -> list[dict[str, Any]]:
    """Name the training sets: rows, licence, hash of the file."""
    sets: list[dict[str, Any]] = []
    for name, n_rows in sorted(Counter(row.data for row in rows).items()):
        public = tags.SETS.get(name)
        path = sources.data / (public.path if public else TEXTS[name][0])
        licence = public.licence if public else "MIT"
        sets.append({"name": name, "rows": n_rows, "licence": licence, "sha256": _sha256(path)})

    if any(row.kinds for row in rows):
        labels = sources.labels / OWN
        sets.append({"name": labels.name, "licence": "Apache-2.0", "sha256": _sha256(labels)})
    return sets


def _sha256(path: Path) -> str:
    if not path.is_file():
        raise InputError(f"{path}: no such file; --data names the folder of the public data sets")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def save(head: Head, folder: Path) -> dict[str, Any]:
    """Write a head with its card, as JSON and as a page; returns the card."""
    head.save(folder)
    card: dict[str, Any] = json.loads((folder / CARD).read_text("utf-8"))
    (folder / "card.md").write_text(as_markdown(card), "utf-8")
    return card
