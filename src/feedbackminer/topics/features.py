"""The space that topics are found in: what a passage means beside which words it uses.

Sentence vectors know that "crashes" and "freezes" are near; they blur names ("Hibernate",
"Spring"). A sixth of each vector is therefore given to the passage's own words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from feedbackminer.topics.labels import Labels, evenly_spaced
from feedbackminer.vectors import BLOCK, Matrix, as_stored, unit

WORD_PATTERN = r"(?u)\b[^\W\d_][^\W_]*(?:[-'’+#.][^\W_]+)*\b"
WORD_SHARE = 0.15  # of a vector's squared length
DIMENSIONS = 128
MIN_DOCUMENTS, MAX_SHARE = 3, 0.3  # a word in fewer, or in more of them, says nothing
LEARNT_FROM = 100_000  # passages that words are learnt from: all, or evenly spaced ones


@dataclass(frozen=True)
class Features:
    """Passages as the topics see them, one row each.

    ``joint``: unit rows of meaning and words together, shape (passages, dimensions + 128);
    ``tfidf``: weight of each word, shape (passages, words).
    """

    joint: Matrix
    tfidf: csr_matrix

    def __len__(self) -> int:
        return len(self.joint)

    def __getitem__(self, rows: NDArray[Any]) -> Features:
        """Return some of the rows, by index or by mask."""
        return Features(self.joint[rows], self.tfidf[rows])


@dataclass(frozen=True)
class Lexicon:
    """The vocabulary, each word with its weight and its coordinates in latent semantic space.

    TF-IDF and truncated SVD (Deerwester et al. 1990, doi:10.1002/(SICI)1097-4571).
    """

    vocabulary: tuple[str, ...]
    idf: NDArray[np.float64]  # shape (words,)
    coordinates: Matrix  # shape (words, DIMENSIONS)

    @classmethod
    def fit(cls, passages: Sequence[str]) -> Self:
        """Learn the vocabulary of some passages; it may turn out to be empty.

        Of more than ``LEARNT_FROM`` of them only evenly spaced ones are read.
        """
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfVectorizer

        passages = [passages[i] for i in evenly_spaced(len(passages), LEARNT_FROM).tolist()]
        vectorizer = TfidfVectorizer(
            sublinear_tf=True,
            min_df=min(MIN_DOCUMENTS, len(passages)),
            max_df=max(MAX_SHARE, min(1.0, 2 * MIN_DOCUMENTS / max(1, len(passages)))),
            stop_words="english",
            token_pattern=WORD_PATTERN,
        )
        try:
            tfidf = vectorizer.fit_transform(passages)
        except ValueError:  # no word is left
            return cls.empty()

        rank = min(DIMENSIONS, tfidf.shape[1] - 1, tfidf.shape[0] - 1)
        if rank < 2:
            return cls.empty()
        svd = TruncatedSVD(rank, random_state=0).fit(tfidf)
        coordinates = np.zeros((tfidf.shape[1], DIMENSIONS), dtype=np.float32)
        coordinates[:, :rank] = svd.components_.T
        vocabulary = tuple(vectorizer.get_feature_names_out())
        return cls(vocabulary, vectorizer.idf_, as_stored(coordinates))

    @classmethod
    def empty(cls) -> Self:
        """Know no word at all."""
        return cls((), np.zeros(0), np.zeros((0, DIMENSIONS), dtype=np.float32))

    def transform(self, passages: Sequence[str], vectors: Matrix) -> Features:
        """Return the features of passages.

        Args:
            vectors: unit rows, what each passage means, shape (passages, dimensions).
        """
        tfidf = self._weigh(passages)
        words = unit((tfidf @ self.coordinates).astype(np.float32))
        shares = (np.sqrt(1 - WORD_SHARE) * vectors, np.sqrt(WORD_SHARE) * words)
        return Features(unit(np.hstack(shares).astype(np.float32)), tfidf)

    def _weigh(self, passages: Sequence[str]) -> csr_matrix:
        from sklearn.feature_extraction.text import CountVectorizer
        from sklearn.preprocessing import normalize

        if not self.vocabulary or not passages:
            return csr_matrix((len(passages), len(self.vocabulary)))
        counter = CountVectorizer(vocabulary=self.vocabulary, token_pattern=WORD_PATTERN)
        counts = counter.transform(passages).astype(np.float64)
        counts.data = 1 + np.log(counts.data)
        return normalize(counts.multiply(self.idf).tocsr())


@dataclass(frozen=True)
class FeatureBlocks:
    """Features of very many passages, made a block at a time; a single block is kept."""

    lexicon: Lexicon
    passages: Sequence[str]
    vectors: Matrix

    def __iter__(self) -> Iterator[Features]:
        """Yield the features of passages, in their order."""
        if len(self.passages) <= BLOCK:
            yield self._only
            return
        for start in range(0, len(self.passages), BLOCK):
            rows = slice(start, start + BLOCK)
            yield self.lexicon.transform(self.passages[rows], self.vectors[rows])

    def take(self, rows: Labels) -> Features:
        """Return the features of some passages."""
        if len(self.passages) <= BLOCK:
            return self._only[rows]
        return self.lexicon.transform([self.passages[i] for i in rows.tolist()], self.vectors[rows])

    @cached_property
    def _only(self) -> Features:
        return self.lexicon.transform(self.passages, self.vectors)


def meaning(joint: Matrix) -> Matrix:
    """Return the part of joint features that does not depend on a vocabulary, unit rows."""
    return unit(joint[:, : joint.shape[1] - DIMENSIONS])
