"""What the sentences of posts speak of, and how: heads over the encoder's states of sentences."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from feedbackminer.tagging import features
from feedbackminer.tagging.features import Matrix
from feedbackminer.tagging.heads import Flags, Head
from feedbackminer.tagging.rule_tagger import OPEN
from feedbackminer.tagging.status import plain_status, status_of
from feedbackminer.vocabulary.tags import ASSERTED, KINDS, SPEECH, STATUSES

ASSERTS = SPEECH.index(ASSERTED)
SURE = 0.999  # a probability is never nearer to 1: its log-odds stay finite
RARE = 1e-4  # nor to 0
SPEAKS_OF_IT = 0.5  # probability from which a sentence speaks of a kind
DENIES = 0.3  # probability of being asserted, below which a sentence is held to deny it
BEYOND_DOUBT = 0.9  # probability of a kind that only plain words take back
PLAINLY_DENIES = 0.05
PLAINLY_NOT = 0.01  # probability of every other status, where a cue leaves no doubt


@dataclass(frozen=True)
class Speech:
    """Probabilities for sentences, one row each."""

    status: Matrix  # (sentences, SPEECH)
    spoken: Matrix  # (sentences, KINDS): speaks of it, whatever the status

    @property
    def asserts(self) -> Matrix:
        """Return how probable it is that each sentence asserts each kind."""
        product: Matrix = self.spoken * self.status[:, [ASSERTS]]
        return product

    @property
    def denies(self) -> Matrix:
        """Return how probable it is that each speaks of each kind without asserting it."""
        other = [SPEECH.index(status) for status in STATUSES if status != ASSERTED]
        product: Matrix = self.spoken * self.status[:, other].sum(axis=1, keepdims=True)
        return product

    def rows(self, first: int, last: int) -> Speech:
        """Return what is told of some sentences."""
        return Speech(self.status[first:last], self.spoken[first:last])


def read_speech(heads: Mapping[str, Head], sentences: Sequence[str], states: Matrix) -> Speech:
    """Return what sentences speak of.

    Args:
        heads: with ``status`` and ``spoken``.
        states: of the encoder, shape (sentences, STATE); nan where it told none.
    """
    dense, words = features_of(sentences, states)
    genres = np.zeros(len(sentences), np.int64)
    status, spoken = (
        heads[name].probabilities(dense, words, genres) for name in ("status", "spoken")
    )
    for row, sentence in enumerate(sentences):
        if plain := plain_status(sentence):
            status[row] = PLAINLY_NOT
            status[row, SPEECH.index(plain)] = 1 - PLAINLY_NOT * (len(SPEECH) - 1)
    return Speech(status, spoken)


def features_of(sentences: Sequence[str], states: Matrix) -> tuple[Matrix, object]:
    """Return what the heads of sentences see: states and cues, and words."""
    read = features.read(sentences)
    told = [STATUSES.index(status_of(text)) for text in read]
    cues = np.eye(len(STATUSES), dtype=np.float32)[told]
    return np.hstack([states, cues.reshape(len(read), len(STATUSES))]), features.words(read)


def of_posts(speech: Speech, counts: Sequence[int]) -> Matrix:
    """Return what heads of posts see of their sentences, shape (posts, 2 · KINDS), as log-odds.

    First that some sentence asserts each kind (noisy or: 1 − Π(1 − p)), then that the one that
    speaks of it most does so without asserting it.

    Args:
        counts: how many of the sentences each post has, in order.
    """
    result = np.full((len(counts), 2 * len(KINDS)), RARE, np.float32)
    asserts, denies = np.minimum(speech.asserts, SURE), speech.denies
    ends = np.cumsum(counts)
    for row, (end, count) in enumerate(zip(ends, counts, strict=True)):
        if count:
            part = slice(end - count, end)
            result[row, : len(KINDS)] = 1 - np.prod(1 - asserts[part], axis=0)
            result[row, len(KINDS) :] = denies[part].max(axis=0)
    clipped = np.clip(result, RARE, SURE)
    log_odds: Matrix = np.log(clipped / (1 - clipped))
    return log_odds


def denied_kinds(chances: Matrix, speech: Speech) -> Flags:
    """Tell of each kind whether sentences of a text speak of it and none of them asserts it.

    Args:
        chances: of the kinds of the text, shape (KINDS,).
    """
    least = np.where(chances < BEYOND_DOUBT, DENIES, PLAINLY_DENIES)
    speaks = speech.spoken >= SPEAKS_OF_IT
    asserts = speech.status[:, [ASSERTS]] >= least
    is_open = np.array([kind in OPEN for kind in KINDS])
    denied: Flags = speaks.any(axis=0) & ~(speaks & asserts).any(axis=0) & ~is_open
    return denied


def what_is_asserted(chances: Matrix, speech: Speech, denied: Flags) -> Matrix:
    """Return the chances of kinds; what sentences deny is as likely as they make it."""
    asserts = speech.asserts.max(axis=0, initial=0)
    asserted: Matrix = np.where(denied, np.minimum(chances, asserts), chances)
    return asserted


def statuses_of_kinds(likely: Collection[str], speech: Speech, denied: Flags) -> tuple[str, ...]:
    """Return for each kind how a text speaks of it; empty where it does not.

    A kind that is given is asserted, unless the sentences that speak of it plainly do so otherwise.
    """
    statuses = []
    for k, kind in enumerate(KINDS):
        status = _strongest_status(speech, k)
        if kind in likely:
            statuses.append(status if denied[k] else ASSERTED)
        else:
            statuses.append("" if status == ASSERTED else status)
    return tuple(statuses)


def _strongest_status(speech: Speech, kind: int) -> str:
    """Return how the sentence that speaks most of a kind does so; empty where none does."""
    if not len(speech.spoken) or speech.spoken[:, kind].max() < SPEAKS_OF_IT:
        return ""
    probabilities = speech.status[speech.spoken[:, kind].argmax()]
    return max(STATUSES, key=lambda status: probabilities[SPEECH.index(status)])
