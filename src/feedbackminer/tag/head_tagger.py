"""Tags by trained heads, all over one pass of the encoder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from feedbackminer.errors import ModelError, OtherEncoderError
from feedbackminer.tag import features
from feedbackminer.tag.features import Matrix
from feedbackminer.tag.heads import ANY_ENCODER, CARD, PLACES, WEIGHTS, Head, Places, evidence
from feedbackminer.tag.rule_tagger import kinds_of
from feedbackminer.tag.tagger import LANGUAGES, Feeling, Sentence, Tag, Text
from feedbackminer.vocabulary.tags import KINDS, PROBLEMS, SENTIMENTS, UNSURE

# Of other kinds (complaint, usability, pricing) not even half was right, when rules had a word.
WITNESSED = ("feature_request", "praise", "performance", "documentation", "churn")
REVIEWS = PLACES.index("reviews")
BATCH = 2_000  # texts at once
AT_LEAST = ("2", "3", "4")  # a problem is at least so severe; none of these: cosmetic
# What each head tells of; "tone" reads no vectors, so it can tell how a sentence sounds.
LABELS: Mapping[str, tuple[str, ...]] = {
    "sentiment": SENTIMENTS,
    "tone": SENTIMENTS,
    "kinds": KINDS,
    "severity": AT_LEAST,
}
RULED_OUT = 0.15  # probability up to which a kind is not said
SPEAKS = 0.8  # of the post's strongest sentence for a kind: what also speaks for it


NOTHING = Tag(Feeling(UNSURE, 0.0), (), (), unsure=("sentiment", *KINDS))


@dataclass(frozen=True)
class HeadTagger:
    """Sentiment, kinds and severity with probabilities; unsure where they do not suffice."""

    heads: Mapping[str, Head]

    @property
    def name(self) -> str:
        """Return a name that changes with the weights of any head."""
        hashes = "".join(str(self.heads[name].card["weights_sha256"]) for name in LABELS)
        return f"heads-{hashlib.sha256(hashes.encode()).hexdigest()[:12]}"

    @property
    def cards(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the cards of the heads."""
        return {name: head.card for name, head in self.heads.items()}

    def tag(self, texts: Sequence[Text]) -> Iterator[Tag]:
        """Yield one tag per text, in order."""
        for start in range(0, len(texts), BATCH):
            yield from self._batch(texts[start : start + BATCH])

    def _batch(self, texts: Sequence[Text]) -> Iterator[Tag]:
        places = np.array([int(text.is_review) for text in texts])
        chances = self.chances(
            [text.passage for text in texts],
            np.stack([text.vector for text in texts]),
            np.stack([text.middle for text in texts]),
            places,
        )
        every = [sentence for text in texts for sentence in text.sentences]
        speaks, feelings = evidence(self.heads["kinds"], every), self.feel(every)
        ends = pairwise(accumulate((len(text.sentences) for text in texts), initial=0))
        for row, (text, (first, last)) in enumerate(zip(texts, ends, strict=True)):
            tag = NOTHING
            if text.language in LANGUAGES:
                own = {name: found[row] for name, found in chances.items()}
                tag = self.decide(own, places[row])
                tag = self._with_witness(tag, places[row], text.sentences)
            kinds = _speaking(speaks[first:last], tag.kinds)
            scores = [feeling.score for feeling in feelings[first:last]]
            yield replace(tag, sentences=tuple(map(Sentence, text.sentences, kinds, scores)))

    def feel(self, sentences: Sequence[str]) -> list[Feeling]:
        """Return how each sentence sounds, from its words alone."""
        read = features.read(sentences)
        nothing = np.zeros((len(read), 0), np.float32)
        dense = features.dense(read, nothing, nothing)
        # A single sentence is as short and outspoken as a review, wherever it stands.
        places = np.full(len(read), REVIEWS)
        chances = self.heads["tone"].probabilities(dense, features.words(read), places)
        return [self._feeling("tone", row, REVIEWS) for row in chances]

    def chances(
        self, passages: Sequence[str], vectors: Matrix, middle: Matrix, places: Places
    ) -> dict[str, Matrix]:
        """Return the probabilities of each head for each text: name -> shape (texts, labels)."""
        read = features.read(passages)
        dense, words = features.dense(read, vectors, middle), features.words(read)
        return {
            name: self.heads[name].probabilities(dense, words, places)
            for name in ("sentiment", "kinds", "severity")
        }

    def _with_witness(self, tag: Tag, place: int, sentences: Sequence[str]) -> Tag:
        """Give what no probability suffices for where rules find it and it is likelier than usual.

        Such labels are experimental: their cards and the digest say so.
        """
        head = self.heads["kinds"]
        weak = head.weights.thresholds[place] > 1
        open_ = {
            kind
            for kind, is_weak, chance in zip(KINDS, weak, tag.kind_chances, strict=True)
            if kind in WITNESSED and is_weak and chance >= head.usual(kind, place)
        }
        if not open_:
            return tag
        found = open_ & {kind for sentence in sentences for kind in kinds_of(sentence)}
        unsure = tuple(name for name in tag.unsure if name not in found)
        return replace(
            tag, kinds=tuple(k for k in KINDS if k in found or k in tag.kinds), unsure=unsure
        )

    def decide(self, chances: Mapping[str, Matrix], place: int) -> Tag:
        """Turn the probabilities of one text into a tag without sentences."""
        feeling = self._feeling("sentiment", chances["sentiment"], place)
        given = self._given("kinds", chances["kinds"], place)
        limits = self.heads["kinds"].weights.thresholds[place]
        doubtful = (chances["kinds"] > RULED_OUT) & (chances["kinds"] < limits)
        unsure = [kind for kind, is_so in zip(KINDS, doubtful, strict=True) if is_so]
        unsure += ["sentiment"] if feeling.label == UNSURE else []
        severity = (
            self._severity(chances["severity"], place) if set(given) & set(PROBLEMS) else None
        )
        unsure += ["severity"] if severity is None and set(given) & set(PROBLEMS) else []
        return Tag(
            feeling,
            given,
            (),
            tuple(map(float, chances["kinds"])),
            tuple(unsure),
            severity,
        )

    def _severity(self, chances: Matrix, place: int) -> int | None:
        """Return how severe a problem is at least; 1 only where all else is ruled out."""
        given = self._given("severity", chances, place)
        if not given:
            return 1 if chances.max() <= RULED_OUT else None
        return max(map(int, given))

    def _feeling(self, name: str, chances: Matrix, place: int) -> Feeling:
        given = self._given(name, chances, place)
        score = float(chances[2] - chances[0])
        return Feeling(given[0] if given else UNSURE, score, tuple(map(float, chances)))

    def _given(self, name: str, chances: Matrix, place: int) -> tuple[str, ...]:
        head = self.heads[name]
        flags = head.given(chances[None, :], np.array([place]))[0]
        return tuple(label for label, is_given in zip(head.labels, flags, strict=True) if is_given)


