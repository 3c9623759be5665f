"""What stands out now: the latest days against the same of a year, one-sided, by what chance does.

A check looks at whole days up to now. Checks of a month are one test: the level is such that no
more than some share of histories without any change raise anything in any of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import polars as pl

from feedbackminer.insight.causes import (
    Gap,
    Windows,
    cut,
    find_gaps,
    mere_loudness,
    mere_mix,
    mere_thread,
)
from feedbackminer.insight.chance import (
    LEAST_ACTIVE,
    LEAST_MEMBERS,
    SHUFFLES,
    USUAL,
    Answer,
    Calibration,
    Question,
    calibrate,
    judge,
    sure_share,
)
from feedbackminer.insight.facts import Facts, Subject, build_facts, count_voices
from feedbackminer.insight.measures import NAN, Estimate
from feedbackminer.insight.period import GIVEN, Period
from feedbackminer.insight.timeline import Timeline, edges_of
from feedbackminer.insight.watched import (
    APART,
    N_WHOLES,
    Cell,
    Found,
    Row,
    asked_of,
    label_rows,
    unanswered_rows,
)
from feedbackminer.settings.sections import AlertSettings
from feedbackminer.tables import AlertLevels, column_types
from feedbackminer.vocabulary.alerts import (
    CHURN,
    INCOMPLETE,
    LEAVING,
    MEMBER,
    MIX,
    NEW,
    REAL,
    RISING,
    RULES,
    SILENT,
    THREAD,
    TROUBLE_TITLES,
    UNANSWERED,
)
from feedbackminer.vocabulary.moments import midnight
from feedbackminer.vocabulary.tags import LABEL_TITLES

RATIO = 2.0
ANSWER_DAYS = 2  # within which a question is answered, or waits
YEAR, MONTH = 364, 30  # days: that are usual; of checks that are one test
LOOKS = 2  # checks a day that levels are made of: those between hardly differ from them
LEAST_BEFORE = 8  # windows that the latest is held against, at least
GAP_WINDOWS = 13  # in which is looked for the end of what was written
NOBODY = 1.0  # fewer members are usual: what is said is new
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Levels:
    """From where something stands out: of each row, and of histories without any change.

    Attributes:
        days: of a window.
        until: when what was seen ended.
        keys: of the rows, in their order.
        calibration: of these rows.
    """

    days: int
    until: datetime
    keys: tuple[str, ...]
    calibration: Calibration

    @property
    def n_shuffles(self) -> int:
        """Count the histories without any change."""
        return len(self.calibration.largest)

    def alarms(self, promised: float) -> float:
        """Return the share of these that may show something, for no more than is promised."""
        return sure_share(promised, self.n_shuffles)

    def false_alarms(self, promised: float) -> float:
        """Return the share of these in which a month of checks raises something."""
        return float(self.calibration.is_alarm(self.alarms(promised)).mean())


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """What stands out at a check, and why.

    Attributes:
        n, usual: members who speak of it in the window, and who usually do.
        ratio: of these, with its interval.
        p: chance of anything as large in a month of checks, where nothing changes.
        posts: in the window.
        why: of a cause that is not real, in a few words that are ours.
    """

    rule: str
    subject: Subject
    n: int
    usual: float
    ratio: Estimate
    p: float
    posts: pl.DataFrame
    cause: str = REAL
    why: str = ""

    @property
    def affected(self) -> int:
        """Count who is more than none: those who speak of it, or those who fell silent."""
        return max(round(self.usual) - self.n, 0) if RULES[self.rule].falls else self.n

    def rank(self) -> tuple[bool, float, int]:
        """Return what to sort by: what is real first, of that the least likely."""
        return self.cause != REAL, self.p, -self.affected

    @cached_property
    def members(self) -> frozenset[str]:
        """Return who speaks of it."""
        return frozenset(self.posts["voice"].drop_nulls())


@dataclass(frozen=True)
class Watch:
    """A history of a year or less, and all that can stand out in it.

    Attributes:
        rules: of each row, the rule it is watched for.
    """

    facts: Facts
    wholes: Sequence[pl.DataFrame]
    rows: Sequence[Row]
    rules: Sequence[str]
    timeline: Timeline
    days: int
    confidence: float = 0.95  # of the intervals

    @classmethod
    def of(cls, facts: Facts, settings: AlertSettings) -> Watch:
        """Watch topics, key points, what posts do, waiting questions, sources and channels."""
        # A question counts when it has waited, so that nothing has to be known beforehand.
        waited = pl.col("created_at") + timedelta(days=ANSWER_DAYS)
        asked = asked_of(facts, ANSWER_DAYS).with_columns(created_at=waited)
        watched = list(_rows(facts, asked))
        wholes = [facts.posts, asked]
        timeline = Timeline.of([*wholes, *(row.subject.posts for _, row in watched)])
        rules, rows = [rule for rule, _ in watched], [row for _, row in watched]
        return cls(facts, wholes, rows, rules, timeline, settings.days)

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the keys of the rows."""
        return tuple(row.subject.key for row in self.rows)

    @property
    def is_enough(self) -> bool:
        """Tell whether there is a history to hold a month of checks against, and who speaks."""
        since, until = self.facts.period.since, self.facts.period.until
        if since is None or until is None or self.timeline.n_members < LEAST_ACTIVE:
            return False
        return until - since >= (LEAST_BEFORE + APART + 1) * self.days * DAY

    def calibrate(self, n_shuffles: int = SHUFFLES) -> Levels:
        """Look at a month of checks in histories without any change."""
        end = midnight(self._until)
        questions = [self._month(end, number) for number in range(self.days * LOOKS)]
        calibration = calibrate(self.timeline, self._part_of, questions, n_shuffles=n_shuffles)
        return Levels(self.days, end, self.keys, calibration)

    def seen_from(self, levels: Levels, promised: float) -> tuple[int, ...]:
        """Return from how many members a rise is seen, where ``USUAL`` are usual."""
        return self.judged(levels.until, levels, promised).seen_from

    def fits(self, levels: Levels, at: datetime) -> bool:
        """Tell whether levels are of these rows, and of no long ago."""
        is_recent = abs(at - levels.until) <= MONTH * DAY
        return levels.days == self.days and {*self.keys} <= {*levels.keys} and is_recent

    def judged(self, at: datetime, levels: Levels, promised: float) -> Answer:
        """Hold the window that ends at a moment against those before."""
        question = self._question(edges_of(self.edges(at)))
        return judge(
            self.timeline, self._part_of, question, self._fitted(levels), levels.alarms(promised)
        )

    def shown(self, at: datetime, levels: Levels, promised: float) -> frozenset[str]:
        """Return the keys of what stands out at a moment, whatever the cause."""
        if len(self.edges(at)) < LEAST_BEFORE:
            return frozenset()
        is_shown = self.judged(at, levels, promised).is_shown[N_WHOLES:, -1]
        return frozenset(key for key, is_it in zip(self.keys, is_shown, strict=True) if is_it)

    def edges(self, at: datetime) -> list[datetime]:
        """Return the edges of the windows up to a moment, those of a year."""
        length = self.days * DAY
        n = min((at - self._since) // length, YEAR // self.days + APART + 1)
        return [at - k * length for k in range(n, -1, -1)]

    def standing_out(self, at: datetime, levels: Levels, promised: float) -> list[Sighting]:
        """Return what stands out at a moment, the least likely first, each with its cause.

        Args:
            promised: share of months without any change in which anything may stand out.
        """
        edges = self.edges(at)
        gaps = list(find_gaps(self.facts, edges[-GAP_WINDOWS - 1 :]))
        found = Found(edges, self.judged(at, levels, promised))
        wholes = [cut(posts, edges, APART) for posts in self.wholes]
        seen = [self._silence(gap, edges) for gap in gaps]
        silent = {one.subject.key for one in seen}
        for number, (rule, row) in enumerate(zip(self.rules, self.rows, strict=True), N_WHOLES):
            windows = Windows(*cut(row.subject.posts, edges, APART), *wholes[row.part_of])
            cell = found.cell(number, -1)
            if row.subject.key in silent:
                continue
            if cell.is_shown:
                cause, why = _cause(rule, row, windows, cell.n, gaps)
                seen.append(self._sighting(rule, row, windows, cell, cause, why))
            elif not RULES[rule].falls and (loud := mere_loudness(windows)):
                cause = MEMBER if loud.column == "voice" else THREAD
                why = f"{loud.counted}, {loud.who}"
                seen.append(self._sighting(rule, row, windows, cell, cause, why))
        return sorted(seen, key=Sighting.rank)

    def _sighting(
        self, rule: str, row: Row, windows: Windows, cell: Cell, cause: str, why: str
    ) -> Sighting:
        is_new = rule == RISING and not row.is_label and cell.usual < NOBODY
        return Sighting(
            rule=NEW if is_new else rule,
            subject=row.subject,
            n=cell.n,
            usual=cell.usual,
            ratio=cell.estimate(self.confidence),
            p=cell.p,
            posts=windows.now,
            cause=cause,
            why=why,
        )

    def _silence(self, gap: Gap, edges: Sequence[datetime]) -> Sighting:
        """Return that nothing at all is written any more."""
        posts = self.facts.posts
        posts = posts.filter(source=gap.source) if gap.source else posts
        now, before = cut(posts, edges, APART)
        n_before = max(len(edges) - 2 - APART, 1)
        usual = len(before.drop_nulls("voice").select("window", "voice").unique()) / n_before
        label = gap.source or "everywhere"
        return Sighting(
            rule=SILENT,
            subject=Subject(f"source:{gap.source}", label, posts, None),
            n=count_voices(now),
            usual=usual,
            ratio=Estimate(NAN, NAN, NAN),
            p=0.0,
            posts=now,
            why=gap.why,
        )

    def _month(self, end: datetime, number: int) -> Question:
        """Ask for those of a month's checks whose windows border on each other."""
        before = number * DAY / LOOKS
        edges = self.edges(end - before)
        n_windows = len(edges) - 1
        n_checks = math.ceil((MONTH * DAY - before) / (self.days * DAY))
        is_late = np.arange(n_windows) >= n_windows - n_checks
        return self._question(edges_of(edges), is_late)

    def _question(self, edges: np.ndarray, is_asked: np.ndarray | None = None) -> Question:
        n = len(edges) - 1
        falls = np.zeros((self.timeline.n_rows, 1), bool)
        falls[N_WHOLES:, 0] = [RULES[rule].falls for rule in self.rules]
        return Question(
            edges=edges,
            is_asked=np.arange(n) == n - 1 if is_asked is None else is_asked,
            ratio=RATIO,
            rises=~falls & (np.arange(self.timeline.n_rows) >= N_WHOLES)[:, None],
            falls=falls,
            apart=APART,
            only_before=True,
        )

    def _fitted(self, levels: Levels) -> Calibration:
        """Return a calibration with the spreads in the order of these rows."""
        spread = levels.calibration.spread
        place = {key: number for number, key in enumerate(levels.keys, start=N_WHOLES)}
        order = [*range(N_WHOLES), *(place[key] for key in self.keys)]
        return Calibration(spread[order], levels.calibration.largest)

    @property
    def _part_of(self) -> list[int]:
        return [*range(N_WHOLES), *(row.part_of for row in self.rows)]

    @property
    def _since(self) -> datetime:
        assert self.facts.period.since is not None  # noqa: S101 (see is_enough)
        return self.facts.period.since

    @property
    def _until(self) -> datetime:
        assert self.facts.period.until is not None  # noqa: S101 (see is_enough)
        return self.facts.period.until


def last_moment(posts: pl.DataFrame, now: datetime) -> datetime:
    """Return when the last day ends on which something was written; none after ``now`` counts."""
    last = posts.filter(pl.col("created_at") <= now)["created_at"].max()
    return min(midnight(last) + DAY, now) if isinstance(last, datetime) else now


def levels_row(watch: Watch, levels: Levels, promised: float) -> pl.DataFrame:
    """Return levels as the table ``alert_levels``."""
    seen_from = watch.seen_from(levels, promised)
    row = {
        "days": levels.days,
        "until": levels.until,
        "keys": list(levels.keys),
        "spread": levels.calibration.spread.tolist(),
        "largest": levels.calibration.largest.tolist(),
        "false_alarms": levels.false_alarms(promised),
        "usual": list(USUAL[: len(seen_from)]),
        "seen_from": list(seen_from),
    }
    return pl.DataFrame([row], schema=column_types(AlertLevels))


def levels_of(table: pl.DataFrame) -> Levels | None:
    """Return the levels that a table ``alert_levels`` holds; None: it holds none."""
    for row in table.iter_rows(named=True):
        calibration = Calibration(np.array(row["spread"]), np.array(row["largest"]))
        return Levels(row["days"], row["until"], tuple(row["keys"]), calibration)
    return None


def recent_facts(tables: Mapping[str, pl.DataFrame], at: datetime, days: int) -> Facts:
    """Build the facts of what can be usual at a moment, and of the month of checks before it.

    Args:
        tables: by name, those that ``insight.stage.READS`` names.
    """
    first = tables["posts"]["created_at"].min()
    if not isinstance(first, datetime) or at <= first:
        return build_facts(tables, Period(GIVEN, at, at, None))
    longest = (YEAR + (APART + 1) * days + MONTH) * DAY
    since = min(max(midnight(first), midnight(at) - longest), at)
    # Of a night that was cut off there may be points whose sentences are still to be read.
    key = ["post_id", "number"]
    said = tables["matches"].join(tables["sentences"].select(key), on=key, how="semi")
    return build_facts({**tables, "matches": said}, Period(GIVEN, since, at, midnight(first)))


def _rows(facts: Facts, asked: pl.DataFrame) -> Iterator[tuple[str, Row]]:
    """Yield what is watched, with its rule."""
    for topic in facts.topics:
        yield RISING, Row(topic)
    for point in facts.points:
        if point.says in ("problem", "question"):
            yield RISING, Row(point)
    for row in label_rows(facts.posts, TROUBLE_TITLES):
        yield RISING, row
    for row in label_rows(facts.posts, {CHURN: LABEL_TITLES[CHURN]}):
        yield LEAVING, row
    for row in unanswered_rows(asked, ANSWER_DAYS, f"{ANSWER_DAYS} days"):
        yield UNANSWERED, row
    channels = facts.threads.select("thread_id", "channel").drop_nulls()
    posts = facts.posts.join(channels, on="thread_id", how="left", maintain_order="left")
    for column in ("source", "channel"):
        places = posts.drop_nulls(column).partition_by(column, as_dict=True, maintain_order=True)
        for (name,), of_place in sorted(places.items()) if len(places) > 1 else ():
            key = f"{column}:{name}"
            yield SILENT, Row(Subject(key, str(name), of_place.select(facts.posts.columns), None))


def _cause(rule: str, row: Row, windows: Windows, n: int, gaps: Sequence[Gap]) -> tuple[str, str]:
    """Tell what makes it stand out; the second says why, where it is nothing real."""
    for gap in gaps:
        if not gap.source or RULES[rule].needs_end:
            return INCOMPLETE, gap.why
    if RULES[rule].falls:
        return REAL, ""
    if mix := mere_mix(windows, n, RATIO, by_label=row.is_label):
        return MIX, mix
    if one := mere_thread(windows, RATIO, LEAST_MEMBERS):
        return THREAD, one
    return REAL, ""
