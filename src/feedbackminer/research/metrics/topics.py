"""How good topics are: against labels of people, against each other, and by their words.

Topics are numbers, -1 where a text has none; against labels those without count as one topic.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
NONE = -1
ABSENT = -2  # a text that was not looked at
TOP = 10  # words of a topic that are looked at
WINDOW = 110  # words that C_v looks at once
LEAST = 1e-12  # added to shares, as all published figures have it: never together is not quite −1


def nmi(gold: Labels, found: Labels) -> float:
    """Return I(gold; found) / mean(H(gold), H(found)); 0 to 1, and high for very many topics.

    Strehl and Ghosh 2002, JMLR 3; with the arithmetic mean it is V-measure (Rosenberg and
    Hirschberg 2007, D07-1043). By counts alone, for it is asked thousands of times; scikit-learn's
    is the same.
    """
    if not len(gold):
        return np.nan
    counts = _crossed(gold, found)
    of_gold, of_found = counts.sum(axis=1), counts.sum(axis=0)
    mean = (_entropy(of_gold) + _entropy(of_found)) / 2
    if mean == 0:  # one label and one topic
        return 1.0
    together = _entropy(of_gold) + _entropy(of_found) - _entropy(counts.ravel())
    return float(np.clip(together / mean, 0, 1))


def ami(gold: Labels, found: Labels) -> float:
    """Return mutual information adjusted for chance: 0 by chance, 1 where equal; may be below 0.

    Vinh et al. 2010, JMLR 11, with the arithmetic mean.
    """
    from sklearn.metrics import adjusted_mutual_info_score

    return float(adjusted_mutual_info_score(gold, found)) if len(gold) else np.nan


def ari(gold: Labels, found: Labels) -> float:
    """Return the Rand index adjusted for chance: 0 by chance, 1 where equal; -0.5 at least.

    Hubert and Arabie 1985, Journal of Classification 2, equation 5.
    """
    if not len(gold):
        return np.nan
    counts = _crossed(gold, found)
    pairs, of_gold, of_found = (
        _pairs(each) for each in (counts.ravel(), counts.sum(axis=1), counts.sum(axis=0))
    )
    every = _pairs(np.array([len(gold)]))
    expected = of_gold * of_found / every if every else 0.0
    most = (of_gold + of_found) / 2
    return float((pairs - expected) / (most - expected)) if most != expected else 1.0


def purity(gold: Labels, found: Labels) -> float:
    """Return the share of texts whose label is the commonest of their topic; 1 where each is alone.

    Manning et al. 2008, Introduction to Information Retrieval, equation 16.1.
    """
    if not len(gold):
        return np.nan
    return float(_crossed(gold, found).max(axis=0).sum() / len(gold))


def _crossed(gold: Labels, found: Labels) -> NDArray[np.float64]:
    """Return how many texts have which label and which topic; both may be -1."""
    one, other = gold - gold.min(), found - found.min()
    shape = (int(one.max()) + 1, int(other.max()) + 1)
    counts = np.bincount(one * shape[1] + other, minlength=shape[0] * shape[1])
    return counts.reshape(shape).astype(np.float64)


def _entropy(counts: NDArray[np.float64]) -> float:
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())


def _pairs(counts: NDArray[np.float64]) -> float:
    return float((counts * (counts - 1) / 2).sum())


def coverage(found: Labels) -> float:
    """Return the share of texts that have a topic; 0 to 1."""
    return float(np.mean(found != NONE)) if len(found) else np.nan


def n_topics(found: Labels) -> float:
    """Return how many topics there are."""
    return float(len(np.unique(found[found != NONE])))


def agreement(fits: Sequence[Labels]) -> float:
    """Return the mean adjusted mutual information of pairs of fits; nan of fewer than two.

    Fits of other seeds, of samples, or of another time. Where a fit has ``ABSENT`` it was not given
    the text; a pair is compared over what both were given.
    """
    pairs = [_over_both(one, other) for one, other in combinations(fits, 2)]
    return float(np.mean(pairs)) if pairs else np.nan


def _over_both(one: Labels, other: Labels) -> float:
    both = (one != ABSENT) & (other != ABSENT)
    return ami(one[both], other[both])


def diversity(words: Sequence[Sequence[str]], top: int = TOP) -> float:
    """Return the share of distinct ones among the strongest words of all topics; 0 to 1.

    Dieng et al. 2020, Topic Modeling in Embedding Spaces, section 5.
    """
    every = [word for of_topic in words for word in of_topic[:top]]
    return len({*every}) / len(every) if every else np.nan


def npmi(words: Sequence[Sequence[str]], texts: Sequence[Sequence[str]], top: int = TOP) -> float:
    """Return the mean over topics and pairs of their words of normalised mutual information.

    log(p(a, b) / p(a) p(b)) / −log p(a, b), with p the share of texts that hold the words: 1
    where they always stand together, 0 by chance, nearly −1 where they never do. Bouma 2009; Lau
    et al. 2014, E14-1056.

    Args:
        words: of each topic, the strongest first; ``texts``: the words of each text.
    """
    held = _Held.of(words, texts, top)
    scores = [held.npmi(a, b) for of_topic in words for a, b in combinations(of_topic[:top], 2)]
    return float(np.mean(scores)) if scores else np.nan


def c_v(words: Sequence[Sequence[str]], texts: Sequence[Sequence[str]], top: int = TOP) -> float:
    """Return the coherence C_v: how alike the company is that the words of a topic keep; 0 to 1.

    Each word has a vector of its normalised mutual information with every word of its topic, by
    windows of 110 words; the mean cosine of these to their sum (Röder et al. 2015,
    doi:10.1145/2684822.2685324, sections 3.1 to 3.4).
    """
    windows = [window for text in texts for window in _windows(text)]
    held = _Held.of(words, windows, top)
    scores = []
    for of_topic in words:
        company = of_topic[:top]
        vectors = np.array([[held.npmi(a, b) for b in company] for a in company])
        if len(company) > 1:
            scores.append(float(np.mean([_cosine(one, vectors.sum(axis=0)) for one in vectors])))
    return float(np.mean(scores)) if scores else np.nan


def intruder_gap(
    words: Sequence[Sequence[str]], texts: Sequence[Sequence[str]], top: int = 5
) -> float:
    """Return how much better words of a topic go together than one with an intruder; −2 to 2.

    An intruder is the strongest word of another topic that is not among the topic's own; the gap
    is the mean of NPMI within topics less that of their words with their intruder. It is what
    people are asked to see (Chang et al. 2009, Reading Tea Leaves), by counting.
    """
    held = _Held.of(words, texts, top)
    gaps = []
    for number, of_topic in enumerate(words):
        own = of_topic[:top]
        others = (word for turn in range(1, len(words))
                  for word in words[(number + turn) % len(words)][:1])  # fmt: skip
        intruder = next((word for word in others if word not in of_topic), None)
        if intruder is not None and len(own) > 1:
            within = [held.npmi(a, b) for a, b in combinations(own, 2)]
            gaps.append(np.mean(within) - np.mean([held.npmi(word, intruder) for word in own]))
    return float(np.mean(gaps)) if gaps else np.nan


class _Held:
    """Which texts hold which words."""

    def __init__(self, rows_of: dict[str, set[int]], n: int) -> None:
        self._rows_of, self._n = rows_of, n

    @classmethod
    def of(cls, words: Sequence[Sequence[str]], texts: Sequence[Sequence[str]], top: int) -> _Held:
        rows_of: dict[str, set[int]] = {
            word: set() for of_topic in words for word in of_topic[:top]
        }
        for number, text in enumerate(texts):
            for word in rows_of.keys() & {*text}:
                rows_of[word].add(number)
        return cls(rows_of, len(texts))

    def npmi(self, one: str, other: str) -> float:
        a, b = self._rows_of[one], self._rows_of[other]
        together = len(a & b)
        if not a or not b:
            return 0.0
        if together == self._n:  # both in every text
            return 1.0
        joint = together / self._n + LEAST
        return float(np.log(joint * self._n**2 / (len(a) * len(b))) / -np.log(joint))


def _windows(text: Sequence[str]) -> list[Sequence[str]]:
    return [text[start : start + WINDOW] for start in range(max(1, len(text) - WINDOW + 1))]


def _cosine(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / lengths if lengths else 0.0
