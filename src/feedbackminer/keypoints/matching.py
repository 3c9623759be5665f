"""Which sentences say which points: by how near their vectors lie, and the numbers they name.

The task is key point matching (Bar-Haim et al., ACL 2020): does a sentence say what a key point
says? The vectors are of an encoder that was trained for it, see :mod:`embed.bi_encoder`. To it one
version is like another, and “does not start in 5.2” is not said by those who speak of 4.10.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LIKELY = 0.3  # probability below which a pair is not kept
BLOCK = 256  # points that are compared at once
STEM = 5  # letters: “connecting” and “connection” are one word
_WORD = re.compile(r"[^\W\d_]{2,}")
_NUMBER = r"\b\d+(?:\.\d+)*\b"  # of a version, a year, an error; not in a name like DS18B20
Matrix = NDArray[np.float32]
# Returns unit vectors of sentences, one row each.
Encode = Callable[[Sequence[str]], Matrix]
# Returns how probable it is that sentences say points, from unit vectors of both.
Chances = Callable[[Matrix, Matrix], Matrix]


@dataclass(frozen=True)
class Wording:
    """Sentences as they are compared, one row each.

    Attributes:
        vectors: unit vectors.
        numbers: which they name, sparse, shape (sentences, numbers).
        words: how much each of their words tells, sparse, shape (sentences, words).
    """

    vectors: Matrix
    numbers: Any
    words: Any

    def __getitem__(self, rows: NDArray[np.int64] | slice) -> Wording:
        """Return some of the sentences."""
        return Wording(self.vectors[rows], self.numbers[rows], self.words[rows])


def read_wording(texts: Sequence[str], vectors: Matrix) -> Wording:
    """Return sentences that are to be compared with each other."""
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

    numbers = CountVectorizer(token_pattern=_NUMBER, binary=True, dtype=np.float32)
    words = TfidfVectorizer(analyzer=_stems, binary=True, norm=None, dtype=np.float32)
    return Wording(vectors, _fitted(numbers, texts), _fitted(words, texts))


def _fitted(vectorizer: Any, texts: Sequence[str]) -> Any:
    from scipy.sparse import csr_matrix

    try:
        return vectorizer.fit_transform(texts)
    except ValueError:  # no text has any
        return csr_matrix((len(texts), 1), dtype=np.float32)


def _stems(text: str) -> Iterator[str]:
    """Yield the words of a text that tell something, each by how it begins."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    for word in _WORD.findall(text.lower()):
        if word not in ENGLISH_STOP_WORDS:
            yield word[:STEM]


def compare(
    points: Wording, sentences: Wording, chances: Chances, *, of: NDArray[np.int64] | None = None
) -> Any:
    """Return the probability with which sentences say points, sparse: (points, sentences).

    Pairs that are unlikely are not there, nor are sentences that lack a number of the point. A
    sentence says what a part of it says.

    Args:
        of: the row of the sentence that each point is, or is a part of.
    """
    from scipy.sparse import csr_matrix, vstack

    blocks = [csr_matrix((0, len(sentences.vectors)), dtype=np.float32)]
    for start in range(0, len(points.vectors), BLOCK):
        rows = slice(start, start + BLOCK)
        of_block = points[rows]
        block = chances(of_block.vectors, sentences.vectors)
        block[block < LIKELY] = 0
        n_numbers = np.asarray(of_block.numbers.sum(axis=1)).ravel()
        numbered = np.flatnonzero(n_numbers)
        shared = (of_block.numbers[numbered] @ sentences.numbers.T).toarray()
        block[numbered] *= shared == n_numbers[numbered, None]
        if of is not None:
            block[np.arange(len(block)), of[rows]] = 1
        blocks.append(csr_matrix(block))
    return vstack(blocks, format="csr")
