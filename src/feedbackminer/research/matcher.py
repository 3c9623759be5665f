"""Train the matcher of key points on pairs of sentences that people judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from feedbackminer.keypoints.choose import SAYS_SO
from feedbackminer.keypoints.matching import MEASURES, Matcher, Wording, measures, read_wording
from feedbackminer.research.data import labels, tags
from feedbackminer.research.data.labels import Pair
from feedbackminer.research.data.tags import LabelledText
from feedbackminer.research.examples import OUR_LICENCE, Sources
from feedbackminer.tagging.head_tagger import load_tagger

BLOCK = 200  # pairs that are measured at once
Matrix = NDArray[np.float32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Compared:
    """Pairs as the matcher sees them, one row each."""

    pairs: Sequence[tuple[str, str]]  # a point and a sentence
    measures: Matrix  # shape (pairs, MEASURES)
    truth: Flags

    @classmethod
    def of(cls, wording: Wording, rows: NDArray[np.int64], truth: Sequence[bool]) -> Self:
        """Compare rows of one wording: pairs of (point, sentence)."""
        points, sentences = wording.take(rows[:, 0]), wording.take(rows[:, 1])
        measured = [
            np.stack([np.diagonal(m) for m in measures(points.take(part), sentences.take(part))], 1)
            for part in np.array_split(np.arange(len(rows)), max(1, len(rows) // BLOCK))
        ]
        pairs = list(zip(points.texts, sentences.texts, strict=True))
        return cls(pairs, np.vstack(measured), np.array(truth, bool))

    def log_odds(self, matcher: Matcher) -> Matrix:
        """Return the log-odds that a matcher gives the pairs."""
        log_odds: Matrix = self.measures @ matcher.weights + matcher.bias
        return log_odds

    def only(self, rows: Flags) -> Self:
        """Return some of the pairs."""
        pairs = [pair for pair, is_kept in zip(self.pairs, rows, strict=True) if is_kept]
        return type(self)(pairs, self.measures[rows], self.truth[rows])

    @classmethod
    def together(cls, parts: Sequence[Self]) -> Self:
        """Return the pairs of several as one."""
        return cls(
            [pair for part in parts for pair in part.pairs],
            np.vstack([part.measures for part in parts]),
            np.concatenate([part.truth for part in parts]),
        )


def fit_matcher(compared: Compared) -> Matcher:
    """Fit a logistic regression over the measures."""
    from sklearn.linear_model import LogisticRegression

    scale = compared.measures.std(axis=0)
    model = LogisticRegression(max_iter=3_000).fit(compared.measures / scale, compared.truth)
    return Matcher((model.coef_[0] / scale).astype(np.float32), float(model.intercept_[0]))


def compare(rows: Sequence[Pair], sources: Sources) -> dict[str, Compared]:
    """Return pairs as the matcher sees them, by set."""
    folders = [sources.heads] if sources.heads else []
    headlines = load_tagger(sources.encoder.name, *folders).headlines
    compared = {}
    for name in sorted({row.data for row in rows}):
        pairs = [row for row in rows if row.data == name]
        texts = sorted({text for row in pairs for text in (row.point, row.sentence)})
        rows_of_texts = [LabelledText(name, text, text, "") for text in texts]
        encoded = tags.encode(rows_of_texts, sources.encoder, sources.cache)
        chances = headlines(texts, encoded.layer_mean)
        row_of = {text: row for row, text in enumerate(texts)}
        indices = np.array([(row_of[pair.point], row_of[pair.sentence]) for pair in pairs])
        wording = read_wording(texts, encoded.vectors, chances)
        compared[name] = Compared.of(wording, indices, [pair.is_same for pair in pairs])
    return compared


def training_pairs(sources: Sources) -> tuple[list[Pair], list[Pair]]:
    """Return pairs to train on, and those to measure with, which share no sentence with them."""
    rows = labels.load_pairs(sources.data, sources.labels / labels.PAIRS)
    unseen = labels.load_pairs(sources.data, sources.labels / labels.UNSEEN_PAIRS)
    seen = {text for row in unseen for text in (row.point, row.sentence)}
    return [row for row in rows if not {row.point, row.sentence} & seen], unseen


def train_matcher(sources: Sources, folder: Path) -> dict[str, Any]:
    """Train, measure on pairs that nothing is trained on, and write; returns the card."""
    rows, unseen = training_pairs(sources)
    matcher = fit_matcher(Compared.together([*compare(rows, sources).values()]))
    card = card_of("matcher", len(rows), sources) | {
        "by_set": {
            name: figures(part, part.log_odds(matcher))
            for name, part in compare(unseen, sources).items()
        },
    }
    matcher.save(folder, card)
    return card


def card_of(name: str, n_rows: int, sources: Sources) -> dict[str, Any]:
    """Return what is told of a model that was trained on pairs."""
    return {
        "name": name,
        "intended_use": "Whether a sentence says what a key point says; counted over members.",
        "threshold": SAYS_SO,
        "encoder": sources.encoder.name,
        "trained_on": [
            {
                "name": labels.PAIRS,
                "rows": n_rows,
                "licence": OUR_LICENCE,
                "sha256": tags.hash_of(sources.labels / labels.PAIRS),
            }
        ],
        "measured_on": f"{labels.UNSEEN_PAIRS}: no sentence of it was trained on; urho3d is a site "
        "that nothing was trained on, its pairs are those that a matcher before this took for one",
    }


def figures(compared: Compared, log_odds: Matrix) -> dict[str, float]:
    """Return how well pairs are told, by log-odds and by the cosine alone."""
    from sklearn.metrics import average_precision_score

    truth = compared.truth
    cosine = compared.measures[:, MEASURES.index("centred_cosine")]
    said = log_odds >= np.log(SAYS_SO / (1 - SAYS_SO))
    values = {
        "share": truth.mean(),
        "average_precision": average_precision_score(truth, log_odds),
        "of_cosine": average_precision_score(truth, cosine),
        "precision": truth[said].mean() if said.any() else 0.0,
        "recall": said[truth].mean(),
    }
    return {"pairs": len(truth)} | {name: round(float(x), 3) for name, x in values.items()}
