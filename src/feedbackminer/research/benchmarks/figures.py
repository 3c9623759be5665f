"""What a benchmark of tags tells: one line a figure, and how its values are computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from feedbackminer.research.data.tags import LabelledText
from feedbackminer.research.metrics.intervals import bootstrap
from feedbackminer.tagging.tagger import Tag
from feedbackminer.vocabulary.tags import EXPERIENCES, KINDS, SENTIMENTS

Array = NDArray[Any]
SEED = 0
HALF = 0.5
SEVERE = (2, 3, 4)  # levels that posts are held to reach


@dataclass(frozen=True)
class Reference:
    """What another method, or one site alone, reaches; ``n`` is given where it is a share."""

    name: str
    value: float | None  # None: of no rows
    n: int | None = None


@dataclass(frozen=True)
class Figure:
    """One line of the benchmark.

    Attributes:
        what: is measured, on which data.
        measure: its name; all are 0 to 1.
        n: rows that it was measured on.
        value, low, high: ours with its 95 % interval; None where undefined.
        beside: what it is to be compared with.
        calibration_error: of the probabilities behind it, where they were measured.
    """

    what: str
    measure: str
    n: int
    value: float | None
    low: float | None
    high: float | None
    beside: tuple[Reference, ...] = ()
    calibration_error: float | None = None


COLUMNS = {
    "what": pl.String(),
    "measure": pl.String(),
    "n": pl.Int64(),
    "value": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "beside": pl.List(pl.Struct({"name": pl.String, "value": pl.Float64, "n": pl.Int64})),
    "calibration_error": pl.Float64(),
}


@dataclass(frozen=True)
class Label:
    """One label on the checked posts: what was given, what is true, and how probable it was."""

    name: str
    given: Array
    truth: Array
    chances: Array


def kinds(rows: Sequence[LabelledText], given: Sequence[Tag]) -> Iterator[Label]:
    chances = np.array([tag.kind_chances for tag in given])
    for k, kind in enumerate(KINDS):
        is_given = np.array([kind in tag.kinds for tag in given])
        truth = np.array([row.kinds[kind] for row in rows])
        yield Label(kind, is_given, truth, chances[:, k])


def feelings(rows: Sequence[LabelledText], given: Sequence[Tag]) -> Iterator[Label]:
    chances = np.array([tag.sentiment.chances for tag in given])
    for k, name in enumerate(SENTIMENTS):
        is_given = np.array([tag.sentiment.label == name for tag in given])
        truth = np.array([row.sentiment == name for row in rows])
        yield Label(name, is_given, truth, chances[:, k])


def experiences(rows: Sequence[LabelledText], given: Sequence[Tag]) -> Iterator[Label]:
    """Yield bad or mixed, and good or mixed, each given where it is likelier than not."""
    chances = np.array([tag.experience.chances for tag in given])
    mixed = EXPERIENCES.index("mixed")
    for name in ("bad", "good"):
        either = chances[:, EXPERIENCES.index(name)] + chances[:, mixed]
        truth = np.array([row.experience in (name, "mixed") for row in rows])
        yield Label(f"experience {name} or mixed", either >= HALF, truth, either)


def severities(rows: Sequence[LabelledText], given: Sequence[Tag]) -> Iterator[Label]:
    for level in SEVERE:
        is_given = np.array([(tag.severity or 0) >= level for tag in given])
        truth = np.array([(row.severity or 0) >= level for row in rows])
        yield Label(f"severity at least {level}", is_given, truth, np.array([]))


def measured(
    what: str,
    measure: str,
    pair: tuple[Array, Array],
    score: Callable[[Array, Array], float],
    beside: tuple[Reference, ...],
) -> Figure:
    """Score what was predicted, with an interval over rows; ``pair`` is (gold, predicted)."""
    gold, predicted = pair
    value, low, high = bootstrap(lambda rows: score(gold[rows], predicted[rows]), len(gold), SEED)
    return Figure(
        what=what,
        measure=measure,
        n=len(gold),
        value=value,
        low=low,
        high=high,
        beside=beside,
    )


def micro(gold: Array, predicted: Array) -> float:
    return float((gold == predicted).mean())


def share_of(name: str, is_true: Array) -> Reference:
    return Reference(name, float(is_true.mean()) if len(is_true) else None, len(is_true))