def load_tagger(encoder: str, *folders: Path) -> HeadTagger:
    """Load every head, each from the first folder that has it, else the one that was shipped.

    One of the same heads serves the whole process; what is trained anew is read anew.

    Raises:
        ModelError: a head is damaged.
        OtherEncoderError: a head was trained on another encoder.
    """
    sources = tuple((name, find(name, *folders)) for name in LABELS)
    return _load(encoder, sources, tuple(_state(folder) for _, folder in sources))


@lru_cache(maxsize=4)
def _load(
    encoder: str, sources: tuple[tuple[str, Path], ...], _states: tuple[tuple[int, ...], ...]
) -> HeadTagger:
    heads = {name: Head.load(folder) for name, folder in sources}
    for name, head in heads.items():
        if head.labels != LABELS[name]:
            raise ModelError(f"head {name}: has labels {head.labels}, want {LABELS[name]}")
        if head.encoder not in (encoder, ANY_ENCODER):
            raise OtherEncoderError(
                f"head {name} was trained on encoder {head.encoder!r}, not on {encoder!r}; "
                f"`feedbackminer train {name} --data …` trains one for it"
            )
    return HeadTagger(heads)


def _state(folder: Path) -> tuple[int, ...]:
    """Return what changes with the files of a head: when they were written, and their sizes."""
    written = [path.stat() for name in (CARD, WEIGHTS) if (path := folder / name).is_file()]
    return tuple(number for file in written for number in (file.st_mtime_ns, file.st_size))


def find(name: str, *folders: Path) -> Path:
    """Return the folder of a head."""
    shipped = Path(str(files("feedbackminer"))) / "models"
    if not shipped.is_dir():  # not installed, but in its repository
        shipped = Path(__file__).parents[3] / "models"
    return next((f / name for f in folders if (f / name / CARD).is_file()), shipped / name)


def _speaking(speaks: Matrix, kinds: Sequence[str]) -> list[tuple[str, ...]]:
    """Return for each sentence which of the post's kinds it speaks for, going by its words."""
    found: list[list[str]] = [[] for _ in speaks]
    for kind in kinds:
        told = speaks[:, KINDS.index(kind)]
        for row in np.flatnonzero((told > 0) & (told >= SPEAKS * told.max(initial=0))):
            found[row].append(kind)
    return [tuple(own) for own in found]
