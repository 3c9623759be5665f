"""What a tagger reads and says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from feedbackminer.tagging.features import Matrix
from feedbackminer.vocabulary.tags import ASSERTED, KINDS, UNSURE

LANGUAGES = ("en", "und")  # that heads know; "und": too short to tell
NOT_SPOKEN_OF = ("",) * len(KINDS)


@dataclass(frozen=True)
class Text:
    """What a tagger is given: a text, its sentences, and what the encoder tells of it."""

    passage: str
    language: str
    is_review: bool
    sentences: Sequence[str]
    vector: Matrix
    layer_mean: Matrix
    states: Matrix  # of the sentences, shape (len(sentences), STATE); nan where unread
    rating: float | None = None  # stars, 1 to 5
    spans: Sequence[tuple[int, int]] = ()  # where the sentences begin and end in the passage


@dataclass(frozen=True)
class Sentiment:
    """How something sounds; ``score`` is P(positive) - P(negative), -1 to 1."""

    label: str
    score: float
    chances: tuple[float, ...] = ()  # as SENTIMENTS; empty where there are none


@dataclass(frozen=True)
class Experience:
    """How it goes for the writer, as told."""

    label: str
    chances: tuple[float, ...] = ()  # as EXPERIENCES; empty where there are none


@dataclass(frozen=True)
class Sentence:
    """What a sentence speaks of, whether as its writer's own and now, and how it sounds."""

    text: str
    kinds: tuple[str, ...]
    score: float
    status: str = ASSERTED
    asserts: float = 0.0  # how likely it asserts anything at all


@dataclass(frozen=True)
class Tag:
    """What a tagger says of one text; probabilities are empty where it knows none.

    ``unsure`` names what is neither likely enough to be said nor unlikely enough to be ruled out.
    """

    sentiment: Sentiment
    experience: Experience
    kinds: tuple[str, ...]
    sentences: tuple[Sentence, ...]
    statuses: tuple[str, ...] = NOT_SPOKEN_OF  # as KINDS; only what is asserted is in ``kinds``
    kind_chances: tuple[float, ...] = ()
    unsure: tuple[str, ...] = ()
    severity: int | None = None


NOTHING = Tag(  # of a text in another language
    Sentiment(UNSURE, 0.0),
    Experience(UNSURE),
    kinds=(),
    sentences=(),
    unsure=("sentiment", "experience", *KINDS),
)


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

    def sentence_sentiment(self, sentences: Sequence[str]) -> list[Sentiment]:
        """Return how each sentence sounds, from its words alone."""
        ...

    def sentence_status(self, sentences: Sequence[str], states: Matrix, /) -> list[str]:
        """Return how each sentence speaks of what it speaks of."""
        ...

    def headlines(self, sentences: Sequence[str], layer_means: Matrix, /) -> Matrix:
        """Return what sentences could head a digest with, shape (sentences, ``HEADLINES``).

        Args:
            layer_means: of the encoder, of each sentence alone.
        """
        ...
