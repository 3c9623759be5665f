"""The stage: texts to tags, by a :class:`Tagger`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import dataframely as dy
import polars as pl

from feedbackminer.tables import Account, Tags, Texts, check, column_types, passage
from feedbackminer.tag.features import Matrix
from feedbackminer.tag.sentences import quotable, split

STAGE = "tag"
LANGUAGES = ("en", "und")  # that heads know; "und": too short to tell
MAX_SENTENCES = 12  # quotable sentences kept per post
PROBLEMS = ("bug", "complaint", "usability", "performance", "documentation")  # can be severe


@dataclass(frozen=True)
class Text:
    """What a tagger is given: a text, its sentences, and what the encoder tells of it."""

    passage: str
    language: str
    is_review: bool
    sentences: Sequence[str]
    vector: Matrix
    middle: Matrix


@dataclass(frozen=True)
class Feeling:
    """How something sounds; ``score`` is P(positive) - P(negative), -1 to 1."""

    label: str
    score: float
    chances: tuple[float, ...] = ()  # as SENTIMENTS; empty where none are known


@dataclass(frozen=True)
class Sentence:
    """What a sentence does and how it sounds."""

    text: str
    kinds: tuple[str, ...]
    score: float


@dataclass(frozen=True)
class Tag:
    """What a tagger says of one text; probabilities are empty where it knows none.

    ``unsure`` names what is neither likely enough to be said nor unlikely enough to be ruled out.
    """

    feeling: Feeling
    kinds: tuple[str, ...]
    sentences: tuple[Sentence, ...]
    kind_chances: tuple[float, ...] = ()
    unsure: tuple[str, ...] = ()
    severity: int | None = None


class Tagger(Protocol):
    """Tags texts; ``name`` changes whenever its answers would."""

    @property
    def name(self) -> str: ...

    @property
    def cards(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the cards of its heads, by name; none where it has no heads."""
        ...

    def tag(self, texts: Sequence[Text]) -> Iterator[Tag]:
        """Yield one tag per text, in order."""
        ...

    def feel(self, sentences: Sequence[str]) -> list[Feeling]:
        """Return how each sentence sounds, from its words alone."""
        ...


@dataclass(frozen=True)
class Tagged:
    """Tags, one row per text."""

    tags: dy.DataFrame[Tags]
    account: Account


def read_texts(
    texts: pl.DataFrame, vectors: Matrix, middle: Matrix, are_reviews: Sequence[bool]
) -> list[Text]:
    """Return texts as taggers read them.

    Args:
        texts: the ``texts`` table; ``vectors`` and ``middle`` are what the encoder tells of each.
        are_reviews: whether each came with stars.
    """
    texts = check(texts, Texts, where=STAGE)
    passages = texts.select(passage()).to_series().to_list()
    told = passages, texts["language"], are_reviews, split(passages), vectors, middle
    rows = zip(*told, strict=True)
    return [Text(*row) for row in rows]


def tag_texts(
    post_ids: Sequence[str],
    texts: Sequence[Text],
    *,
    tagger: Tagger,
    labels: pl.DataFrame | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> Tagged:
    """Tag every text.

    Args:
        labels: what people said of posts, which counts instead of what the tagger says.
        progress: called with the number of texts done since the last call.
    """
    told = {row["post_id"]: row for row in labels.to_dicts()} if labels is not None else {}
    rows = []
    for post_id, tag in zip(post_ids, tagger.tag(texts), strict=True):
        rows.append(_corrected(_row(post_id, tag), told.get(post_id)))
        progress(1)
    frame = pl.DataFrame(rows, schema=column_types(Tags)).with_columns(tagger=pl.lit(tagger.name))
    tags = check(frame, Tags, where=STAGE)
    return Tagged(tags, Account(STAGE, len(texts), len(tags)))


def shown(sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
    """Return the sentences of a post that can be quoted, the first of many."""
    return tuple(sentence for sentence in sentences if quotable(sentence.text))[:MAX_SENTENCES]


def _row(post_id: str, tag: Tag) -> dict[str, Any]:
    sentences = shown(tag.sentences)
    return {
        "post_id": post_id,
        "sentiment": tag.feeling.label,
        "sentiment_score": tag.feeling.score,
        "sentiment_chances": list(tag.feeling.chances),
        "kinds": list(tag.kinds),
        "kind_chances": list(tag.kind_chances),
        "unsure": list(tag.unsure),
        "severity": tag.severity,
        "by_human": False,
        "sentences": [sentence.text for sentence in sentences],
        "sentence_kinds": [" ".join(sentence.kinds) for sentence in sentences],
        "sentence_scores": [sentence.score for sentence in sentences],
    }


def _corrected(row: dict[str, Any], label: Mapping[str, Any] | None) -> dict[str, Any]:
    """Put what a person said of a post in the place of what the tagger says."""
    if label is None:
        return row
    said = {
        name: label[name] for name in ("sentiment", "kinds", "severity") if label[name] is not None
    }
    settled = {"sentiment"} if "sentiment" in said else set()
    settled |= {*row["unsure"]} - {"sentiment", "severity"} if "kinds" in said else set()
    settled |= {"severity"} if {"severity", "kinds"} & set(said) else set()
    unsure = [name for name in row["unsure"] if name not in settled]
    row = row | said | {"unsure": unsure, "by_human": True}
    is_problem = "severity" in said or set(row["kinds"]) & set(PROBLEMS)
    return row | {"severity": (row["severity"] or None) if is_problem else None}
