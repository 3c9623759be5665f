"""Tags by trained heads, all over one pass of the encoder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from feedbackminer.errors import ModelError, OtherEncoderError
from feedbackminer.shipped import shipped
from feedbackminer.tagging import features
from feedbackminer.tagging.features import Matrix
from feedbackminer.tagging.heads import ANY_ENCODER, GENRES, Genres, Head
from feedbackminer.tagging.rule_tagger import kinds_asserted, loses_data
from feedbackminer.tagging.speech import (
    SPEAKS_OF_IT,
    Speech,
    denied_kinds,
    of_posts,
    read_speech,
    statuses_of_kinds,
    what_is_asserted,
)
from feedbackminer.tagging.tagger import (
    LANGUAGES,
    NOTHING,
    Experience,
    Sentence,
    Sentiment,
    Tag,
    Text,
)
from feedbackminer.vocabulary.tags import (
    ASSERTED,
    EXPERIENCES,
    HEADLINE,
    HEADLINES,
    KINDS,
    KNOWN,
    POST_HEADS,
    PROBLEMS,
    SENTIMENTS,
    SPEECH,
    STATUSES,
    TONE,
    UNSURE,
)
from feedbackminer.weights import CARD, WEIGHTS, weights_of

CONVERSATIONS, REVIEWS = range(len(GENRES))
BATCH = 2_000  # texts at once
AT_LEAST = ("2", "3", "4")  # a problem is at least so severe; none of these: cosmetic
LABELS: Mapping[str, tuple[str, ...]] = {
    TONE: SENTIMENTS,
    "status": SPEECH,
    "spoken": KINDS,
    HEADLINE: HEADLINES,
    "sentiment": SENTIMENTS,
    "experience": EXPERIENCES,
    "severity": AT_LEAST,
    KNOWN: (KNOWN,),
    "kinds": KINDS,
}
EVEN_ODDS = 0.5
RULED_OUT = 0.15  # probability up to which a kind is not said
# Kinds that hardly a post gets by the head alone: from here where the phrase rules find them too.
SECONDED: Mapping[str, float] = {"feature_request": EVEN_ODDS, "churn": RULED_OUT}
SPEAKS = 0.8  # of the post's strongest sentence for a kind: what also speaks for it
WORST, TITLE_WORDS = 4, 15  # of severity; of a title, at most
FEW_STARS = 2.0  # beside which praise is meant to hurt
PRAISE = KINDS.index("praise")


@dataclass(frozen=True)
class Batch:
    """What the heads read of some texts, one row each."""

    passages: Sequence[str]
    layer_means: Matrix
    genres: Genres
    ratings: Sequence[float | None]
    sentences: Sequence[str]  # of all texts, one after another
    states: Matrix  # of the sentences
    counts: Sequence[int]  # of the sentences of each text
    by_rules: Matrix  # 1 where the rules find a kind asserted, shape (texts, KINDS)

    @classmethod
    def of(cls, texts: Sequence[Text]) -> Batch:
        """Put texts together; at least one."""
        return cls(
            passages=[text.passage for text in texts],
            layer_means=np.stack([text.layer_mean for text in texts]),
            genres=np.array([REVIEWS if text.is_review else CONVERSATIONS for text in texts]),
            ratings=[text.rating for text in texts],
            sentences=[sentence for text in texts for sentence in text.sentences],
            states=np.concatenate([text.states for text in texts]),
            counts=[len(text.sentences) for text in texts],
            by_rules=np.array([_found_by_rules(text.sentences) for text in texts], np.float32),
        )


@dataclass(frozen=True)
class HeadTagger:
    """Sentiment, experience, kinds and severity with probabilities; unsure where they are low."""

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

    def at_even_odds(self) -> HeadTagger:
        """Return a tagger that also gives a kind or experience that is likelier than not.

        For single texts, which somebody reads with their probabilities. Claims of a digest rest on
        what is given with the precision that thresholds aim at.
        """
        heads = dict(self.heads)
        for name in ("kinds", "experience"):
            weights = heads[name].weights
            lower = replace(weights, thresholds=np.minimum(weights.thresholds, EVEN_ODDS))
            heads[name] = replace(heads[name], weights=lower)
        return replace(self, heads=heads)

    def tag(self, texts: Sequence[Text]) -> Iterator[Tag]:
        """Yield one tag per text, in order."""
        for start in range(0, len(texts), BATCH):
            yield from self._batch(texts[start : start + BATCH])

    def _batch(self, texts: Sequence[Text]) -> Iterator[Tag]:
        batch = Batch.of(texts)
        speech = read_speech(self.heads, batch.sentences, batch.states)
        probabilities = self.probabilities(batch, speech)
        sentiments = self.sentence_sentiment(batch.sentences)

        ends = pairwise(accumulate(batch.counts, initial=0))
        for row, (text, (first, last)) in enumerate(zip(texts, ends, strict=True)):
            of_text = speech.rows(first, last)
            tag = NOTHING
            if text.language in LANGUAGES:
                genre = int(batch.genres[row])
                chances = {name: p[row] for name, p in probabilities.items()}
                rules = batch.by_rules[row]
                tag = self.decide(chances, genre, of_text, rating=text.rating, by_rules=rules)
                if tag.severity and loses_data(_title(text.passage)):
                    tag = replace(tag, severity=WORST)
            scores = [sentiment.score for sentiment in sentiments[first:last]]
            yield replace(tag, sentences=tuple(_sentences(text.sentences, of_text, tag, scores)))

    def sentence_sentiment(self, sentences: Sequence[str]) -> list[Sentiment]:
        """Return how each sentence sounds, from its words alone."""
        read = features.read(sentences)
        nothing = np.zeros((len(read), 0), np.float32)
        dense = features.dense(read, nothing, nothing)
        # A single sentence is as short and outspoken as a review, wherever it stands.
        genres = np.full(len(read), REVIEWS)
        probabilities = self.heads[TONE].probabilities(dense, features.words(read), genres)
        return [self._sentiment(TONE, row, REVIEWS) for row in probabilities]

    def sentence_status(self, sentences: Sequence[str], states: Matrix, /) -> list[str]:
        """Return how each sentence speaks of what it speaks of."""
        status = read_speech(self.heads, sentences, states).status[:, : len(STATUSES)]
        return [STATUSES[number] for number in status.argmax(axis=1)]

    def headlines(self, sentences: Sequence[str], layer_means: Matrix, /) -> Matrix:
        """Return what sentences could head a digest with, shape (sentences, ``HEADLINES``)."""
        dense, words = headline_features(sentences, layer_means)
        genres = np.full(len(sentences), CONVERSATIONS)
        return self.heads[HEADLINE].probabilities(dense, words, genres)

    def probabilities(self, batch: Batch, speech: Speech) -> dict[str, Matrix]:
        """Return the probabilities of each head for each text: name -> shape (texts, labels)."""
        dense, words = post_features(batch, speech)
        return {
            name: self.heads[name].probabilities(dense, words, batch.genres) for name in POST_HEADS
        }

    def decide(
        self,
        probabilities: Mapping[str, Matrix],
        genre: int,
        speech: Speech,
        *,
        rating: float | None,
        by_rules: Matrix,
    ) -> Tag:
        """Turn the probabilities of one text into a tag without sentences."""
        sentiment = self._sentiment("sentiment", probabilities["sentiment"], genre)
        denied = denied_kinds(probabilities["kinds"], speech)
        of_kinds = what_is_asserted(probabilities["kinds"], speech, denied)
        if rating is not None and rating <= FEW_STARS:
            of_kinds[PRAISE] = 0.0  # it is meant to hurt
        likely = {*self._labels("kinds", of_kinds, genre)}
        likely |= {
            kind
            for k, kind in enumerate(KINDS)
            if by_rules[k] and of_kinds[k] > SECONDED.get(kind, 1.0)
        }
        statuses = statuses_of_kinds(likely, speech, denied)
        kinds = tuple(
            kind for kind, status in zip(KINDS, statuses, strict=True) if status == ASSERTED
        )
        is_problem = bool(set(kinds) & set(PROBLEMS))
        severity = self._severity(probabilities["severity"], genre) if is_problem else None
        experience = self._labels("experience", probabilities["experience"], genre)

        limits = self.heads["kinds"].weights.thresholds[genre]
        doubtful = (of_kinds > RULED_OUT) & (of_kinds < limits)
        doubtful |= denied & (of_kinds >= limits)
        unsure = [k for k, is_so in zip(KINDS, doubtful, strict=True) if is_so and k not in kinds]
        unsure += ["sentiment"] if sentiment.label == UNSURE else []
        unsure += [] if experience else ["experience"]
        unsure += ["severity"] if severity is None and is_problem else []
        return Tag(
            sentiment=sentiment,
            experience=Experience(
                experience[0] if experience else UNSURE,
                tuple(map(float, probabilities["experience"])),
            ),
            kinds=kinds,
            sentences=(),
            statuses=statuses,
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
        return tuple(label for label, given in zip(head.labels, flags, strict=True) if given)


def post_features(batch: Batch, speech: Speech) -> tuple[Matrix, Any]:
    """Return what heads of posts see of texts: dense features, and words."""
    read = features.read(batch.passages)
    of_sentences = np.hstack([of_posts(speech, batch.counts), batch.by_rules])
    dense = features.dense(read, batch.layer_means, of_sentences, batch.ratings)
    return dense, features.words(read)


def headline_features(sentences: Sequence[str], layer_means: Matrix) -> tuple[Matrix, Any]:
    """Return what the head of headlines sees of sentences that stand alone."""
    read = features.read(sentences)
    nothing = np.zeros((len(read), 0), np.float32)
    return features.dense(read, layer_means, nothing), features.words(read)


def _title(passage: str) -> str:
    """Return the first line of a text; nothing where it is all of it, or long."""
    title, _, rest = passage.partition("\n")
    return title if rest and len(title.split()) <= TITLE_WORDS else ""


def _found_by_rules(sentences: Sequence[str]) -> list[bool]:
    found = kinds_asserted(sentences)
    return [kind in found for kind in KINDS]


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
    heads = {}
    for name, folder in sources:
        heads[name] = head = Head.load(folder)
        if head.labels != LABELS[name]:
            raise ModelError(f"head {name}: has labels {head.labels}, want {LABELS[name]}")
        if weights_of(head.encoder) not in (weights_of(encoder), ANY_ENCODER):
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
    return next((f / name for f in folders if (f / name / CARD).is_file()), shipped(name))


def _sentences(
    sentences: Sequence[str], speech: Speech, tag: Tag, scores: Sequence[float]
) -> Iterator[Sentence]:
    """Yield the sentences of a text with what each speaks of, and how."""
    asserts = speech.asserts
    strongest = asserts.max(axis=0, initial=0)
    for row, (sentence, score) in enumerate(zip(sentences, scores, strict=True)):
        status = STATUSES[int(speech.status[row, : len(STATUSES)].argmax())]
        does_something = SPEECH[int(speech.status[row].argmax())] in STATUSES
        kinds = [
            kind
            for k, kind in enumerate(KINDS)
            if (
                kind in tag.kinds and asserts[row, k] >= SPEAKS * strongest[k]
                if status == ASSERTED
                else speech.spoken[row, k] >= SPEAKS_OF_IT and does_something
            )
        ]
        asserted = float(asserts[row].max(initial=0))
        yield Sentence(sentence, tuple(kinds), score, status, asserted)
