"""What the sentences of posts speak of, and how: heads over the encoder's states of sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from feedbackminer.tagging import features
from feedbackminer.tagging.features import Matrix
from feedbackminer.tagging.heads import Head
from feedbackminer.tagging.status import plain_status, status_of
from feedbackminer.vocabulary.tags import ASSERTED, KINDS, SPEECH, STATUSES

ASSERTS = SPEECH.index(ASSERTED)
SURE = 0.999  # a probability is never nearer to 1: its log-odds stay finite
RARE = 1e-4  # nor to 0
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


def strongest_status(speech: Speech, kind: int, *, least: float) -> str:
    """Return how the sentence that speaks most of a kind does so; empty where none does."""
    if not len(speech.spoken) or speech.spoken[:, kind].max() < least:
        return ""
    probabilities = speech.status[speech.spoken[:, kind].argmax()]
    return max(STATUSES, key=lambda status: probabilities[SPEECH.index(status)])
