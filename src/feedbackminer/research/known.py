"""The head that tells whether texts are like those that the others know."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from feedbackminer.research.cards import LIMITS
from feedbackminer.research.data import labels, tags
from feedbackminer.research.data.tags import LabelledText
from feedbackminer.research.examples import Sources, described
from feedbackminer.tagging import features
from feedbackminer.tagging.features import Matrix
from feedbackminer.tagging.fit import Examples, Fitted, Recipe, scoring

OTHER_SORTS = ("goemotions", "senti4sd", "vader", "gitbugs")  # of texts
MOST_OF_A_SET, SAMPLE = 4_000, 200  # texts


def train_known(sources: Sources, recipe: Recipe) -> Fitted:
    """Tell our posts and reviews from texts of other sorts; the limit is what communities reach.

    Each community is left out once: of samples of it, one in twenty may fall below the limit.
    """
    draw = random.Random(recipe.seed)  # noqa: S311
    ours = labels.load_labels(sources.data, sources.labels / labels.OWN)
    others = [
        row
        for set_ in OTHER_SORTS
        for row in _some(
            [r for r in tags.load(sources.data, set_) if r.split != "validation"], draw
        )
    ]
    communities = sorted({row.data for row in ours})
    rows = [*(row for name in communities for row in _some(_of(ours, name), draw)), *others]
    examples = _examples(rows)
    sets = np.array([row.data for row in rows])
    limits = []
    for name in communities:
        rest, left_out = (
            examples.take(np.flatnonzero(part)) for part in (sets != name, sets == name)
        )
        head = scoring(rest, recipe)
        chances = head.calibrated(head.scores(left_out.dense, left_out.words), left_out.genres)[
            :, 0
        ]
        limits.append(_low_mean(chances, recipe.seed))

    head = scoring(examples, recipe)
    card = {
        "intended_use": "Whether a sample of texts is like those that the heads know.",
        "limits": LIMITS,
        "recipe": {"seed": recipe.seed, "alpha": recipe.alpha},
        "trained_on": described(rows, sources),
        "measured_on": f"samples of {SAMPLE} texts of each community, which was left out",
        "limit": round(min(limits), 4),
        "left_out": dict(zip(communities, [round(limit, 4) for limit in limits], strict=True)),
        "by_label": {},
    }
    return Fitted(replace(head, card=card), np.zeros((0, 1), np.float32))


def _of(rows: Sequence[LabelledText], name: str) -> list[LabelledText]:
    return [row for row in rows if row.data == name and row.text]


def _some(rows: list[LabelledText], draw: random.Random) -> list[LabelledText]:
    return draw.sample(rows, min(len(rows), MOST_OF_A_SET))


def _low_mean(chances: Matrix, seed: int) -> float:
    """Return what the means of 95 % of samples exceed."""
    generator = np.random.default_rng(seed)
    draws = generator.integers(0, len(chances), (1_000, SAMPLE))
    return float(np.quantile(chances[draws].mean(axis=1), 0.05))


def _examples(rows: Sequence[LabelledText]) -> Examples:
    read = features.read([row.text for row in rows])
    nothing = np.zeros((len(rows), 0), np.float32)
    sizes = Counter(row.data for row in rows)
    return Examples(
        dense=features.dense(read, nothing, nothing),
        words=features.words(read),
        truth=np.array([[row.is_ours] for row in rows], np.float32),
        weight=np.array([1 / sizes[row.data] for row in rows], np.float32),
        typical=np.ones(len(rows), np.float32),
        groups=np.array([row.group for row in rows], dtype=object),
        genres=np.zeros(len(rows), np.int64),
    )
