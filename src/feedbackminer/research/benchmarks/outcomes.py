"""Outcomes: how often something is told of what nobody did, and how often a halving is found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice

import numpy as np
import polars as pl

from feedbackminer.errors import InputError
from feedbackminer.insight.facts import Facts, build_facts
from feedbackminer.insight.finders.outcomes import COUNTED, TALK
from feedbackminer.insight.outcomes import (
    LEAST_MEMBERS,
    LEAST_WEEKS,
    WEEK,
    Change,
    Said,
    Windows,
    compare,
)
from feedbackminer.insight.period import period_of
from feedbackminer.insight.timeline import edges_of
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.tables import of_members

KINDS = ("problem", "question", "request", "")  # the last: any talk
ROUNDS = 25  # draws for each that is wanted, at most
SEED = 1


@dataclass(frozen=True)
class Figures:
    """What was said of days on which nothing was done, and of halvings that were planted there.

    Attributes:
        drawn: topics and days.
        asked: the first of those with enough members before and enough other topics.
        helped, worse: of these, where no halving was planted.
        can_tell: the first of those drawn of which it is known that a halving would be seen.
        wrong: of these, where something was told though nothing was done.
        found: of ``can_tell``, where a planted halving was told as a fall.
        found_of_asked: likewise, of ``asked``.
        covers, covers_of_asked: where the interval holds a half.
    """

    kind: str
    drawn: int
    asked: int
    helped: int
    worse: int
    can_tell: int
    wrong: int
    found: int
    found_of_asked: int
    covers: int
    covers_of_asked: int


@dataclass(frozen=True)
class Pair:
    """A topic and a day on which nothing was done, as it was and with a halving after it."""

    nothing: Change
    halved: Change

    @property
    def is_false(self) -> bool:
        """Tell whether something is told of it as it was."""
        return self.nothing.is_fall or self.nothing.is_rise


def measure(
    tables: Mapping[str, pl.DataFrame], settings: InsightSettings, n: int
) -> Iterator[Figures]:
    """Draw topics and days of a real history, ``n`` that can be asked about of each kind.

    On every day nothing was shipped that anybody knows of; then the same day again, with each
    member who says it in the time after left out with a chance of one half.

    Raises:
        InputError: the history is too short.
    """
    history = _history(tables, settings)
    for kind in KINDS:
        yield _figures(history, kind, n, settings.confidence)


def draw(
    tables: Mapping[str, pl.DataFrame], settings: InsightSettings, n: int, *, seed: int = SEED
) -> list[Pair]:
    """Draw ``n`` topics and days that can be asked about, of any kind; fewer if there are fewer.

    Raises:
        InputError: the history is too short.
    """
    history, rng = _history(tables, settings), np.random.default_rng(seed)
    said = [_said(history, kind) for kind in KINDS]
    drawn = (
        _drawn(history, said[rng.integers(len(KINDS))], rng, settings.confidence)
        for _ in range(ROUNDS * n)
    )
    return list(islice(filter(None, drawn), n))


def _history(tables: Mapping[str, pl.DataFrame], settings: InsightSettings) -> Facts:
    period = period_of(of_members(tables["posts"], tables["members"]), settings)
    history = build_facts(tables, period.history)
    since, until = history.period.since, history.period.until
    if since is None or until is None or until - since < 2 * LEAST_WEEKS * WEEK:
        weeks = 2 * LEAST_WEEKS
        raise InputError(f"nothing to measure: it wants a history of {weeks} weeks or more")
    if not history.topics:
        raise InputError("nothing to measure: no topic; `feedbackminer mine` finds some")
    return replace(history, period=replace(history.period, edges=(since, until)))


def _said(history: Facts, kind: str) -> Said:
    counted = COUNTED.get(kind, TALK)
    return Said.of([counted.posts(topic) for topic in history.topics])


def _figures(history: Facts, kind: str, n: int, confidence: float) -> Figures:
    rng, said = np.random.default_rng(SEED), _said(history, kind)
    pairs: list[Pair] = []
    told: list[Pair] = []
    drawn = 0
    while min(len(pairs), len(told)) < n and drawn < ROUNDS * n:
        drawn += 1
        pair = _drawn(history, said, rng, confidence)
        if pair and len(pairs) < n:
            pairs.append(pair)
        if pair and pair.nothing.sees_half and len(told) < n:
            told.append(pair)
    return Figures(
        kind=kind or "any talk",
        drawn=drawn,
        asked=len(pairs),
        helped=sum(pair.nothing.is_fall for pair in pairs),
        worse=sum(pair.nothing.is_rise for pair in pairs),
        can_tell=len(told),
        wrong=sum(pair.is_false for pair in told),
        found=sum(pair.halved.is_fall for pair in told),
        found_of_asked=sum(pair.halved.is_fall for pair in pairs),
        covers=sum(map(_covers, told)),
        covers_of_asked=sum(map(_covers, pairs)),
    )


def _covers(pair: Pair) -> bool:
    return pair.halved.ratio.low <= 0.5 <= pair.halved.ratio.high


def _drawn(history: Facts, said: Said, rng: np.random.Generator, confidence: float) -> Pair | None:
    """Draw a topic and a day; None: too little is known of them."""
    since, until = history.period.edges
    target = int(rng.integers(said.n_rows))
    day = since + timedelta(days=int(rng.integers((until - since).days)))
    windows, rows = Windows.within(day, since, until), range(said.n_rows)
    if windows is None:
        return None
    nothing = compare(said, target, rows, windows, confidence=confidence)
    if nothing is None or nothing.n_before < LEAST_MEMBERS:
        return None
    halved = compare(
        _halved(said, target, windows, rng), target, rows, windows, confidence=confidence
    )
    return Pair(nothing, halved) if halved else None


def _halved(said: Said, target: int, windows: Windows, rng: np.random.Generator) -> Said:
    """Leave out each member who speaks of a row in the time after, with a chance of one half."""
    since, until = edges_of(windows.after)
    is_gone = rng.random(said.n_members) < 0.5
    left_out = (said.row == target) & (said.at >= since) & (said.at < until)
    stays = ~(left_out & is_gone[said.member])
    return replace(said, **{name: getattr(said, name)[stays] for name in ("row", "member", "at")})
