"""What is measured of the outcome of an experiment, by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from feedbackminer.insight.measures import Estimate
from feedbackminer.research.metrics import labels as of_labels
from feedbackminer.research.metrics import topics as of_topics
from feedbackminer.research.metrics.alarms import false_alarm_rate, power
from feedbackminer.research.metrics.labels import Array
from feedbackminer.research.metrics.matching import match_precision
from feedbackminer.research.metrics.topics import NONE, Labels

NO_LABEL = ""
QUIET, SHOWN = "nothing changes", "shown"  # of a history: its label; what it may be given


@dataclass(frozen=True)
class Outcome:
    """What one method said of the texts, with one seed.

    Attributes:
        names: of labels and topics; ``gold`` and ``given`` are numbers of these, -1 for none.
        gold: label of each text.
        given: what the method gave: the id of a topic, or a label.
        chances: of each of ``classes`` (numbers of names), shape (texts, classes); no columns
            where it tells none.
        words: of each topic that was found, by its id, the strongest first.
        texts: the words of each text, for coherence.
    """

    names: Sequence[str]
    gold: Labels
    given: Labels
    chances: Array = field(default_factory=lambda: np.zeros((0, 0)))
    classes: Labels = field(default_factory=lambda: np.zeros(0, np.int64))
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    texts: Sequence[Sequence[str]] = ()

    @classmethod
    def of(
        cls,
        gold: Sequence[str],
        given: Sequence[str],
        *,
        chances: Array | None = None,
        classes: Sequence[str] = (),
        words: Mapping[str, Sequence[str]] | None = None,
        texts: Sequence[Sequence[str]] = (),
    ) -> Outcome:
        """Return an outcome of names; "" is none."""
        names = sorted({*gold, *given, *classes} - {NO_LABEL})
        number = {name: n for n, name in enumerate(names)} | {NO_LABEL: NONE}

        def numbers(of: Sequence[str]) -> Labels:
            return np.array([number[name] for name in of], dtype=np.int64)

        chances = np.zeros((0, 0)) if chances is None else chances
        return cls(
            names, numbers(gold), numbers(given), chances, numbers(classes), words or {}, texts
        )

    def name(self, number: int) -> str:
        """Return a name, "" for -1."""
        return self.names[number] if number != NONE else NO_LABEL

    def take(self, rows: NDArray[np.int64]) -> Outcome:
        """Return the outcome of some of the texts, for measures that look at labels alone."""
        chances = self.chances[rows] if len(self.classes) else self.chances
        return Outcome(self.names, self.gold[rows], self.given[rows], chances, self.classes)

    @cached_property
    def judged(self) -> Outcome:
        """Return the texts that have a label."""
        return self.take(np.flatnonzero(self.gold != NONE))


@dataclass(frozen=True)
class Measure:
    """One measure.

    Attributes:
        of: computes it; nan where it is undefined.
        stages: those whose outcome it can be computed of.
        needs: what it cannot do without: "gold", "chances", "words".
        is_better: +1 where more is better, −1 where less is, 0 where neither.
        can_be_drawn: it is of rows, so that drawing rows again tells how sure it is.
    """

    of: Callable[[Outcome], float]
    stages: tuple[str, ...]
    needs: tuple[str, ...] = ()
    is_better: int = 1
    can_be_drawn: bool = True

    def can_measure(self, outcome: Outcome) -> bool:
        """Tell whether an outcome has what it needs."""
        has = {
            "gold": bool((outcome.gold != NONE).any()),
            "chances": bool(len(outcome.classes)),
            "words": bool(len(outcome.words)),
        }
        return all(has[need] for need in self.needs)


TAGS = ("sentiment", "kind")
SETS = ("kinds", "masking")  # stages that give several labels at once
GUESSED = ("links", "answers")  # where one post is inferred for each row
PLANTED = ("changes", "alerts", "outcomes")
SEPARATOR, NOTHING = "|", "nothing"  # between several labels; what stands for no label, as a label


def together(names: Iterable[str]) -> str:
    """Return several labels as one."""
    return SEPARATOR.join(sorted(names)) or NOTHING


def apart(label: str) -> frozenset[str]:
    """Return the labels that were put together."""
    return frozenset(name.strip() for name in label.split(SEPARATOR)) - {NOTHING, NO_LABEL}


class _Counted(NamedTuple):
    """Labels that a row has, was given, and of these the right ones; it has none, nor was given."""

    wanted: int
    found: int
    right: int
    harmless: int
    left_alone: int


@lru_cache(maxsize=100_000)
def _counted(gold: str, given: str) -> _Counted:
    wanted, found = apart(gold), apart(given)
    left_alone = not wanted | found
    return _Counted(len(wanted), len(found), len(wanted & found), not wanted, left_alone)


def matched(group: int, right: Sequence[str], undecided: Sequence[str]) -> str:
    """Return the label of an argument: its group, its key points, those people differ about."""
    return json.dumps([group, list(right), list(undecided)], ensure_ascii=False)


@lru_cache(maxsize=100_000)
def _judged_match(label: str, point: str) -> tuple[int, float]:
    """Return the group of an argument, and whether it says a key point; nan: undecided."""
    group, right, undecided = json.loads(label)
    return group, np.nan if point in undecided else float(point in right)


def _clusters(measure: Callable[[Array, Array], float]) -> Measure:
    def of(outcome: Outcome) -> float:
        return measure(outcome.judged.gold, outcome.judged.given)

    return Measure(of, ("topics",), ("gold",))


def _tags(measure: Callable[[Array, Array], float], is_better: int = 1) -> Measure:
    def of(outcome: Outcome) -> float:
        return measure(outcome.judged.gold, outcome.judged.given)

    return Measure(of, TAGS, ("gold",), is_better)


def _sets(part: str, whole: str, stages: tuple[str, ...] = SETS) -> Measure:
    """Return the share of one count of :class:`_Counted` in another, over all rows."""

    def of(outcome: Outcome) -> float:
        judged = outcome.judged
        pairs = zip(judged.gold.tolist(), judged.given.tolist(), strict=True)
        rows = [_counted(*map(outcome.name, pair)) for pair in pairs]
        total = sum(getattr(row, whole) for row in rows)
        return sum(getattr(row, part) for row in rows) / total if total else np.nan

    return Measure(of, stages, ("gold",))


def _words(measure: Callable[[Sequence[Sequence[str]], Sequence[Sequence[str]]], float]) -> Measure:
    def of(outcome: Outcome) -> float:
        return measure(list(outcome.words.values()), outcome.texts)

    return Measure(of, ("topics",), ("words",), can_be_drawn=False)


def _links(measure: Callable[[Array, Array], float]) -> Measure:
    return Measure(lambda outcome: measure(outcome.gold, outcome.given), GUESSED, ("gold",))


def _matches(*, relaxed: bool) -> Measure:
    """Return the mean over groups of how good matches are."""

    def of(outcome: Outcome) -> float:
        n_names = len(outcome.names)
        pairs, pair_of = np.unique(outcome.gold * n_names + outcome.given, return_inverse=True)
        names = (map(outcome.name, divmod(pair, n_names)) for pair in pairs.tolist())
        judged = zip(*(_judged_match(*both) for both in names), strict=True)
        groups, truth = (np.array(column)[pair_of] for column in judged)
        by_group = np.argsort(groups, kind="stable")
        begins = np.flatnonzero(np.diff(groups[by_group])) + 1
        sureness = outcome.chances[:, 0]
        return float(np.mean([
            match_precision(sureness[rows], truth[rows], relaxed=relaxed).times_right
            for rows in np.split(by_group, begins)
        ]))  # fmt: skip

    return Measure(of, ("key_points",), ("gold", "chances"))


def _planted(rate: Callable[[Array], Estimate], *, is_better: int) -> Measure:
    """Return how often something is shown: where nothing changes, or where something does."""

    def of(outcome: Outcome) -> float:
        is_quiet = np.array([outcome.name(number) == QUIET for number in outcome.gold.tolist()])
        wanted = is_quiet if is_better < 0 else ~is_quiet
        return rate(outcome.given[wanted] != NONE).value

    return Measure(of, PLANTED, ("gold",), is_better)


def _average_precision(outcome: Outcome) -> float:
    """Return the mean over classes that texts have."""
    judged = outcome.judged
    scores = [
        of_labels.average_precision(_has(judged, number), judged.chances[:, column])
        for column, number in enumerate(judged.classes.tolist())
    ]
    defined = [score for score in scores if not np.isnan(score)]
    return float(np.mean(defined)) if defined else np.nan


def _has(outcome: Outcome, number: int) -> Array:
    """Tell of each row whether a label is its own, or among its own."""
    name = outcome.name(number)
    of_names = np.array([name == label or name in apart(label) for label in outcome.names])
    has: Array = of_names[outcome.gold]
    return has


def _calibration_error(outcome: Outcome) -> float:
    certainty, is_right = _certainty(outcome)
    return of_labels.calibration_error(certainty, is_right)


def _brier(outcome: Outcome) -> float:
    judged = outcome.judged
    known = np.isin(judged.gold, judged.classes)
    order = np.argsort(judged.classes)
    columns = order[np.searchsorted(judged.classes[order], judged.gold[known])]
    return of_labels.brier(columns, judged.chances[known])


def _right_when_half_answer(outcome: Outcome) -> float:
    certainty, is_right = _certainty(outcome)
    return of_labels.right_when_half_answer(is_right, certainty)


def _certainty(outcome: Outcome) -> tuple[Array, Array]:
    """Return how likely the likeliest class of each text is, and whether it is the true one."""
    judged = outcome.judged
    likeliest = judged.chances.argmax(axis=1)
    is_right = judged.classes[likeliest] == judged.gold
    return judged.chances.max(axis=1), is_right.astype(float)


MEASURES = {
    "nmi": _clusters(of_topics.nmi),
    "ami": _clusters(of_topics.ami),
    "ari": _clusters(of_topics.ari),
    "purity": _clusters(of_topics.purity),
    "coverage": Measure(lambda o: of_topics.coverage(o.given), ("topics",)),
    "n_topics": Measure(
        lambda o: of_topics.n_topics(o.given),
        ("topics",),
        is_better=0,
        can_be_drawn=False,
    ),
    "npmi": _words(of_topics.npmi),
    "c_v": _words(of_topics.c_v),
    "intruder_gap": _words(of_topics.intruder_gap),
    "diversity": _words(lambda words, _: of_topics.diversity(words)),
    "macro_f1": _tags(of_labels.macro_f1),
    "macro_recall": _tags(of_labels.macro_recall),
    "accuracy": _tags(of_labels.accuracy),
    "quantification_error": _tags(of_labels.quantification_error, -1),
    "average_precision": Measure(_average_precision, (*TAGS, "kinds"), ("gold", "chances")),
    "calibration_error": Measure(_calibration_error, TAGS, ("gold", "chances"), -1),
    "brier": Measure(_brier, TAGS, ("gold", "chances"), -1),
    "right_when_half_answer": Measure(_right_when_half_answer, TAGS, ("gold", "chances")),
    "precision": _sets("right", "found"),
    "recall": _sets("right", "wanted"),
    "left_alone": _sets("left_alone", "harmless", ("masking",)),
    "match_strict": _matches(relaxed=False),
    "match_relaxed": _matches(relaxed=True),
    "link_precision": _links(of_labels.link_precision),
    "link_recall": _links(of_labels.link_recall),
    "link_f1": _links(of_labels.link_f1),
    "false_alarm_rate": _planted(false_alarm_rate, is_better=-1),
    "power": _planted(power, is_better=1),
}
