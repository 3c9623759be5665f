"""Labelled texts and sentences as heads see them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from feedbackminer.api.frames import as_texts
from feedbackminer.embed.encoder import STATE, Encoder
from feedbackminer.research.data import labels, tags
from feedbackminer.research.data.tags import LabelledText
from feedbackminer.tagging import features, speech
from feedbackminer.tagging.features import Matrix
from feedbackminer.tagging.fit import Examples, one_hot
from feedbackminer.tagging.head_tagger import LABELS, Batch, find, post_features
from feedbackminer.tagging.heads import Head
from feedbackminer.tagging.stage import read_texts
from feedbackminer.tagging.tagger import Text
from feedbackminer.vocabulary.tags import KINDS, SENTENCE_HEADS, TONE

SENTIMENT_SETS = ("goemotions", "senti4sd", "vader", "urr")
CLOSE = ("openenergymonitor", "ubuntu_irc", "minibar", "senti4sd")  # to product communities
OWN_WEIGHT = 3.0  # of a post of a product community, beside one of a public set
PICKED = 0.2  # what a post that was picked for a label counts in calibration
MOST_FOR = 25.0  # posts that one stands for at most, by the chance with which it was drawn
STANDS_FOR = 5.0  # that they do on average
OUR_LICENCE = "Apache-2.0"


@dataclass(frozen=True)
class Sources:
    """Where data lie: public sets, our labels, vectors made before, heads trained before."""

    data: Path
    labels: Path
    cache: Path
    encoder: Encoder
    heads: Path | None = None  # trained before, that others are made of; None: the shipped


def checked_rows(sources: Sources) -> list[LabelledText]:
    """Return our labelled posts that nothing is trained on."""
    files = (labels.CHECKED, labels.UNSEEN)
    return [
        row for file in files for row in labels.load_labels(sources.data, sources.labels / file)
    ]


def training_rows(name: str, sources: Sources) -> list[LabelledText]:
    """Return the texts, or sentences, that a head is trained on."""
    made_up = labels.load_invented(sources.labels / labels.MADE_UP)
    if name in SENTENCE_HEADS and name != TONE:
        sentences = labels.load_sentences(sources.data, sources.labels / labels.SENTENCES)
        return [*sentences, *(row for row in made_up if row.status)]

    ours = [
        row for row in labels.load_labels(sources.data, sources.labels / labels.OWN) if row.text
    ]
    if name == "severity":
        return [row for row in (*ours, *made_up) if row.severity]
    if name in ("kinds", "experience"):
        return [*ours, *made_up]

    public = [row for set_ in SENTIMENT_SETS for row in tags.load(sources.data, set_)]
    read_by_us = {row.text for row in ours}  # of reviews our labels count, not the set's
    public = [row for row in public if row.split == "train" and row.text not in read_by_us]
    # Clauses are told by words alone: invented posts use words of feeling for what is not felt.
    return [*public, *ours] if name == TONE else [*public, *ours, *made_up]


def examples_of(rows: Sequence[LabelledText], name: str, sources: Sources) -> Examples:
    """Return rows as a head sees them."""
    if name == TONE:
        return words_of(rows, name)
    plain = words_of(rows, name)
    if name in SENTENCE_HEADS:
        states = states_of(rows, sources)
        dense, _ = speech.features_of([row.sentence or row.text for row in rows], states)
        return replace(plain, dense=dense)

    texts = texts_of(rows, sources)
    batch = Batch.of(texts)
    folders = [sources.heads] if sources.heads else []
    heads = {head: Head.load(find(head, *folders)) for head in ("status", "spoken")}
    said = speech.read_speech(heads, batch.sentences, batch.states)
    dense, _ = post_features(batch, said)
    return replace(plain, dense=dense)


def words_of(rows: Sequence[LabelledText], name: str) -> Examples:
    """Return rows as a head that reads words, and for tone manner, sees them."""
    read = features.read([row.sentence or row.text for row in rows])
    nothing = np.zeros((len(rows), 0), np.float32)

    # Public sets do not calibrate: they are no picture of what a community writes.
    is_ours = np.array([row.is_ours for row in rows])
    typical = np.array([_typical(row, name) for row in rows], np.float32)
    is_review = np.array([row.is_review for row in rows])
    return Examples(
        dense=features.dense(read, nothing, nothing) if name == TONE else nothing,
        words=features.words(read),
        truth=truth_of(rows, name),
        weight=weights_of(rows)
        if name in ("sentiment", TONE)
        else np.where(is_review, 1, OWN_WEIGHT),
        typical=np.where(is_ours, typical, 0).astype(np.float32),
        groups=np.array([row.group for row in rows], dtype=object),
        genres=is_review.astype(np.int64),
    )


def texts_of(rows: Sequence[LabelledText], sources: Sources) -> list[Text]:
    """Return rows as taggers read them."""
    encoded = tags.encode(rows, sources.encoder, sources.cache)
    texts = as_texts({number: row.text for number, row in enumerate(rows)})
    are_reviews = [row.is_review for row in rows]
    return read_texts(texts, encoded, are_reviews, [_stars_shown(row) for row in rows])


def _stars_shown(row: LabelledText) -> float | None:
    """Return the stars of every other review: heads shall know both, with stars and without."""
    return row.rating if row.id[-1] in "02468acegikmoqsuwy" else None


def states_of(rows: Sequence[LabelledText], sources: Sources) -> Matrix:
    """Return the state of the labelled sentence of each row, shape (rows, STATE)."""
    encoded = tags.encode(rows, sources.encoder, sources.cache)
    return np.stack(
        [
            states[row.number] if row.number < len(states) else np.full(STATE, np.nan, np.float32)
            for row, states in zip(rows, encoded.sentences, strict=True)
        ]
    )


def _typical(row: LabelledText, name: str) -> float:
    """Return how many posts of its community a row stands for.

    What was invented stands for none. Sentences were all drawn by their words, and speak for each
    other: of rare kinds hardly any others are left.
    """
    if row.data == tags.INVENTED and name not in SENTENCE_HEADS:
        return 0.0
    if row.chance is not None:
        return min(1 / row.chance, MOST_FOR) / STANDS_FOR
    return PICKED if row.picked else 1.0


def truth_of(rows: Sequence[LabelledText], name: str) -> Any:
    """Return what is true of rows, for the labels of a head."""
    if name == "kinds":
        return tags.columns(rows, KINDS)
    if name == "spoken":
        return np.array([[kind in row.speaks_of for kind in KINDS] for row in rows], np.float32)
    if name == "severity":
        reached = [[(row.severity or 0) >= int(level) for level in LABELS[name]] for row in rows]
        return np.array(reached, np.float32)
    answer = "sentiment" if name == TONE else name
    return one_hot([str(getattr(row, answer)) for row in rows], LABELS[name])


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
    sets = described_texts([row.data for row in rows], sources)
    real = [row for row in rows if row.is_ours and row.data != tags.INVENTED]
    used = {labels.SENTENCES if row.sentence else labels.OWN for row in real}
    for file in sorted(used):
        digest = tags.hash_of(sources.labels / file)
        sets.append({"name": file, "licence": OUR_LICENCE, "sha256": digest})
    return sets


def described_texts(names: Iterable[str], sources: Sources) -> list[dict[str, Any]]:
    """Name the sets whose texts are read; ``names`` has one of them for each row."""
    sets = []
    for name, n_rows in sorted(Counter(names).items()):
        path, licence = _file_of(name, sources)
        sets.append(
            {"name": name, "rows": n_rows, "licence": licence, "sha256": tags.hash_of(path)}
        )
    return sets


def _file_of(name: str, sources: Sources) -> tuple[Path, str]:
    """Return where the texts of a set lie, and their licence."""
    if name == tags.INVENTED:
        return sources.labels / labels.MADE_UP, OUR_LICENCE
    if public := tags.SETS.get(name):
        return sources.data / public.path, public.licence
    return sources.data / labels.TEXTS[name][0], "MIT"
