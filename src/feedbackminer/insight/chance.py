"""What chance alone does: a history against many in which threads began at random times.

Members of one thread are not independent of each other, and topics come in clumps. So from where
a rise is no chance is not taken from a formula but counted in histories that are like this one,
save that nothing changes in them: threads exchange the moments at which they began.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from feedbackminer.insight.timeline import Flags, Real, Timeline, Whole
from feedbackminer.threads import in_threads

SHUFFLES, SEED = 300, 0
AT_ONCE = 100_000  # entries of histories that are counted at once: numpy is slow at little
LEAST_MEMBERS, LEAST_THREADS = 5, 3  # of what rises, and of what would be usual where it falls
LEAST_ACTIVE = 20  # members in a bin, below which its shares say nothing
LEAST_SPREAD = 0.5
USUAL = (5, 20, 50)  # members, for whom the smallest change that would be seen is told


@dataclass(frozen=True)
class Question:
    """In which bins is something said by more members, or fewer, than is usual?

    Attributes:
        edges: of the bins, microseconds; each bin is compared with all others.
        is_asked: whether of a bin anything can be told, or others are only compared with it.
        ratio: to the usual, from which a difference is worth telling.
        rises, falls: whether that something is said more, or less, is worth telling: of all rows,
            or of each (shape (rows, 1)).
        apart: how many bins on each side of one are not compared with it.
        only_before: each bin is compared with those before it alone.
    """

    edges: Whole
    is_asked: Flags
    ratio: float
    rises: bool | Flags = True
    falls: bool | Flags = False
    apart: int = 0
    only_before: bool = False

    @property
    def n_bins(self) -> int:
        """Count the bins."""
        return len(self.edges) - 1

    @property
    def told(self) -> Whole:
        """Return the bins of which the scores say how much varies by chance.

        The first of those that are compared with earlier ones have next to nothing before them.
        """
        return np.flatnonzero(self.is_asked) if self.only_before else np.arange(self.n_bins)


@dataclass(frozen=True)
class Answer:
    """What a question found: arrays of shape (rows, bins).

    Attributes:
        voices: distinct members.
        usual: how many would be expected from all other bins.
        error: standard error of the logarithm of their ratio: Poisson's, times how much more the
            row varies by chance.
        p: chance of a difference so large anywhere, where nothing changes.
        is_large: it is large and broad enough to be told.
        is_shown: it is so, and no chance.
        is_alarm: of each history without any change, whether something would be shown in it.
        seen_from: members from which a rise is shown, where ``USUAL`` are usual; empty: unknown.
    """

    voices: Whole
    usual: Real
    error: Real
    p: Real
    is_large: Flags
    is_shown: Flags
    is_alarm: Flags
    seen_from: tuple[int, ...]


@dataclass(frozen=True)
class _View:
    """One history, as one question sees it; or several: each array has an axis of them first."""

    voices: Whole
    usual: Real
    score: Real  # signed root of twice the log-likelihood ratio of "as usual"
    is_large: Flags

    @classmethod
    def joined(cls, views: Sequence[_View]) -> _View:
        """Return the bins of several questions to the same."""
        return cls(
            np.concatenate([view.voices for view in views], axis=-1),
            np.concatenate([view.usual for view in views], axis=-1),
            np.concatenate([view.score for view in views], axis=-1),
            np.concatenate([view.is_large for view in views], axis=-1),
        )


@dataclass(frozen=True)
class Calibration:
    """What histories without any change look like.

    Attributes:
        spread: of each row, by how much its score varies in them.
        largest: of each history, the largest score in it that could be told, in these units.
    """

    spread: Real
    largest: Real

    @classmethod
    def of(cls, histories: Sequence[_View]) -> Calibration:
        """Make rows alike, and take the largest of each history.

        A score counts in units of its row's own spread by chance, which is wide where few threads
        hold many members (single-step maxT of Westfall and Young 1993).
        """
        shape = (-1, *histories[0].score.shape[-2:])
        scores = np.concatenate([some.score.reshape(shape) for some in histories])
        is_large = np.concatenate([some.is_large.reshape(shape) for some in histories])
        spread = np.maximum(np.sqrt(np.mean(scores**2, axis=(0, 2))), LEAST_SPREAD)
        sizes = np.abs(scores) / spread[:, None]
        return cls(spread, sizes.max(axis=(1, 2), where=is_large, initial=0.0))

    def is_alarm(self, alarms: float) -> Flags:
        """Tell of each history whether something would be shown in it.

        It is judged by the others: itself stands where the observed one does.
        """
        return (self.largest > 0) & (_chance(self.largest, self.largest, itself=0) <= alarms)


def calibrate(
    timeline: Timeline,
    part_of: Sequence[int],
    questions: Sequence[Question],
    *,
    n_shuffles: int = SHUFFLES,
) -> Calibration:
    """Ask histories without any change; of several questions, any may show something.

    Args:
        timeline: with a row for each subject, and for what these are parts of.
        part_of: for each row the number of the row that it is a part of.
    """
    rng, parents = np.random.default_rng(SEED), np.asarray(part_of)
    starts = (timeline.shuffled(rng).start for _ in range(n_shuffles))
    n_at_once = max(1, AT_ONCE // max(1, len(timeline.entries)))

    def look(some: Sequence[Whole]) -> _View:
        histories = timeline.at_starts(some)
        return _View.joined(
            [_look(histories, parents, question, question.told) for question in questions]
        )

    batches = iter(lambda: [*islice(starts, n_at_once)], [])
    return Calibration.of(list(in_threads(look, batches, at_once=1)))


def judge(
    timeline: Timeline,
    part_of: Sequence[int],
    question: Question,
    calibration: Calibration,
    alarms: float,
) -> Answer:
    """Answer a question of a history by what chance does.

    Args:
        alarms: share of histories without any change in which something may be shown.
    """
    seen = _look(timeline, np.asarray(part_of), question, np.arange(question.n_bins))
    return _judge(question, seen, calibration, alarms)


def sure_share(alarms: float, n: int, *, confidence: float = 0.95) -> float:
    """Return the share of ``n`` histories to allow, for no more than ``alarms`` of all to show one.

    What was drawn is a sample: that the rate in all is no higher holds with ``confidence`` (Wilks
    1941, tolerance limits from an order statistic, whose rank is a beta variate). 0: ``n`` are too
    few for that.
    """
    from scipy.stats import beta

    ranks = np.arange(1, n + 1)
    allowed = ranks[beta.ppf(confidence, ranks, n + 1 - ranks) <= alarms]
    return float(allowed.max(initial=0)) / (n + 1)


def ask(
    timeline: Timeline,
    part_of: Sequence[int],
    questions: Sequence[Question],
    *,
    alarms: float,
    n_shuffles: int = SHUFFLES,
) -> list[Answer]:
    """Answer questions of a history.

    Args:
        timeline: with a row for each subject, and for what these are parts of.
        part_of: for each row the number of the row that it is a part of.
        alarms: share of histories without any change in which something may be shown, in answer
            to each of the questions.
        n_shuffles: histories without any change that this one is held against.
    """
    # The same histories for each question: they are drawn from one seed.
    return [
        judge(
            timeline,
            part_of,
            question,
            calibrate(timeline, part_of, [question], n_shuffles=n_shuffles),
            alarms,
        )
        for question in questions
    ]


def _look(timeline: Timeline, parents: Whole, question: Question, bins: Whole) -> _View:
    """Look at some bins of a history, each beside the others."""
    counts = timeline.count(question.edges)
    voices, threads, weight = (
        _Beside(count[..., bins], _others(count, question, bins))
        for count in (counts.voices, counts.threads, counts.weight)
    )
    active = voices.of(parents)
    usual = _usual(voices, active)
    is_large = question.rises & (
        (voices.here >= LEAST_MEMBERS)
        & (threads.here >= LEAST_THREADS)
        & (voices.here >= question.ratio * usual)
    )
    was_broad = (usual >= LEAST_MEMBERS) & (threads.others >= LEAST_THREADS)
    is_large |= question.falls & was_broad & (voices.here * question.ratio <= usual)
    can_tell = (active.here >= LEAST_ACTIVE) & (active.others >= LEAST_ACTIVE)
    score = _score(weight, weight.of(parents))
    return _View(voices.here, usual, score, is_large & can_tell & question.is_asked[bins])


class _Beside(NamedTuple):
    """What some bins have, and what all others have that each of them is compared with."""

    here: npt.NDArray[Any]
    others: Real

    def of(self, rows: Whole) -> _Beside:
        """Return what some rows have."""
        return _Beside(self.here[..., rows, :], self.others[..., rows, :])


def _usual(counts: _Beside, active: _Beside) -> Real:
    """Return what is expected of each bin from the others; 0 where these say nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.nan_to_num(counts.others / active.others * active.here))


