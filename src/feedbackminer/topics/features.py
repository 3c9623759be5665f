"""The space that topics are found in: what a passage means beside which words it uses.

Sentence vectors know that "crashes" and "freezes" are near; they blur names ("Hibernate",
"Spring"). A sixth of each vector is therefore given to the passage's own words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from feedbackminer.vectors import Matrix, as_stored, unit

WORD_PATTERN = r"(?u)\b[^\W\d_][^\W_]*(?:[-'’+#.][^\W_]+)*\b"
WORD_SHARE = 0.15  # of a vector's squared length
DIMENSIONS = 128
MIN_DOCUMENTS, MAX_SHARE = 3, 0.3  # a word in fewer, or in more of them, says nothing


@dataclass(frozen=True)
class Words:
    """The vocabulary, each word with its weight and its place in latent semantic space.

    TF-IDF and truncated SVD (Deerwester et al. 1990, doi:10.1002/(SICI)1097-4571).
    """

    vocabulary: tuple[str, ...]
    idf: NDArray[np.float64]  # shape (words,)
    places: Matrix  # shape (words, DIMENSIONS)

    @classmethod
    def fit(cls, passages: Sequence[str]) -> Self:
        """Learn the vocabulary of some passages; it may turn out to be empty."""
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectorizer = TfidfVectorizer(
            sublinear_tf=True,
            min_df=min(MIN_DOCUMENTS, len(passages)),
            max_df=max(MAX_SHARE, min(1.0, 2 * MIN_DOCUMENTS / max(1, len(passages)))),
            stop_words="english",
            token_pattern=WORD_PATTERN,
        )
        try:
            weighted = vectorizer.fit_transform(passages)
        except ValueError:  # no word is left
            return cls.empty()
        rank = min(DIMENSIONS, weighted.shape[1] - 1, weighted.shape[0] - 1)
        if rank < 2:
            return cls.empty()
        svd = TruncatedSVD(rank, random_state=0).fit(weighted)
        places = np.zeros((weighted.shape[1], DIMENSIONS), dtype=np.float32)
        places[:, :rank] = svd.components_.T
        return cls(tuple(vectorizer.get_feature_names_out()), vectorizer.idf_, as_stored(places))

    @classmethod
    def empty(cls) -> Self:
        """Know no word at all."""
        return cls((), np.zeros(0), np.zeros((0, DIMENSIONS), dtype=np.float32))

    def weigh(self, passages: Sequence[str]) -> csr_matrix:
        """Return the TF-IDF weight of each word in each passage, shape (passages, words)."""
        from sklearn.feature_extraction.text import CountVectorizer
        from sklearn.preprocessing import normalize

        if not self.vocabulary:
            return csr_matrix((len(passages), 0))
        counter = CountVectorizer(vocabulary=self.vocabulary, token_pattern=WORD_PATTERN)
        counts = counter.transform(passages).astype(np.float64)
        counts.data = 1 + np.log(counts.data)
        return normalize(counts.multiply(self.idf).tocsr())

    def join(self, vectors: Matrix, weights: csr_matrix) -> Matrix:
        """Return vectors of meaning and words together, unit rows."""
        places = unit((weights @ self.places).astype(np.float32))
        parts = (np.sqrt(1 - WORD_SHARE) * vectors, np.sqrt(WORD_SHARE) * places)
        return unit(np.hstack(parts).astype(np.float32))


def meaning(joined: Matrix) -> Matrix:
    """Return the part of joined vectors that does not depend on a vocabulary, unit rows."""
    return unit(joined[:, : joined.shape[1] - DIMENSIONS])
