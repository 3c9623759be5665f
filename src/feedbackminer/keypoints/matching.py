"""Which sentences say the same: those that vectors and words find alike, read once more together.

The task is key point matching (Bar-Haim et al., ACL 2020): does a sentence say what a key point
says? The matcher compares all pairs and is a handful of numbers in ``card.json``; what it finds
likely, a slower reader of pairs decides (retrieve and re-rank, Nogueira and Cho 2019).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from feedbackminer.errors import ModelError
from feedbackminer.shipped import MATCHER, shipped
from feedbackminer.vectors import unit
from feedbackminer.vocabulary.tags import FIT, HEADLINES, SAYS, STANDS

CARD = "card.json"
# What the matcher weighs, each of shape (points, sentences).
MEASURES = (
    "cosine",
    "centred_cosine",
    "words_of_point",
    "words_of_sentence",
    "shared_words",
    "says_alike",
    "sentence_stands",
    "sentence_fits",
)
CERTAIN = 0.99  # chances are no further from even
ASKED = 0.3  # probability by the matcher from which a pair is read together
BLOCK = 256  # points that are compared at once
_TOKEN = r"(?u)\b\w[\w']+\b"  # noqa: S105
Matrix = NDArray[np.float32]
# Returns of pairs, each a point and a sentence, and their log-odds by the matcher: the probability
# that the sentence says what the point says.
Rerank = Callable[[Sequence[tuple[str, str]], Matrix], Matrix]


@dataclass(frozen=True)
class Wording:
    """Sentences as the matcher sees them, one row each.

    Attributes:
        texts: as they stand, shape (sentences,).
        vectors: unit vectors.
        centred: the same with the mean of all taken off, which is what they have in common.
        words: rare words weigh more (inverse document frequency), shape (sentences, words).
        chances: what each says and how well it stands alone, shape (sentences, HEADLINES).
    """

    texts: NDArray[Any]
    vectors: Matrix
    centred: Matrix
    words: Any
    chances: Matrix

    def take(self, rows: NDArray[Any] | Sequence[int]) -> Wording:
        """Return some of the sentences."""
        return Wording(
            self.texts[rows],
            self.vectors[rows],
            self.centred[rows],
            self.words[rows],
            self.chances[rows],
        )


def read_wording(texts: Sequence[str], vectors: Matrix, chances: Matrix) -> Wording:
    """Return sentences that are to be compared with each other.

    Args:
        texts: one at least.
        vectors: of them, unit length.
        chances: of them, shape (texts, HEADLINES).
    """
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(
        token_pattern=_TOKEN, stop_words="english", norm=None, binary=True, dtype=np.float32
    )
    centred = unit(vectors - vectors.mean(axis=0))
    try:
        weighed = words.fit_transform(texts)
    except ValueError:  # nothing but stop words: no word is shared
        weighed = csr_matrix((len(texts), 1), dtype=np.float32)
    return Wording(np.array(texts, dtype=object), vectors, centred, weighed, chances)


@dataclass(frozen=True)
class Matcher:
    """Tells from vectors and words how probable it is that a sentence says a key point.

    Attributes:
        weights: of ``MEASURES``.
    """

    weights: Matrix
    bias: float

    def log_odds(self, points: Wording, sentences: Wording) -> Matrix:
        """Return the log-odds of each pair, a weighted sum, shape (points, sentences)."""
        log_odds = np.full((len(points.texts), len(sentences.texts)), self.bias, np.float32)
        for weight, measure in zip(self.weights, measures(points, sentences), strict=True):
            log_odds += weight * measure
        return log_odds

    def save(self, folder: Path, card: dict[str, Any]) -> None:
        """Write the weights with what the card tells of them."""
        weights = dict(zip(MEASURES, self.weights.tolist(), strict=True)) | {"bias": self.bias}
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(card | {"weights": weights}, indent=1, ensure_ascii=False)
        (folder / CARD).write_text(text + "\n", "utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a matcher.

        Raises:
            ModelError: there is none, or it is damaged.
        """
        try:
            weights = json.loads((folder / CARD).read_text("utf-8"))["weights"]
            return cls(
                np.array([weights[name] for name in MEASURES], np.float32), float(weights["bias"])
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"{folder}: no matcher can be read here: {type(error).__name__}: "
                f"{str(error)[:200]}; install the package again"
            ) from None


@cache
def shipped_matcher() -> Matcher:
    """Return the matcher that comes with the package."""
    return Matcher.load(shipped(MATCHER))


def matcher_hash() -> str:
    """Return a hash of the shipped matcher, which changes with what it would say."""
    card = shipped(MATCHER) / CARD
    return hashlib.sha256(card.read_bytes()).hexdigest() if card.is_file() else ""


def compare(
    points: Wording,
    sentences: Wording,
    matcher: Matcher,
    rerank: Rerank,
    *,
    of: NDArray[np.int64] | None = None,
) -> Any:
    """Return the probability with which sentences say points, sparse: (points, sentences).

    Pairs that the matcher finds unlikely are not there. The same words say the same for certain,
    and a sentence says what a part of it says. Each pair of texts is read once.

    Args:
        of: the row of the sentence that each point is, or is a part of.
    """
    from scipy.sparse import csr_matrix

    found = []
    for start in range(0, len(points.texts), BLOCK):
        block = np.arange(start, min(start + BLOCK, len(points.texts)))
        log_odds = matcher.log_odds(points.take(block), sentences)
        is_same = points.texts[block, None] == sentences.texts
        if of is not None:
            is_same[np.arange(len(block)), of[block]] = True
        likely = (log_odds >= np.log(ASKED / (1 - ASKED))) | is_same
        rows, columns = np.nonzero(likely)
        found.append((rows + start, columns, log_odds[likely], is_same[likely]))
    if not found:
        return csr_matrix((0, len(sentences.texts)), dtype=np.float32)

    rows, columns, by_matcher, is_same = (np.concatenate(part) for part in zip(*found, strict=True))
    chances = np.ones(len(rows), np.float32)
    pairs = list(zip(points.texts[rows[~is_same]], sentences.texts[columns[~is_same]], strict=True))
    first: dict[tuple[str, str], int] = {}
    for row, pair in enumerate(pairs):
        first.setdefault(pair, row)
    once = rerank([*first], by_matcher[~is_same][[*first.values()]])
    chance_of = dict(zip(first, once, strict=True))
    chances[~is_same] = [chance_of[pair] for pair in pairs]
    return csr_matrix((chances, (rows, columns)), (len(points.texts), len(sentences.texts)))


def measures(points: Wording, sentences: Wording) -> list[Matrix]:
    """Return how alike points and sentences are in each of ``MEASURES``."""
    shared = (points.words @ (sentences.words > 0).astype(np.float32).T).toarray()
    of_points, of_sentences = (
        np.maximum(np.asarray(wording.words.sum(axis=1)), 1.0) for wording in (points, sentences)
    )
    return [
        points.vectors @ sentences.vectors.T,
        points.centred @ sentences.centred.T,
        shared / of_points,
        shared / of_sentences.T,
        shared,
        points.chances[:, : len(SAYS)] @ sentences.chances[:, : len(SAYS)].T,
        *(
            np.broadcast_to(_log_odds(sentences.chances[:, HEADLINES.index(name)]), shared.shape)
            for name in (STANDS, FIT)
        ),
    ]


def _log_odds(chances: Matrix) -> Matrix:
    clipped = np.clip(chances, 1 - CERTAIN, CERTAIN)
    log_odds: Matrix = np.log(clipped / (1 - clipped))
    return log_odds
