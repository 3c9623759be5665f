"""Which words stand where: read once, for all that names are drawn from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.sparse import csr_matrix

from feedbackminer.topics.labels import Labels
from feedbackminer.topics.naming.stopwords import WORD


@dataclass(frozen=True)
class WordUse:
    """How often which words stand in which passages, and the thread of each passage."""

    counts: csr_matrix  # shape (passages, words)
    words: Sequence[str]  # as they are spelt
    threads: Labels

    @classmethod
    def of(cls, passages: Sequence[str], threads: Labels) -> Self:
        """Read all passages."""
        from sklearn.feature_extraction.text import CountVectorizer

        counter = CountVectorizer(token_pattern=WORD, lowercase=False)
        try:
            counts = counter.fit_transform(passages)
        except ValueError:  # no word at all
            return cls(csr_matrix((len(passages), 0), dtype=np.int64), (), threads)
        return cls(counts, counter.get_feature_names_out().tolist(), threads)

    def folded(self, fold: Callable[[str], str]) -> tuple[dict[str, int], csr_matrix]:
        """Bring words together that are one when folded.

        Returns:
            the number of each folded word, and which words are which, shape (words, folded words).
        """
        numbers: dict[str, int] = {}
        number_of = [numbers.setdefault(fold(word), len(numbers)) for word in self.words]
        ones = np.ones(len(self.words), np.int64)
        shape = (len(self.words), len(numbers))
        return numbers, csr_matrix((ones, (np.arange(len(self.words)), number_of)), shape=shape)

    def n_capitalised(self) -> Counter[str]:
        """Return how often each word stands with a capital letter, by the word in small ones."""
        capitalised: Counter[str] = Counter()
        for word, n in zip(self.words, self.counts.sum(axis=0).A1.tolist(), strict=True):
            if word[:1].isupper():
                capitalised[word.lower()] += n
        return capitalised
