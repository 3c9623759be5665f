"""Train the matcher of key points on pairs of sentences that people judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedbackminer.keypoints.choose import SAYS_SO
from feedbackminer.keypoints.matching import (
    MEASURES,
    Matcher,
    Wording,
    measures,
    read_wording,
)
from feedbackminer.research.data import labels, tags
from feedbackminer.research.data.labels import Pair
from feedbackminer.research.data.tags import LabelledText
from feedbackminer.research.examples import OUR_LICENCE, Sources
from feedbackminer.tagging.head_tagger import load_tagger

STRENGTH = 0.03  # inverse strength of the penalty
SPREAD = 20.0  # by which products of dimensions, small numbers, are scaled in the fit
Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Compared:
    """Pairs as the matcher sees them, one row each."""

    features: Matrix  # MEASURES, then the products of the centred vectors
    truth: NDArray[np.bool_]

    @classmethod
    def of(cls, wording: Wording, pairs: NDArray[np.int64], truth: Sequence[bool]) -> Compared:
        """Compare rows of one wording: pairs of (point, sentence)."""
        points, sentences = wording.take(pairs[:, 0]), wording.take(pairs[:, 1])
        block = 200
        rows = [
            np.stack([np.diagonal(m) for m in measures(points.take(part), sentences.take(part))], 1)
            for part in np.array_split(np.arange(len(pairs)), max(1, len(pairs) // block))
        ]
        products = points.centred * sentences.centred
        return cls(np.hstack([np.vstack(rows), products]), np.array(truth, bool))


def fit_matcher(parts: Sequence[Compared], *, strength: float = STRENGTH) -> Matcher:
    """Fit a logistic regression over measures and products."""
    from sklearn.linear_model import LogisticRegression

    features = np.vstack([part.features for part in parts])
    n = len(MEASURES)
    scale = np.append(features[:, :n].std(axis=0), np.full(features.shape[1] - n, 1 / SPREAD))
    model = LogisticRegression(C=strength, max_iter=3_000)
    model.fit(features / scale, np.concatenate([part.truth for part in parts]))
    weights = (model.coef_[0] / scale).astype(np.float32)
    return Matcher(weights[:n], weights[n:], float(model.intercept_[0]))


def compare(rows: Sequence[Pair], sources: Sources) -> list[Compared]:
    """Return pairs as the matcher sees them, each set on its own."""
    folders = [sources.heads] if sources.heads else []
    headlines = load_tagger(sources.encoder.name, *folders).headlines
    compared = []
    for name in sorted({row.data for row in rows}):
        pairs = [row for row in rows if row.data == name]
        texts = sorted({text for row in pairs for text in (row.point, row.sentence)})
        rows_of_texts = [LabelledText(name, text, text, "") for text in texts]
        encoded = tags.encode(rows_of_texts, sources.encoder, sources.cache)
        chances = headlines(texts, encoded.layer_mean)
        row_of = {text: row for row, text in enumerate(texts)}
        indices = np.array([(row_of[pair.point], row_of[pair.sentence]) for pair in pairs])
        wording = read_wording(texts, encoded.vectors, chances)
        compared.append(Compared.of(wording, indices, [pair.is_same for pair in pairs]))
    return compared


def train_matcher(sources: Sources, folder: Path) -> dict[str, Any]:
    """Train, measure on pairs that nothing is trained on, and write; returns the card."""
    rows = labels.load_pairs(sources.data, sources.labels / labels.PAIRS)
    unseen = labels.load_pairs(sources.data, sources.labels / labels.UNSEEN_PAIRS)
    seen = {text for row in unseen for text in (row.point, row.sentence)}
    rows = [row for row in rows if not {row.point, row.sentence} <= seen]
    matcher = fit_matcher(compare(rows, sources))

    names = sorted({row.data for row in unseen})
    card = {
        "name": "matcher",
        "intended_use": "Whether a sentence says what a key point says; counted over members.",
        "encoder": sources.encoder.name,
        "trained_on": [
            {
                "name": labels.PAIRS,
                "rows": len(rows),
                "licence": OUR_LICENCE,
                "sha256": tags.hash_of(sources.labels / labels.PAIRS),
            }
        ],
        "measured_on": f"{labels.UNSEEN_PAIRS}, pairs that it was not trained on; urho3d is a site "
        "that nothing was trained on, its pairs are those that a matcher before this took for one",
        "by_set": {
            name: _figures(matcher, part)
            for name, part in zip(names, compare(unseen, sources), strict=True)
        },
    }
    matcher.save(folder, card)
    return card


def _figures(matcher: Matcher, compared: Compared) -> dict[str, float]:
    """Return how well pairs are told, by the matcher and by the cosine alone."""
    from sklearn.metrics import average_precision_score

    truth, scores = compared.truth, _log_odds(matcher, compared.features)
    cosine = compared.features[:, MEASURES.index("centred_cosine")]
    said = scores >= np.log(SAYS_SO / (1 - SAYS_SO))
    figures = {
        "share": truth.mean(),
        "average_precision": average_precision_score(truth, scores),
        "of_cosine": average_precision_score(truth, cosine),
        "precision": truth[said].mean(),
        "recall": said[truth].mean(),
    }
    return {"pairs": len(truth)} | {name: round(float(x), 3) for name, x in figures.items()}


def _log_odds(matcher: Matcher, features: Matrix) -> Matrix:
    weights = np.concatenate([matcher.measures, matcher.products])
    scores: Matrix = features @ weights + matcher.bias
    return scores
