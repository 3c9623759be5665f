"""What changed: in the period against the windows before it, and what broke out in its time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from feedbackminer.insight.causes import Windows, cut, find_gaps, mere_loudness, mere_mix
from feedbackminer.insight.chance import USUAL
from feedbackminer.insight.claim import Claim, excess_of
from feedbackminer.insight.events import began, look_first
from feedbackminer.insight.examples import Example, what_is_said
from feedbackminer.insight.facts import Facts, Subject
from feedbackminer.insight.measures import NAN, Estimate
from feedbackminer.insight.period import Period
from feedbackminer.insight.watched import (
    APART,
    CHANGE_RATIO,
    EVER,
    IN_PERIOD,
    N_WHOLES,
    Cell,
    Found,
    Row,
    Watched,
)
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.vocabulary.claims import CHANGE_METRIC, SURGE_METRIC, quantity
from feedbackminer.vocabulary.tags import HISTORY, PERIOD

MOST_SURGES = 3  # of one subject
DOWN_WEIGHT = 0.5  # of what is spoken of less than before


@dataclass(frozen=True)
class Tested:
    """What is told of the tests.

    Attributes:
        n_shuffles: histories without any change that this one was held against.
        false_alarms: the share of these in which a change or a surge would be shown.
        usual, seen_from: where so many members are usual in a period, a rise to so many is shown.
    """

    n_shuffles: int = 0
    false_alarms: float | None = None
    usual: tuple[int, ...] = ()
    seen_from: tuple[int, ...] = ()


def find_changes(
    history: Facts, period: Period, settings: InsightSettings
) -> tuple[list[Claim], Tested]:
    """Tell what changed in the period, what broke out ever, and what only looks like change.

    Args:
        history: all up to the end of the period.
    """
    watched = Watched.of(history, period)
    look = _Look(history, period, watched.wholes, settings.confidence)
    claims = list(look.gaps()) if period.n_before else []
    if not watched.questions:
        return claims, Tested()
    found = watched.ask(settings.false_alarms)
    seen_from: tuple[int, ...] = ()
    if IN_PERIOD in found:
        claims += look.changes(watched.rows, found[IN_PERIOD])
        seen_from = found[IN_PERIOD].answer.seen_from
    told = {claim.key for claim in claims if claim.kind == "change" and not claim.is_chance}
    claims += look.surges(watched.rows, found[EVER], told)
    is_alarm = np.any([one.answer.is_alarm for one in found.values()], axis=0)
    tested = Tested(len(is_alarm), float(is_alarm.mean()), USUAL[: len(seen_from)], seen_from)
    return claims, tested


@dataclass(frozen=True)
class _Look:
    """The period, and what it is held against."""

    history: Facts
    period: Period
    wholes: Sequence[pl.DataFrame]
    confidence: float

    def changes(self, rows: Sequence[Row], found: Found) -> Iterator[Claim]:
        """Tell what is said by more members than is usual, or fewer, and what only seems so."""
        edges = self.period.edges
        wholes = [cut(posts, edges) for posts in self.wholes]
        for number, row in enumerate(rows, start=N_WHOLES):
            windows = Windows(*cut(row.subject.posts, edges), *wholes[row.part_of])
            cell = found.cell(number, -1)
            why = ""
            if not cell.is_shown:
                loud = mere_loudness(windows)
                why = f"{row.subject.label}: {loud.counted}, but {loud.who}" if loud else ""
            elif mix := mere_mix(windows, cell.n, CHANGE_RATIO, by_label=row.is_label):
                why = f"{_compared(row.subject, cell)}, but {mix}"
            if why:
                yield self._apparent(row.subject, windows.now, cell, why)
            else:
                yield self._change(row.subject, windows, cell)

    def surges(self, rows: Sequence[Row], found: Found, told: Collection[str]) -> Iterator[Claim]:
        """Tell when something broke out: its weeks, or months, far above what is usual.

        Args:
            told: keys of subjects of which a change in the period is told already.
        """
        by_months = found.moments[1] - found.moments[0] > timedelta(days=7)  # the last is cut off
        for number, row in enumerate(rows, start=N_WHOLES):
            for cell in _peaks(found.of_row(number)):
                middle = cell.start + (cell.end - cell.start) / 2
                is_recent = self.period.since is not None and middle >= self.period.since
                if not (is_recent and row.subject.key in told):
                    claim = self._surge(row.subject, cell, by_months=by_months)
                    yield replace(claim, scope=PERIOD if is_recent else HISTORY)

    def gaps(self) -> Iterator[Claim]:
        """Tell where the end of the period is missing."""
        for gap in find_gaps(self.history, self.period.edges):
            of = f" in {gap.source}" if gap.source else ""
            posts = self.history.posts.filter(pl.col("created_at") == gap.last)
            yield Claim(
                kind="apparent",
                key=f"gap:{gap.source}",
                metric="days_without_posts",
                headline=(
                    f"The {self.period.word} is incomplete: after {gap.last:%-d %B %Y} nothing was "
                    f"written{of}, which by the threads before is no chance"
                ),
                posts=posts,
                value=Estimate(gap.days, NAN, NAN),
                since=self.period.since,
                until=self.period.until,
                action="Check whether all was collected before you read anything into it.",
            )

    def _change(self, subject: Subject, windows: Windows, cell: Cell) -> Claim:
        is_up = cell.n > cell.usual
        posts = windows.now if is_up else _latest(windows.before, self.period)
        said, example = _said(subject, posts, self.history, cell)
        moments = subject.posts["created_at"].drop_nulls()
        start = began(moments, *self.period.edges[-3::2]) if is_up else None
        action = look_first(start, self.history.events) if is_up else ""
        return Claim(
            kind="change",
            key=subject.key,
            **_about(subject, example),
            metric=CHANGE_METRIC,
            headline=f"{_compared(subject, cell)}{said}",
            posts=posts,
            value=cell.estimate(self.confidence),
            since=self.period.since,
            until=self.period.until,
            baseline=cell.usual,
            q=cell.p,
            weight=None if is_up else DOWN_WEIGHT,
            excess=excess_of(cell.ratio),
            action=action,
            is_large=cell.is_large,
            is_chance=not cell.is_shown,
        )

    def _surge(self, subject: Subject, peak: Cell, *, by_months: bool) -> Claim:
        posts = subject.posts.filter(pl.col("created_at").is_between(peak.start, peak.end, "left"))
        said, example = _said(subject, posts, self.history, peak)
        length = peak.end - peak.start
        name = f"{peak.start:%B %Y}" if by_months else f"the week of {peak.start:%-d %B %Y}"
        moments = subject.posts["created_at"].drop_nulls()
        start = began(moments, peak.start - length, peak.end)
        return Claim(
            kind="surge",
            key=f"{subject.key}:{peak.start:%Y-%m-%d}",
            **_about(subject, example),
            metric=SURGE_METRIC,
            headline=(
                f"{subject.label}: broke out in {name} with {quantity(peak.n, 'member')}, where "
                f"{peak.usual:,.0f} would be usual{said}"
            ),
            posts=posts,
            value=peak.estimate(self.confidence),
            since=peak.start,
            until=peak.end,
            baseline=peak.usual,
            q=peak.p,
            excess=excess_of(peak.ratio),
            action=look_first(start, self.history.events),
            is_large=peak.is_large,
            is_chance=not peak.is_shown,
        )

    def _apparent(self, subject: Subject, posts: pl.DataFrame, cell: Cell, headline: str) -> Claim:
        return Claim(
            kind="apparent",
            key=subject.key,
            **_about(subject, None),
            metric=CHANGE_METRIC,
            headline=headline,
            posts=posts,
            value=cell.estimate(self.confidence),
            since=self.period.since,
            until=self.period.until,
            baseline=cell.usual,
        )


def _said(
    subject: Subject, posts: pl.DataFrame, history: Facts, cell: Cell
) -> tuple[str, Example | None]:
    """Write what is said of a topic of which a change is told, and an example of it."""
    if not subject.keywords or not cell.is_shown or not len(posts):
        return "", None
    words, example = what_is_said(subject, posts, history.sentences)
    return words + (f"; for example “{example.text}”" if example else ""), example


def _about(subject: Subject, example: Example | None) -> dict[str, Any]:
    """Return the fields of a claim that say what it is about, and whose words it tells."""
    return {
        "topic_id": subject.topic_id,
        "key_point_id": subject.key_point_id,
        "does": subject.does,
        "quoted": example.text if example else subject.quoted,
        "quoted_from": example.post_id if example else subject.quoted_from,
    }


def _compared(subject: Subject, cell: Cell) -> str:
    """Write how many say something, beside how many usually do."""
    direction = "rose" if cell.n > cell.usual else "fell"
    members = quantity(cell.n, "member")
    return f"{subject.label}: {direction} to {members}, where {cell.usual:,.0f} would be usual"


def _latest(before: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Return what was said in the latest of the windows before in which anything was."""
    for start in period.edges[-3::-1]:
        posts = before.filter(pl.col("created_at") >= start)
        if len(posts):
            return posts
    return before


def _peaks(cells: Sequence[Cell]) -> list[Cell]:
    """Return the least likely of the cells that are shown, and others that are not beside them.

    Where none is shown, the one that is nearest to it.
    """
    peaks: list[tuple[int, Cell]] = []
    shown = [(place, cell) for place, cell in enumerate(cells) if cell.is_shown]
    for place, cell in sorted(shown, key=lambda pair: (pair[1].p, -pair[1].n, pair[0])):
        if all(abs(place - other) > APART for other, _ in peaks):
            peaks.append((place, cell))
    nearest = min(cells, key=lambda cell: (not cell.is_large, cell.p, -cell.n))
    return [cell for _, cell in peaks[:MOST_SURGES]] or [nearest]