def _others(counts: Whole | Real, question: Question, bins: Whole) -> Real:
    """Return for some bins the sum over all others, without those right beside it."""
    sums = np.concatenate([np.zeros((*counts.shape[:-1], 1)), counts.cumsum(axis=-1)], axis=-1)
    first = np.maximum(bins - question.apart, 0)
    last = np.minimum(bins + question.apart + 1, counts.shape[-1])
    after = 0 if question.only_before else sums[..., -1:] - sums[..., last]
    return np.asarray(sums[..., first] + after)


def _score(weight: _Beside, active: _Beside) -> Real:
    """Compare each bin with the others, by exposure.

    Given what both have, what falls into the bin is binomial with its part of the active members
    (Przyborowski and Wilenski 1940); this is the signed root of the likelihood ratio.
    """
    total = weight.here + weight.others
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.nan_to_num(total * active.here / (active.here + active.others))
    ratio = _times_log(weight.here, expected) + _times_log(weight.others, total - expected)
    return np.asarray(np.sign(weight.here - expected) * np.sqrt(2 * np.maximum(ratio, 0)))


def _times_log(counts: Real, expected: Real) -> Real:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((counts > 0) & (expected > 0), counts * np.log(counts / expected), 0.0)


def _judge(question: Question, seen: _View, chance: Calibration, alarms: float) -> Answer:
    """Hold what is seen against the largest difference in each history without any change."""
    spread, largest, is_alarm = chance.spread[:, None], chance.largest, chance.is_alarm(alarms)
    p = _chance(np.abs(seen.score) / spread, largest)
    threshold = float(largest.max() if not is_alarm.any() else largest[is_alarm].min())
    others = _others(seen.voices, question, np.arange(question.n_bins))
    return Answer(
        voices=seen.voices,
        usual=seen.usual,
        error=spread * np.sqrt(1 / np.maximum(seen.voices, 0.5) + 1 / np.maximum(others, 0.5)),
        p=p,
        is_large=seen.is_large,
        is_shown=seen.is_large & (p <= alarms),
        is_alarm=is_alarm,
        seen_from=_seen_from(question, seen.voices[0], threshold * float(np.median(spread))),
    )


