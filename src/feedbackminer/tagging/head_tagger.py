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
from feedbackminer.tagging import features
from feedbackminer.tagging.features import Matrix
from feedbackminer.tagging.heads import ANY_ENCODER, CARD, GENRES, WEIGHTS, Genres, Head, evidence
from feedbackminer.tagging.rule_tagger import kinds_of
from feedbackminer.tagging.tagger import (
    LANGUAGES,
    Experience,
    Sentence,
    Sentiment,
    Tag,
    Text,
)
from feedbackminer.vocabulary.tags import (
    HEADS,
    KINDS,
    POST_HEADS,
    PROBLEMS,
    SENTENCE_HEAD,
    SENTIMENTS,
    UNSURE,
)

# Of other kinds (complaint, usability, pricing) not even half was right, when rules had a word.
WITNESSED = ("feature_request", "praise", "performance", "documentation", "churn")
CONVERSATIONS, REVIEWS = range(len(GENRES))
BATCH = 2_000  # texts at once
AT_LEAST = ("2", "3", "4")  # a problem is at least so severe; none of these: cosmetic
LABELS: Mapping[str, tuple[str, ...]] = dict(
    zip(HEADS, (SENTIMENTS, SENTIMENTS, KINDS, AT_LEAST), strict=True)
)
RULED_OUT = 0.15  # probability up to which a kind is not said
SPEAKS = 0.8  # of the post's strongest sentence for a kind: what also speaks for it

NOTHING = Tag(
    Sentiment(UNSURE, 0.0), Experience(UNSURE), (), (), unsure=("sentiment", "experience", *KINDS)
)


@dataclass(frozen=True)
class Batch:
    """What the heads read of some texts, one row each."""

    passages: Sequence[str]
    vectors: Matrix
    layer_means: Matrix
    genres: Genres

    @classmethod
    def of(cls, texts: Sequence[Text]) -> Batch:
        """Put texts together; at least one."""
        return cls(
            [text.passage for text in texts],
            np.stack([text.vector for text in texts]),
            np.stack([text.layer_mean for text in texts]),
            np.array([REVIEWS if text.is_review else CONVERSATIONS for text in texts]),
        )


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
        batch = Batch.of(texts)
        probabilities = self.probabilities(batch)
        every = [sentence for text in texts for sentence in text.sentences]
        speaks, sentiments = evidence(self.heads["kinds"], every), self.sentence_sentiment(every)

        ends = pairwise(accumulate((len(text.sentences) for text in texts), initial=0))
        for row, (text, (first, last)) in enumerate(zip(texts, ends, strict=True)):
            tag = NOTHING
            if text.language in LANGUAGES:
                genre = int(batch.genres[row])
                tag = self.decide({name: p[row] for name, p in probabilities.items()}, genre)
                tag = self._with_witness(tag, genre, text.sentences)
            kinds = _speaking(speaks[first:last], tag.kinds)
            scores = [sentiment.score for sentiment in sentiments[first:last]]
            yield replace(tag, sentences=tuple(map(Sentence, text.sentences, kinds, scores)))

    def sentence_sentiment(self, sentences: Sequence[str]) -> list[Sentiment]:
        """Return how each sentence sounds, from its words alone."""
        read = features.read(sentences)
        no_vectors = np.zeros((len(read), 0), np.float32)
        dense = features.dense(read, no_vectors, no_vectors)
        # A single sentence is as short and outspoken as a review, wherever it stands.
        genres = np.full(len(read), REVIEWS)
        head = self.heads[SENTENCE_HEAD]
        probabilities = head.probabilities(dense, features.words(read), genres)
        return [self._sentiment(SENTENCE_HEAD, row, REVIEWS) for row in probabilities]

    def probabilities(self, batch: Batch) -> dict[str, Matrix]:
        """Return the probabilities of each head for each text: name -> shape (texts, labels)."""
        read = features.read(batch.passages)
        dense = features.dense(read, batch.vectors, batch.layer_means)
        words = features.words(read)
        return {
            name: self.heads[name].probabilities(dense, words, batch.genres) for name in POST_HEADS
        }

    def _with_witness(self, tag: Tag, genre: int, sentences: Sequence[str]) -> Tag:
        """Give what no probability suffices for where rules find it and it is likelier than usual.

        Such labels are experimental: their cards and the digest say so.
        """
        head = self.heads["kinds"]
        weak = head.weights.thresholds[genre] > 1
        open_ = {
            kind
            for kind, is_weak, chance in zip(KINDS, weak, tag.kind_chances, strict=True)
            if kind in WITNESSED and is_weak and chance >= head.base_rate(kind, genre)
        }
        if not open_:
            return tag
        by_rules = open_ & {kind for sentence in sentences for kind in kinds_of(sentence)}
        return replace(
            tag,
            kinds=tuple(kind for kind in KINDS if kind in by_rules or kind in tag.kinds),
            unsure=tuple(name for name in tag.unsure if name not in by_rules),
        )

    def decide(self, probabilities: Mapping[str, Matrix], genre: int) -> Tag:
        """Turn the probabilities of one text into a tag without sentences."""
        sentiment = self._sentiment("sentiment", probabilities["sentiment"], genre)
        of_kinds = probabilities["kinds"]
        kinds = self._labels("kinds", of_kinds, genre)
        is_problem = bool(set(kinds) & set(PROBLEMS))
        severity = self._severity(probabilities["severity"], genre) if is_problem else None

        limits = self.heads["kinds"].weights.thresholds[genre]
        doubtful = (of_kinds > RULED_OUT) & (of_kinds < limits)
        unsure = [kind for kind, is_so in zip(KINDS, doubtful, strict=True) if is_so]
        unsure += ["sentiment"] if sentiment.label == UNSURE else []
        unsure += ["severity"] if severity is None and is_problem else []
        return Tag(
            sentiment=sentiment,
            experience=Experience(UNSURE),
            kinds=kinds,
            sentences=(),
            kind_chances=tuple(map(float, of_kinds)),
            unsure=tuple(unsure),
            severity=severity,
        )

    def _severity(self, probabilities: Matrix, genre: int) -> int | None:
        """Return how severe a problem is at least; 1 only where all else is ruled out."""
        levels = self._labels("severity", probabilities, genre)
        if not levels:
            return 1 if probabilities.max() <= RULED_OUT else None
        return max(map(int, levels))

    def _sentiment(self, name: str, probabilities: Matrix, genre: int) -> Sentiment:
        labels = self._labels(name, probabilities, genre)
        score = float(probabilities[2] - probabilities[0])
        return Sentiment(labels[0] if labels else UNSURE, score, tuple(map(float, probabilities)))

    def _labels(self, name: str, probabilities: Matrix, genre: int) -> tuple[str, ...]:
        """Return the labels that a head gives to one text."""
        head = self.heads[name]
        flags = head.decide(probabilities[None, :], np.array([genre]))[0]
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
    kinds_of_sentence: list[list[str]] = [[] for _ in speaks]
    for kind in kinds:
        scores = speaks[:, KINDS.index(kind)]
        for row in np.flatnonzero((scores > 0) & (scores >= SPEAKS * scores.max(initial=0))):
            kinds_of_sentence[row].append(kind)
    return [tuple(kinds) for kinds in kinds_of_sentence]
