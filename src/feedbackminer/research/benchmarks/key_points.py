"""Key point matching on files of the shared task's shape (Friedman et al. 2021, track 1)."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedbackminer.embed.bi_encoder import BiEncoder, shipped_bi_encoder
from feedbackminer.errors import InputError
from feedbackminer.research.data.labels import Pair
from feedbackminer.research.metrics.matching import match_precision

FOLDS = 7  # topics are left out some at a time: one by one it would take an hour
RIVAL = 0.5  # how much the next best key point speaks against the best
Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Group:
    """The arguments and key points of one stance on a topic; rows are those of its wording."""

    topic: str
    arguments: Sequence[str]
    key_points: Sequence[str]


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


def measure(
    folder: Path, *, leave_one_out: bool, progress: Callable[[str], object] = lambda _: None
) -> Score:
    """Measure the shipped matcher, or each topic by one that was trained on other topics alone.

    Raises:
        InputError: the folder holds nothing of the shape, or one topic where several are needed.
    """
    debates = read_debates(folder)
    matchers = (
        dict(_trained_on_others(debates, progress))
        if leave_one_out
        else dict.fromkeys(debates.topics, shipped_bi_encoder())
    )
    figures = [
        _of_group(group, debates, cosines(group, debates, matchers[group.topic].encode))
        for group in debates.groups
    ]
    return Score(*np.mean(figures, axis=0).tolist())


def _trained_on_others(
    debates: Debates, progress: Callable[[str], object]
) -> Iterator[tuple[str, BiEncoder]]:
    """Yield for each topic a matcher that knows neither it nor the others of its fold."""
    from feedbackminer.research.matcher import Plan, train_layers

    if len(debates.topics) < 2:
        raise InputError(f"one topic ({debates.topics[0]!r}) alone leaves nothing to train on")
    n_folds = min(FOLDS, len(debates.topics))
    for fold in range(n_folds):
        left_out = debates.topics[fold::n_folds]
        progress(f"part {fold + 1} of {n_folds}: trained without {', '.join(left_out)}")
        others = [group for group in debates.groups if group.topic not in left_out]
        pairs = [pair for group in others for pair in _pairs(group, debates)]
        matcher = BiEncoder(train_layers(pairs, Plan(epochs=1), progress), np.ones(2, np.float32))
        yield from dict.fromkeys(left_out, matcher).items()


def _pairs(group: Group, debates: Debates) -> Iterator[Pair]:
    """Yield the key points of a group with those of its arguments that people decided on."""
    for argument in group.arguments:
        for point in group.key_points:
            if (argument, point) in debates.labels:
                is_same = debates.labels[argument, point]
                yield Pair(
                    group.topic, debates.texts[point], debates.texts[argument], is_same=is_same
                )


def cosines(group: Group, debates: Debates, encode: Callable[[Sequence[str]], Matrix]) -> Matrix:
    """Return how alike arguments and key points are, shape (arguments, key points)."""
    arguments, points = (
        encode([debates.texts[text_id] for text_id in ids])
        for ids in (group.arguments, group.key_points)
    )
    alike: Matrix = arguments @ points.T
    return alike


def _of_group(group: Group, debates: Debates, log_odds: Matrix) -> tuple[float, ...]:
    """Return what ``Score`` tells of the half that is surest of its key point.

    Args:
        log_odds: up to a constant, shape (arguments, key points).
    """
    scores = against_rivals(log_odds)
    best, sureness = scores.argmax(axis=1), scores.max(axis=1)
    pairs = [(argument, group.key_points[point])
             for argument, point in zip(group.arguments, best, strict=True)]  # fmt: skip
    truth = np.array([debates.labels.get(pair, np.nan) for pair in pairs], float)
    strict, relaxed = (match_precision(sureness, truth, relaxed=is_it) for is_it in (False, True))
    return (
        *(strict.times_right, relaxed.times_right),
        *(strict.average_precision, relaxed.average_precision),
    )


def against_rivals(log_odds: Matrix) -> Matrix:
    """Return log-odds, less a part of those of the best other key point of the same argument."""
    if log_odds.shape[1] < 2:
        return log_odds
    ordered = np.sort(log_odds, axis=1)
    is_best = log_odds == ordered[:, [-1]]
    rival = np.where(is_best, ordered[:, [-2]], ordered[:, [-1]])
    against: Matrix = (log_odds - RIVAL * rival).astype(np.float32)
    return against
