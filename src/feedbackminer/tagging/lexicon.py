"""How a text sounds, by VADER's lexicon and rules (Hutto and Gilbert, ICWSM 2014)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

POSITIVE, NEGATIVE = 0.05, -0.05  # VADER's own thresholds on its compound score
LONGEST = 1_000  # characters read of a sentence: VADER takes time by the square of its length


def score(sentence: str) -> float:
    """Return VADER's compound score of one sentence: -1 to 1; 0 where no word carries feeling."""
    return float(_analyser().polarity_scores(sentence[:LONGEST])["compound"])


def mean(scores: Sequence[float]) -> float:
    """Return the mean score of the sentences that carry feeling; 0 where none does.

    Per sentence, because the compound score of a long text saturates at its ends.
    """
    felt = [value for value in scores if value]
    return sum(felt) / len(felt) if felt else 0.0


def label(value: float) -> str:
    """Return negative, neutral or positive."""
    if value >= POSITIVE:
        return "positive"
    return "negative" if value <= NEGATIVE else "neutral"


@cache
def _analyser() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()
