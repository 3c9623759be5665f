"""What the reader learns from: posts, invented posts, single sentences, and public sets."""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from feedbackminer.embed.passages import Passage, read_passages
from feedbackminer.research.data import tags
from feedbackminer.research.data.labels import (
    MADE_UP,
    OWN,
    SENTENCES,
    load_invented,
    load_labels,
    load_sentences,
)
from feedbackminer.research.data.tags import LabelledText
from feedbackminer.vectors import Matrix
from feedbackminer.vocabulary.tags import KINDS, NOTHING, SENTIMENTS, SPEECH

EXPERIENCED = ("bad", "good")  # a mixed experience is both
SEVERE = (2, 3, 4)
HELD_OUT = 20  # of a hundred threads: what calibrates heads was never read by the reader
CHARS = 3_000  # read of a text: more than the encoder sees
MISSPELT = 0.2  # of the texts, read once more with slips of the hand
PUBLIC = {"goemotions": 3_500, "senti4sd": 3_100, "vader": 2_000, "urr": 1_500, "minibar": 2_000}


@dataclass(frozen=True, kw_only=True)
class Example:
    """A text with what is known of it; nan and -1 stand for what nobody said."""

    passage: Passage
    kinds: Matrix  # as KINDS
    sentiment: int  # as SENTIMENTS
    experience: Matrix  # as EXPERIENCED
    severity: Matrix  # as SEVERE
    # Of one sentence, by its number: status, what it speaks of, experience.
    sentence: int = -1
    status: int = -1
    spoken: Matrix | None = None
    felt: Matrix | None = None


def is_held_out(group: str) -> bool:
    """Tell whether a thread is kept from the reader; the same threads every time."""
    return int(hashlib.sha256(group.encode()).hexdigest(), 16) % 100 < HELD_OUT


def is_unread(row: LabelledText) -> bool:
    """Tell whether the reader has not seen a text of ours: then it may calibrate heads."""
    return row.is_ours and is_held_out(row.group)


def training_examples(data: Path, labels: Path, seed: int) -> list[Example]:
    """Return all that the reader is trained on."""
    ours = load_labels(data, labels / OWN)
    invented = load_invented(labels / MADE_UP)
    sentences = load_sentences(data, labels / SENTENCES)
    draw = random.Random(seed)  # noqa: S311
    read = [row for row in ours if not is_unread(row)]
    public = _public(data, {row.text for row in ours}, draw)
    examples = [
        *of_posts([*read, *public]),
        *of_posts([row for row in invented if not is_unread(row)]),
        *of_sentences([row for row in sentences if not is_held_out(row.group)]),
    ]
    return examples + [_misspelt(example, draw) for example in examples if draw.random() < MISSPELT]


def of_posts(rows: Sequence[LabelledText]) -> list[Example]:
    """Return posts as examples."""
    passages = read_passages([row.text[:CHARS] for row in rows])
    return [_of_post(row, passage) for row, passage in zip(rows, passages, strict=True)]


def of_sentences(rows: Sequence[LabelledText]) -> list[Example]:
    """Return sentences, among those around them, as examples."""
    passages = read_passages([row.text for row in rows])
    return [_of_sentence(row, passage) for row, passage in zip(rows, passages, strict=True)]


def _of_post(row: LabelledText, passage: Passage) -> Example:
    example = Example(
        passage=passage,
        kinds=np.array([row.kinds.get(kind, np.nan) for kind in KINDS], np.float32),
        sentiment=SENTIMENTS.index(row.sentiment) if row.sentiment else -1,
        experience=_felt(row.experience),
        severity=_reached(row.severity),
    )
    if row.status is None:
        return example
    return replace(  # a post of one sentence tells of that sentence as well
        example,
        sentence=0,
        status=SPEECH.index(row.status),
        spoken=_spoken(row),
        felt=example.experience,
    )


def _of_sentence(row: LabelledText, passage: Passage) -> Example:
    return Example(
        passage=passage,
        kinds=np.full(len(KINDS), np.nan, np.float32),
        sentiment=-1,
        experience=np.full(len(EXPERIENCED), np.nan, np.float32),
        severity=np.full(len(SEVERE), np.nan, np.float32),
        sentence=row.number,
        status=SPEECH.index(row.status or NOTHING),
        spoken=_spoken(row),
        felt=_felt(row.experience),
    )


def _spoken(row: LabelledText) -> Matrix:
    return np.array([kind in row.speaks_of for kind in KINDS], np.float32)


def _felt(experience: str | None) -> Matrix:
    if experience is None:
        return np.full(len(EXPERIENCED), np.nan, np.float32)
    return np.array([experience in (name, "mixed") for name in EXPERIENCED], np.float32)


def _reached(severity: int | None) -> Matrix:
    if not severity:
        return np.full(len(SEVERE), np.nan, np.float32)
    return np.array([severity >= level for level in SEVERE], np.float32)


def _public(data: Path, ours: set[str], draw: random.Random) -> list[LabelledText]:
    """Return some of the public sets, sentiments alike; reviews that we read count as ours."""
    chosen: list[LabelledText] = []
    for name, limit in PUBLIC.items():
        by_label: dict[str | None, list[LabelledText]] = defaultdict(list)
        for row in tags.load(data, name):
            if row.text not in ours and (row.split == "train" or name == "minibar"):
                by_label[row.sentiment].append(row)
        for rows in by_label.values():
            chosen += draw.sample(rows, min(len(rows), limit // len(by_label)))
    return chosen


def _misspelt(example: Example, draw: random.Random) -> Example:
    """Return an example with slips of the hand: letters swapped, left out, or twice."""
    letters = list(example.passage.text)
    for at in range(1, len(letters) - 1):
        if not (letters[at].isalpha() and letters[at + 1].isalpha()) or draw.random() > 0.03:
            continue
        slip = draw.choice(("swap", "drop", "drop", "twice"))
        if slip == "swap":
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
        else:  # lengths stay, so that sentences stay where they are
            letters[at] = letters[at + 1] if slip == "drop" else letters[at - 1]
    return replace(example, passage=Passage("".join(letters), example.passage.spans))
