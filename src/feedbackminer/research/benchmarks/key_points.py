"""Key point matching on files of the shared task's shape (Friedman et al. 2021, track 1)."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedbackminer.embed.bi_encoder import BiEncoder, shipped_bi_encoder
from feedbackminer.errors import InputError

KEPT = 0.5  # of the arguments of a group, those with the highest scores
TINY = 1e-6  # what does not vary is not scaled up
SHRUNK = 0.003  # inverse strength of the penalty on weights
RIVAL = 0.5  # how much the next best key point speaks against the best
Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Group:
    """The arguments and key points of one stance on a topic; rows are those of its wording."""

    topic: str
    arguments: Sequence[str]
    key_points: Sequence[str]


Read = tuple[Group, Matrix]  # with each argument and key point: the products of their vectors


@dataclass(frozen=True)
class Debates:
    """Arguments, key points, and which of them match."""

    texts: Mapping[str, str]
    groups: Sequence[Group]
    labels: Mapping[tuple[str, str], bool]  # (argument, key point); undecided pairs are missing

    @property
    def topics(self) -> list[str]:
        """Return the topics, each once."""
        return sorted({group.topic for group in self.groups})


@dataclass(frozen=True)
class Score:
    """Means over groups; undecided pairs are wrong, or right.

    ``strict`` and ``relaxed`` are average precision times the share that is right, as the data
    set's description has it; the other two are average precision alone, as the shared task's own
    script computes it.
    """

    strict: float
    relaxed: float
    strict_of_script: float
    relaxed_of_script: float


def read_debates(folder: Path) -> Debates:
    """Read every ``*.jsonl`` and ``*.jsonl.gz`` of a folder.

    Raises:
        InputError: there is none, or a line is not of the shape.
    """
    files = sorted((*folder.glob("*.jsonl"), *folder.glob("*.jsonl.gz")))
    if not files:
        raise InputError(f"{folder}: holds no .jsonl or .jsonl.gz file")
    texts: dict[str, str] = {}
    labels: dict[tuple[str, str], bool] = {}
    members: dict[tuple[str, int], dict[str, list[str]]] = defaultdict(
        lambda: {"argument": [], "key_point": []}
    )
    for file in files:
        for number, row in _rows(file):
            try:
                if row["row"] == "label":
                    labels[row["argument"], row["key_point"]] = bool(row["match"])
                else:
                    texts[row["id"]] = row["text"]
                    members[row["topic"], row["stance"]][row["row"]].append(row["id"])
            except (KeyError, TypeError) as error:
                raise InputError(
                    f"{file}, line {number}: lacks {error}; want rows of argument, key_point "
                    "(id, text, topic, stance) and label (argument, key_point, match)"
                ) from None
    groups = [
        Group(topic, rows["argument"], rows["key_point"])
        for (topic, _), rows in members.items()
        if rows["argument"] and rows["key_point"]
    ]
    return Debates(texts, groups, labels)


def _rows(file: Path) -> list[tuple[int, dict[str, Any]]]:
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="utf-8") as lines:
        try:
            return [(number, json.loads(line)) for number, line in enumerate(lines, 1)]
        except (ValueError, OSError) as error:
            raise InputError(f"{file}: cannot be read: {error}") from None


def measure(folder: Path, *, leave_one_out: bool) -> Score:
    """Measure the shipped matcher, or one whose dimensions are weighed anew for each topic.

    Raises:
        InputError: the folder holds nothing of the shape.
    """
    debates = read_debates(folder)
    matcher = shipped_bi_encoder()
    read = [(group, _products(group, debates, matcher)) for group in debates.groups]
    if leave_one_out:
        weights = {topic: _fitted(read, debates, topic) for topic in debates.topics}
    else:  # a cosine is the sum of the products
        weights = dict.fromkeys(debates.topics, np.ones(read[0][1].shape[2], np.float32))
    figures = [
        _of_group(group, debates, products @ weights[group.topic]) for group, products in read
    ]
    return Score(*np.mean(figures, axis=0).tolist())


def _products(group: Group, debates: Debates, matcher: BiEncoder) -> Matrix:
    """Return those of each argument and key point, by dimension."""
    arguments, points = (
        matcher.encode([debates.texts[text_id] for text_id in ids])
        for ids in (group.arguments, group.key_points)
    )
    products: Matrix = arguments[:, None] * points
    return products


def _fitted(read: Sequence[Read], debates: Debates, topic: str) -> Matrix:
    """Return weights of the dimensions, fitted to all topics but one."""
    from sklearn.linear_model import LogisticRegression

    rows, truth = [], []
    for group, products in read:
        for a, argument in enumerate(group.arguments):
            for p, point in enumerate(group.key_points):
                if group.topic != topic and (argument, point) in debates.labels:
                    rows.append(products[a, p])
                    truth.append(debates.labels[argument, point])
    if not rows:
        raise InputError(f"one topic ({topic!r}) alone leaves nothing to fit to")
    stacked = np.stack(rows)
    scale = np.maximum(stacked.std(axis=0), TINY)
    model = LogisticRegression(C=SHRUNK, max_iter=3_000).fit(stacked / scale, truth)
    weights: Matrix = (model.coef_[0] / scale).astype(np.float32)
    return weights


def _of_group(group: Group, debates: Debates, log_odds: Matrix) -> tuple[float, ...]:
    """Return what ``Score`` tells of the half that is surest of its key point.

    Args:
        log_odds: up to a constant, shape (arguments, key points).
    """
    scores = _against_rivals(log_odds)
    best, sureness = scores.argmax(axis=1), scores.max(axis=1)
    kept = np.argsort(-sureness, kind="stable")[: max(1, int(len(best) * KEPT))]
    pairs = [(group.arguments[row], group.key_points[best[row]]) for row in kept]
    is_right = [
        np.array([debates.labels.get(pair, undecided) for pair in pairs], float)
        for undecided in (False, True)
    ]
    alone = [_average_precision(right) for right in is_right]
    return *(ap * right.mean() for ap, right in zip(alone, is_right, strict=True)), *alone


def _against_rivals(log_odds: Matrix) -> Matrix:
    """Return log-odds, less a part of those of the best other key point of the same argument."""
    if log_odds.shape[1] < 2:
        return log_odds
    ordered = np.sort(log_odds, axis=1)
    is_best = log_odds == ordered[:, [-1]]
    rival = np.where(is_best, ordered[:, [-2]], ordered[:, [-1]])
    against: Matrix = (log_odds - RIVAL * rival).astype(np.float32)
    return against


def _average_precision(right: NDArray[np.float64]) -> float:
    """Return the mean, over what is right in a ranking, of the share that is right up to it."""
    if not right.any():
        return 0.0
    precisions = np.cumsum(right) / np.arange(1, len(right) + 1)
    return float(precisions[right > 0].mean())
