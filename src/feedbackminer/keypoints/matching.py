"""Which sentences say the same: a small trained matcher over vectors and words.

The task is key point matching (Bar-Haim et al., ACL 2020): does a sentence say what a key point
says? Weights are plain numbers in ``card.json``, which cannot carry code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
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
# What the matcher weighs beside the products of the vectors, each of shape (points, sentences).
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
_TOKEN = r"(?u)\b\w[\w']+\b"  # noqa: S105
Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Wording:
    """Sentences as the matcher sees them, one row each.

    Attributes:
        vectors: unit vectors.
        centred: the same with the mean of all taken off, which is what they have in common.
        words: rare words weigh more (inverse document frequency), shape (sentences, words).
        chances: what each says and how well it stands alone, shape (sentences, HEADLINES).
    """

    vectors: Matrix
    centred: Matrix
    words: Any
    chances: Matrix

    def take(self, rows: NDArray[Any] | Sequence[int]) -> Wording:
        """Return some of the sentences."""
        return Wording(self.vectors[rows], self.centred[rows], self.words[rows], self.chances[rows])


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
    return Wording(vectors, centred, weighed, chances)


@dataclass(frozen=True)
class Matcher:
    """Tells how probable it is that a sentence says a key point.

    Attributes:
        measures: weights of ``MEASURES``.
        products: weights of the products of two centred vectors, dimension by dimension.
    """

    measures: Matrix
    products: Matrix
    bias: float

    def probabilities(self, points: Wording, sentences: Wording) -> Matrix:
        """Return the probability of each pair, shape (points, sentences).

        Formula: the logistic function of a weighted sum of :func:`measures` and of Σ w·p·s over the
        dimensions of the centred vectors.
        """
        from scipy.special import expit

        scores = (points.centred * self.products) @ sentences.centred.T + self.bias
        for weight, measure in zip(self.measures, measures(points, sentences), strict=True):
            scores += weight * measure
        probabilities: Matrix = expit(scores)
        return probabilities

    def save(self, folder: Path, card: dict[str, Any]) -> None:
        """Write the weights with what the card tells of them."""
        weights = {
            "measures": dict(zip(MEASURES, self.measures.tolist(), strict=True)),
            "products": self.products.tolist(),
            "bias": self.bias,
        }
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
                measures=np.array([weights["measures"][name] for name in MEASURES], np.float32),
                products=np.array(weights["products"], np.float32),
                bias=float(weights["bias"]),
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