def _chance(sizes: Real, largest: Real, *, itself: int = 1) -> Real:
    """Return how often chance alone makes a difference as large, the one that is judged counted."""
    ordered = np.sort(largest)
    n_as_large = len(ordered) - np.searchsorted(ordered, sizes, side="left")
    return (itself + n_as_large) / (itself + len(ordered))


def _seen_from(question: Question, active: Whole, least: float) -> tuple[int, ...]:
    """Return from how many members a rise is shown, in a bin as active as the last that is asked.

    Args:
        active: members in each bin.
        least: the score that it must pass.
    """
    others = _others(active[None], question, np.arange(question.n_bins))[0]
    in_bin, outside = active[question.is_asked][-1], others[question.is_asked][-1]
    if not in_bin or not outside:
        return ()
    times = float(outside / in_bin)
    found = []
    for usual in USUAL:
        fewest = max(LEAST_MEMBERS, math.ceil(question.ratio * usual))
        now = np.arange(fewest, 20 * usual + 100, dtype=np.float64)
        before = np.full_like(now, usual * times)
        expected = (now + before) / (1 + times)
        twice = 2 * (_times_log(now, expected) + _times_log(before, expected * times))
        enough = np.searchsorted(twice, least**2, side="right")
        if enough == len(now):  # no rise of this size would be shown
            return ()
        found.append(int(now[enough]))
    return tuple(found)
