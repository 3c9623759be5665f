"""The posts that speed is measured on: three public sets put together, and more made of them.

Posts are drawn without looking at set or label, each as likely as any other, in an order that is
always the same: fewer posts are the first of more. Where more are wanted than there are, posts are
made: each word of one, with even chance, is exchanged for a word of another post of the same label.
They keep their label and about its words, and none equals another post, so that nobody is quick
because there are copies. They are no English: how good topics are is told of real posts alone.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import numpy as np

from feedbackminer.errors import InputError
from feedbackminer.research.benchmarks.topics import read_labelled

MIXED = ("stackoverflow20", "banking77", "hwu64")
SEED = 0
TRIES = 5  # to make a post that there is not
HALF = 0.5
POSTS_A_MEMBER = 5  # who wrote what, and when, is made up too
LAST, YEAR = datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=365)


@dataclass(frozen=True)
class LabelledPosts:
    """Texts and what people say each is about: a set and its label, such as ``hwu64/joke``.

    ``n_made`` of them, the last, are made of others.
    """

    texts: Sequence[str]
    labels: Sequence[str]
    n_made: int = 0

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def n_labels(self) -> int:
        return len(set(self.labels))


def read_pool(folder: Path) -> LabelledPosts:
    """Read the public sets, in the order in which posts are drawn.

    Raises:
        InputError: the folder does not hold one of them.
    """
    rows = [(row["text"], f"{name}/{row['label']}")
            for name in MIXED for row in read_labelled(folder, name)]  # fmt: skip
    order = np.random.default_rng(SEED).permutation(len(rows))
    texts, labels = zip(*(rows[i] for i in order), strict=True)
    return LabelledPosts(texts, labels)


def draw(pool: LabelledPosts, count: int) -> LabelledPosts:
    """Return so many posts; what there is not is made.

    Raises:
        InputError: nothing new can be made of these posts.
    """
    real = list(zip(pool.texts, pool.labels, strict=True))[:count]
    made = list(islice(_made(pool), count - len(real)))
    if len(real) + len(made) < count:
        raise InputError(
            f"{count:,} posts cannot be had: {len(real):,} are there, and only {len(made):,} more "
            "could be made of them"
        )
    texts, labels = zip(*real, *made, strict=True)
    return LabelledPosts(texts, labels, len(made))


def write_export(posts: LabelledPosts, path: Path) -> None:
    """Write posts as an export has them: id, text, author and date, one JSON object a line."""
    n_members = max(1, len(posts) // POSTS_A_MEMBER)
    with path.open("w", encoding="utf-8") as file:
        for number, text in enumerate(posts.texts):
            row = {
                "id": str(number),
                "text": text,
                "author": f"member {number % n_members}",
                "created_at": (LAST - YEAR * (number / len(posts))).isoformat(),
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _made(pool: LabelledPosts) -> Iterator[tuple[str, str]]:
    """Yield posts that there are not, as long as any can be made."""
    generator = np.random.default_rng(SEED)
    of_label: dict[str, list[str]] = defaultdict(list)
    for text, label in zip(pool.texts, pool.labels, strict=True):
        of_label[label].append(text)
    texts = set(pool.texts)

    n_before = 0
    while len(texts) > n_before:
        n_before = len(texts)
        for text, label in zip(pool.texts, pool.labels, strict=True):
            others = of_label[label]
            for _ in range(TRIES):
                other = others[generator.integers(len(others))]
                made = exchange_words(text, other, generator)
                if made not in texts:
                    texts.add(made)
                    yield made, label
                    break


def exchange_words(text: str, other: str, generator: np.random.Generator) -> str:
    """Exchange each word, with even chance, for one of another text."""
    words, others = text.split(), other.split()
    stay = generator.random(len(words)) < HALF
    drawn = generator.integers(len(others), size=len(words))
    return " ".join(
        word if stays else others[index]
        for word, stays, index in zip(words, stay, drawn, strict=True)
    )
