"""Key point matching on files of the shared task's shape (Friedman et al. 2021, track 1)."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedbackminer.embed.encoder import Encoder
from feedbackminer.errors import InputError
from feedbackminer.keypoints.matching import Matcher, Wording, read_wording, shipped_matcher
from feedbackminer.research.matcher import Compared, fit_matcher
from feedbackminer.tagging.head_tagger import load_tagger

KEPT = 0.5  # of the arguments of a group, those with the highest scores
RIVAL = 0.5  # how much the next best key point speaks against the best
LEAVE_OUT = 0.03  # inverse strength of the penalty where the matcher is fitted to debates
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
    """Mean average precision; undecided pairs are wrong, or right."""

    strict: float
    relaxed: float


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


def measure(folder: Path, encoder: Encoder, *, leave_one_out: bool) -> Score:
    """Measure the shipped matcher; or one that is fitted to all topics but the measured one.

    Raises:
        InputError: the folder holds nothing of the shape.
    """
    debates = read_debates(folder)
    wordings = {topic: _wording(debates, topic, encoder) for topic in debates.topics}
    if not leave_one_out:
        return _score(debates, wordings, lambda _: shipped_matcher())

    compared = {topic: _compared(debates, *wordings[topic]) for topic in debates.topics}
    return _score(
        debates,
        wordings,
        lambda topic: fit_matcher(
            [part for name, part in compared.items() if name != topic], strength=LEAVE_OUT
        ),
    )


def _wording(debates: Debates, topic: str, encoder: Encoder) -> tuple[Wording, dict[str, int]]:
    ids = [
        text_id
        for group in debates.groups
        if group.topic == topic
        for text_id in (*group.arguments, *group.key_points)
    ]
    texts = [debates.texts[text_id] for text_id in ids]
    encoded = encoder.encode(texts)
    chances = load_tagger(encoder.name).headlines(texts, encoded.layer_mean)
    wording = read_wording(texts, encoded.vectors, chances)
    return wording, {text_id: row for row, text_id in enumerate(ids)}


def _compared(debates: Debates, wording: Wording, row_of: Mapping[str, int]) -> Compared:
    pairs = [
        (row_of[key_point], row_of[argument], match)
        for (argument, key_point), match in debates.labels.items()
        if argument in row_of and key_point in row_of
    ]
    rows = np.array([pair[:2] for pair in pairs], np.int64).reshape(len(pairs), 2)
    return Compared.of(wording, rows, [match for *_, match in pairs])


def _score(
    debates: Debates,
    wordings: Mapping[str, tuple[Wording, Mapping[str, int]]],
    matcher_for: Callable[[str], Matcher],
) -> Score:
    matchers = {topic: matcher_for(topic) for topic in debates.topics}
    figures = [
        _of_group(group, debates, matchers[group.topic], *wordings[group.topic])
        for group in debates.groups
    ]
    strict, relaxed = np.mean(figures, axis=0)
    return Score(float(strict), float(relaxed))


def _of_group(
    group: Group, debates: Debates, matcher: Matcher, wording: Wording, row_of: Mapping[str, int]
) -> tuple[float, float]:
    """Return average precision times precision of the half that is surest of its key point."""
    points, arguments = (
        wording.take([row_of[text_id] for text_id in ids])
        for ids in (group.key_points, group.arguments)
    )
    scores = _against_rivals(matcher.probabilities(points, arguments).T)
    best, sureness = scores.argmax(axis=1), scores.max(axis=1)
    kept = np.argsort(-sureness, kind="stable")[: max(1, int(len(best) * KEPT))]
    pairs = [(group.arguments[row], group.key_points[best[row]]) for row in kept]
    return _average_precision([debates.labels.get(pair, False) for pair in pairs]), (
        _average_precision([debates.labels.get(pair, True) for pair in pairs])
    )


def _against_rivals(chances: Matrix) -> Matrix:
    """Return log-odds, less a part of those of the best other key point of the same argument."""
    clipped = np.clip(chances, 1e-6, 1 - 1e-6)
    log_odds: Matrix = np.log(clipped / (1 - clipped)).astype(np.float32)
    if log_odds.shape[1] < 2:
        return log_odds
    ordered = np.sort(log_odds, axis=1)
    is_best = log_odds == ordered[:, [-1]]
    rival = np.where(is_best, ordered[:, [-2]], ordered[:, [-1]])
    against: Matrix = (log_odds - RIVAL * rival).astype(np.float32)
    return against


def _average_precision(is_right: Sequence[bool]) -> float:
    """Return average precision of a ranking times the share of it that is right."""
    right = np.array(is_right, float)
    if not right.any():
        return 0.0
    precisions = np.cumsum(right) / np.arange(1, len(right) + 1)
    return float(precisions[right > 0].mean() * right.mean())
