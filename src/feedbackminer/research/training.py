"""The heads that are shipped: which data each is trained on, and what its card says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from feedbackminer.embed.encoder import Encoder
from feedbackminer.errors import InputError
from feedbackminer.research.cards import as_markdown, card
from feedbackminer.research.data import tags
from feedbackminer.research.data.tags import TEXTS, Said
from feedbackminer.research.metrics import precision
from feedbackminer.tag import features
from feedbackminer.tag.fit import Examples, Fitted, Recipe, fit_head, one_hot
from feedbackminer.tag.head_tagger import LABELS
from feedbackminer.tag.heads import ANY_ENCODER, CARD, Head
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
    usual = AIM_OF_TONE if name == "tone" else AIM
    recipe = recipe_of(name, encoder, seed=seed, aim=aim or usual)
    fitted = fit_head(examples, recipe, {})
    told = card(fitted, examples, recipe, described(rows, sources))
    for label, found in on_forums(fitted.head, sources).items():
        own = told["by_label"][label]
        own |= {"on_forums": found}
        value, _, _, seen = found
        own["experimental"] |= (value or 0) < SURE or (seen or 0) < FEWEST_SEEN
    return replace(fitted, head=replace(fitted.head, card=told))


def on_forums(head: Head, sources: Sources) -> dict[str, list[float | None]]:
    """Measure what a head gives on posts of two forums that were read after it was made.

    Returns:
        label -> precision with its interval, and how many posts it was given to.
    """
    rows = tags.load_labels(sources.data, sources.labels / CHECKED)
    if head.name == "severity":
        rows = [row for row in rows if row.severity]  # it is asked of problems only
    seen = examples_of(rows, head.name, sources)
    chances = head.probabilities(seen.dense, seen.words, seen.genres)
    given = head.decide(chances, seen.genres)
    told = {}
    for k, label in enumerate(head.labels):
        told[label] = precision(seen.truth[given[:, k], k])
    return told


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


def training_rows(name: str, sources: Sources) -> list[Said]:
    """Return the texts that a head is trained on."""
    own = tags.load_labels(sources.data, sources.labels / OWN)
    if name == "severity":
        return [row for row in own if row.severity]
    if name == "kinds":
        return own
    public = [row for name in SENTIMENT_SETS for row in tags.load(sources.data, name)]
    known = {row.text for row in own}  # reviews that we read ourselves
    return [row for row in public if row.split == "train" and row.text not in known] + own


def examples_of(rows: Sequence[Said], name: str, sources: Sources) -> Examples:
    """Return rows as a head sees them."""
    read = features.read([row.text for row in rows])
    if name == "tone":
        vectors = middle = np.zeros((len(rows), 0), np.float32)
    else:
        encoded = tags.encode(rows, sources.encoder, sources.cache)
        vectors, middle = encoded.vectors, encoded.layer_mean
    is_own = np.array([bool(row.kinds) or row.severity is not None for row in rows])
    reviews = np.array([row.data in REVIEWS for row in rows])
    typical = np.array([PICKED if row.picked else 1.0 for row in rows], np.float32)
    return Examples(
        features.dense(read, vectors, middle),
        features.words(read),
        truth_of(rows, name),
        weights_of(rows) if name in FEELINGS else np.where(reviews, 1, OWN_WEIGHT),
        np.where(is_own, typical, 0).astype(np.float32),
        np.array([row.group for row in rows], dtype=object),
        reviews.astype(np.int64),
    )


def truth_of(rows: Sequence[Said], name: str) -> Any:
    """Return what is true of rows, for the labels of a head."""
    if name == "kinds":
        return tags.columns(rows, KINDS)
    if name == "severity":
        told = [[(row.severity or 0) >= int(level) for level in LABELS[name]] for row in rows]
        return np.array(told, np.float32)
    return one_hot([str(row.sentiment) for row in rows], SENTIMENTS)


def weights_of(rows: Sequence[Said]) -> Any:
    """Return weights by which the sentiments of each set weigh the same; close ones weigh more."""
    pairs = [(row.data, row.sentiment) for row in rows]
    count = {pair: pairs.count(pair) for pair in set(pairs)}
    size = {name: sum(n for (of, _), n in count.items() if of == name) for name, _ in count}
    sorts = {name: sum(of == name for of, _ in count) for name in size}
    own = {name: OWN_WEIGHT if name in CLOSE else 1.0 for name in size}
    told = [own[n] * size[n] / sorts[n] / count[n, label] for n, label in pairs]
    return np.array(told, np.float32)


def described(rows: Sequence[Said], sources: Sources) -> list[dict[str, Any]]:
    """Name the training sets: rows, licence, hash of the file."""
    told = []
    for name in sorted({row.data for row in rows}):
        known = tags.SETS.get(name)
        path = sources.data / (known.path if known else TEXTS[name][0])
        told.append(
            {
                "name": name,
                "rows": sum(row.data == name for row in rows),
                "licence": known.licence if known else "MIT",
                "sha256": _sha256(path),
            }
        )
    if any(row.kinds for row in rows):
        own = sources.labels / OWN
        told.append({"name": own.name, "licence": "Apache-2.0", "sha256": _sha256(own)})
    return told


def _sha256(path: Path) -> str:
    if not path.is_file():
        raise InputError(f"{path}: no such file; --data names the folder of the public data sets")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def save(head: Head, folder: Path) -> dict[str, Any]:
    """Write a head with its card, as JSON and as a page; returns the card."""
    head.save(folder)
    told: dict[str, Any] = json.loads((folder / CARD).read_text("utf-8"))
    (folder / "card.md").write_text(as_markdown(told), "utf-8")
    return told
