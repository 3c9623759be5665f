"""What heads see of a text: the encoder's states, its sentences and words, how it is put."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from feedbackminer.text.legible import legible

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import HashingVectorizer

Matrix = NDArray[np.float32]
READ = 1_200  # characters of a text that heads read; the encoder reads about half of them
STATE = 32  # numbers that the encoder tells of a sentence
BUCKETS = 2**16  # into which words and pairs of words are hashed
MANNER = 14  # numbers that say how a text is put
STARS = 4  # numbers that say how many stars it came with
_WORDS = r"(?u)\b\w[\w']*\b|[!?]+"
_TOKEN = re.compile(r"[a-z']+|[!?]+|[:;=8][-']?[)(dp/\\]")
_NEGATIONS = frozenset(
    "not no never n't dont doesnt didnt cant cannot wont isnt wasnt without hardly nothing neither "
    "nor aint".split()
)
_REACH = 3  # words after a negation that it turns
_TURNED = -0.74  # what a negation makes of a word's feeling (Hutto and Gilbert, ICWSM 2014)
_SOFT = 15.0  # a sum of feelings is squashed as VADER squashes its own


def read(texts: Iterable[str]) -> list[str]:
    """Return what heads read of texts: their beginning, in plain letters."""
    return [legible(text[:READ]) for text in texts]


def dense(
    texts: Sequence[str],
    layer_means: Matrix,
    speech: Matrix,
    ratings: Sequence[float | None] | None = None,
) -> Matrix:
    """Return the dense features, a row per text.

    Args:
        layer_means: of the encoder, shape (len(texts), dimensions).
        speech: what the sentences of each do, and what the rules find in them, see
            :func:`tagging.head_tagger.post_features`.
        ratings: the stars that each came with, where it did.
    """
    manner = np.array([_manner(text) for text in texts], np.float32).reshape(len(texts), MANNER)
    stars = np.array([_stars(rating) for rating in ratings or [None] * len(texts)], np.float32)
    parts = [layer_means, speech, manner, stars.reshape(len(texts), STARS)]
    return np.hstack(parts, dtype=np.float32)


def _stars(rating: float | None) -> tuple[float, ...]:
    """Say how many stars a text came with: whether any, from -1 to 1, fewest, most."""
    if rating is None:
        return (0.0,) * STARS
    return 1.0, (rating - 3) / 2, float(rating < 1.5), float(rating > 4.5)


def words(texts: Sequence[str]) -> csr_matrix:
    """Return words and pairs of words, hashed, shape (len(texts), ``BUCKETS``); unit length."""
    from scipy.sparse import csr_matrix

    # The hasher takes no empty list.
    return _hasher().transform(texts) if len(texts) else csr_matrix((0, BUCKETS), dtype=np.float32)


@cache
def _hasher() -> HashingVectorizer:
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(
        ngram_range=(1, 2),
        n_features=BUCKETS,
        alternate_sign=False,
        dtype=np.float32,
        token_pattern=_WORDS,
    )


@cache
def _lexicon() -> dict[str, float]:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    lexicon: dict[str, float] = SentimentIntensityAnalyzer().lexicon
    return lexicon


def _manner(text: str) -> tuple[float, ...]:
    """Say how a text is put: feeling of its words (VADER's lexicon), negations, signs, length."""
    lexicon = _lexicon()
    tokens = _TOKEN.findall(text.lower())
    liked = disliked = most = least = 0.0
    turned = negations = 0
    last = -_REACH - 1

    for index, token in enumerate(tokens):
        if token in _NEGATIONS or token.endswith("n't"):
            last = index
            negations += 1
        feeling = lexicon.get(token)
        if feeling is None:
            continue
        if index - last <= _REACH:
            feeling *= _TURNED
            turned += 1
        if feeling > 0:
            liked += feeling
            most = max(most, feeling)
        else:
            disliked += feeling
            least = min(least, feeling)

    count = max(len(tokens), 1)
    return (
        liked / count,
        disliked / count,
        _squash(liked + disliked),
        _squash(liked),
        _squash(disliked),
        most / 4,
        least / 4,
        turned / count,
        negations / count,
        min(text.count("!"), 4) / 4,
        min(text.count("?"), 3) / 3,
        sum(map(str.isupper, text)) / max(len(text), 1),
        np.log1p(count) / 5,
        float(text.rstrip().endswith("?")),
    )


def _squash(total: float) -> float:
    return float(total / np.sqrt(total * total + _SOFT))
