"""What changed: in the period against the windows before it, and what broke out in its time."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.causes import Windows, find_gaps, mere_loudness, mere_mix
from feedbackminer.insight.chance import (
    LEAST_ACTIVE,
    LEAST_THREADS,
    SHUFFLES,
    USUAL,
    Answer,
    Question,
    ask,
    usual_of,
)
from feedbackminer.insight.claim import Claim
from feedbackminer.insight.events import began, look_first
from feedbackminer.insight.examples import Example, example_of, what_is_said
from feedbackminer.insight.facts import Facts, Subject, count_voices
from feedbackminer.insight.labels import chance_column
from feedbackminer.insight.measures import NAN, Comparison, Estimate, false_discovery
from feedbackminer.insight.period import GIVEN, Period
from feedbackminer.insight.timeline import Real, Timeline, Whole, edges_of
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.vocabulary.claims import CHANGE_METRIC, quantity
from feedbackminer.vocabulary.given import has_kind, is_given
from feedbackminer.vocabulary.tags import HISTORY, LABEL_TITLES, PERIOD, PROBLEMS

CHANGE, SURGE = KINDS_TOLD = ("change", "surge")
CHANGE_RATIO, SURGE_RATIO = 1.5, 2.0
BY_WEEKS = 400  # days of a history that is looked at week by week; a longer one by months
APART = 2  # weeks or months on each side of one that it is not held against: it lasted longer
MOST_SURGES = 3  # of one subject
DOWN_WEIGHT = 0.5  # of what is spoken of less than before
# Chance from which a post counts for a label. What is given with certainty is few of those that
# do it, of some labels a tenth, and how few changes from month to month.
EVEN = 0.5
ANSWER_DAYS = 7  # within which a question is answered, or is not


ALL, ASKED, N_WHOLES = 0, 1, 2  # rows of the timeline that the others are parts of
STUCK = ("problem", "question")  # what newcomers say who get stuck


@dataclass(frozen=True)
class Row:
    """What can change: the posts of a subject, and which row they are a part of."""

    subject: Subject
    part_of: int = ALL
    is_label: bool = False  # told from the labels of posts


@dataclass(frozen=True)
class Cell:
    """How many members spoke of one thing between two moments, and what that is worth."""

    start: datetime
    end: datetime
    n: int
    usual: float
    p: float
    is_large: bool
    is_shown: bool

    @property
    def ratio(self) -> float:
        """Return how many times the usual they are; inf where nobody is usual."""
        return self.n / self.usual if self.usual else math.inf


@dataclass(frozen=True)
class Found:
    """The answer to a question, with members: arrays of shape (rows, bins)."""

    moments: Sequence[datetime]  # the edges of the bins
    voices: Whole
    usual: Real
    answer: Answer

    def cell(self, row: int, place: int) -> Cell:
        """Return one of them; the last is at -1."""
        place %= self.voices.shape[1]
        return Cell(
            self.moments[place],
            self.moments[place + 1],
            int(self.voices[row, place]),
            float(self.usual[row, place]),
            float(self.answer.p[row, place]),
            bool(self.answer.is_large[row, place]),
            bool(self.answer.is_shown[row, place]),
        )

    def of_row(self, row: int) -> list[Cell]:
        """Return those of a row, earliest first."""
        return [self.cell(row, place) for place in range(self.voices.shape[1])]


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


@dataclass(frozen=True)
class Watched:
    """What can change in a history, as numbers, and what is asked of it.

    ``wholes`` are what the rows are parts of; in the timeline they come first.
    """

    wholes: Sequence[pl.DataFrame]
    rows: Sequence[Row]
    timeline: Timeline
    questions: Mapping[str, Question]

    @classmethod
    def of(cls, history: Facts, period: Period) -> Watched:
        """Take all up to the end of a period, and ask for this period and for any time."""
        wholes = [history.posts, _asked(history)]
        rows = list(_rows(history, wholes[ASKED]))
        timeline = Timeline.of([*wholes, *(row.subject.posts for row in rows)])
        is_enough = timeline.n_members >= LEAST_ACTIVE
        return cls(wholes, rows, timeline, _questions(period) if is_enough else {})

    @property
    def part_of(self) -> list[int]:
        """Return for each row of the timeline which row it is a part of."""
        return [ALL, ASKED, *(row.part_of for row in self.rows)]

    def ask(self, alarms: float, n_shuffles: int = SHUFFLES) -> dict[str, Found]:
        """Answer the questions."""
        asked = list(self.questions.values())
        answers = ask(self.timeline, self.part_of, asked, alarms=alarms, n_shuffles=n_shuffles)
        return {
            name: self._found(question, answer)
            for (name, question), answer in zip(self.questions.items(), answers, strict=True)
        }

    def _found(self, question: Question, answer: Answer) -> Found:
        voices = self.timeline.count(question.edges).voices
        moments = pl.from_epoch(pl.Series(question.edges), "us").dt.replace_time_zone("UTC")
        usual = usual_of(voices, voices[np.asarray(self.part_of)], question.apart)
        return Found(moments.to_list(), voices, usual, answer)


def find_changes(
    history: Facts, period: Period, settings: InsightSettings
) -> tuple[list[Claim], Tested]:
    """Tell what changed in the period, what broke out ever, and what only looks like change.

    Args:
        history: all up to the end of the period.
    """
    watched = Watched.of(history, period)
    look = _Look(history, period, watched.wholes)
    claims = list(look.gaps()) if period.n_before else []
    if not watched.questions:
        return claims, Tested()
    found = watched.ask(settings.false_alarms / len(KINDS_TOLD))
    seen_from: tuple[int, ...] = ()
    if CHANGE in found:
        claims += look.changes(watched.rows, found[CHANGE])
        seen_from = found[CHANGE].answer.seen_from
    told = {claim.key for claim in claims if claim.kind == CHANGE and not claim.is_chance}
    claims += _surges(history, period, watched.rows, found[SURGE], told)
    is_alarm = np.any([one.answer.is_alarm for one in found.values()], axis=0)
    tested = Tested(len(is_alarm), float(is_alarm.mean()), USUAL[: len(seen_from)], seen_from)
    return claims, tested


def _questions(period: Period) -> dict[str, Question]:
    """Ask for the period against the windows before it, and for each week or month of all time."""
    since, until = period.history_since, period.until
    if since is None or until is None:
        return {}
    questions = {}
    if period.n_before:
        edges = edges_of(period.edges)
        is_last = np.arange(len(edges) - 1) == len(edges) - 2
        questions[CHANGE] = Question(edges, is_last, CHANGE_RATIO, falls=True)
    first, last = pl.Series([since, until]).dt.truncate(_step(since, until))
    moments = pl.datetime_range(first, last, _step(since, until), eager=True)
    edges = edges_of([*moments.filter(moments < until), until])
    is_any = np.ones(len(edges) - 1, bool)
    return questions | {SURGE: Question(edges, is_any, SURGE_RATIO, apart=APART)}


def _step(since: datetime, until: datetime) -> str:
    return "1w" if (until - since).days <= BY_WEEKS else "1mo"


def _asked(history: Facts) -> pl.DataFrame:
    """Return posts that open a thread with a question, where there was time to answer it."""
    if not (history.threads["n_posts"] > 1).any():
        return history.posts.clear()  # the export has no threads, so nobody knows
    settled = history.period.until - timedelta(days=ANSWER_DAYS) if history.period.until else None
    asked = history.threads.filter(pl.col("is_question"))
    asked = asked.filter(pl.col("opened_at") < settled) if settled else asked.clear()
    openers = asked.select("first_reply_hours", post_id="opener_post_id")
    return history.posts.join(openers, on="post_id", how="inner", maintain_order="left")


def _rows(history: Facts, asked: pl.DataFrame) -> Iterator[Row]:
    """Yield what can change: topics, key points, what posts do, whether questions get answers."""
    for subject in history.subjects:
        yield Row(subject)
    for label, title in LABEL_TITLES.items():
        posts = history.posts.filter(is_given(label) | (pl.col(chance_column(label)) >= EVEN))
        yield Row(Subject(f"label:{label}", title, posts, None), is_label=True)
    if len(asked):
        in_time = pl.col("first_reply_hours") <= ANSWER_DAYS * 24
        late = asked.filter(~in_time.fill_null(value=False)).drop("first_reply_hours")
        title = "Questions without an answer within a week"
        yield Row(Subject("unanswered", title, late, None), part_of=ASKED)


@dataclass(frozen=True)
class _Look:
    """The period, and what it is held against."""

    history: Facts
    period: Period
    wholes: Sequence[pl.DataFrame]

    def changes(self, rows: Sequence[Row], found: Found) -> Iterator[Claim]:
        """Tell what is said by more members than is usual, or fewer, and what only seems so."""
        for number, row in enumerate(rows, start=N_WHOLES):
            windows = Windows.of(row.subject.posts, self.wholes[row.part_of], self.period.edges)
            cell = found.cell(number, -1)
            n, usual = cell.n, cell.usual
            why = ""
            if not cell.is_shown:
                why = mere_loudness(row.subject, windows)
            elif mix := mere_mix(windows, n, CHANGE_RATIO, by_label=row.is_label):
                why = f"{_compared(row.subject, n, usual)}, but {mix}"
            if why:
                yield self._apparent(row.subject, windows.now, n, usual, why)
            else:
                yield self._change(row.subject, windows, cell)

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
                    f"The {self._name} is incomplete: after {gap.last:%-d %B %Y} nothing was "
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
            kind=CHANGE,
            key=subject.key,
            key_point_id=subject.key_point_id,
            quoted=example.text if example else subject.quoted,
            quoted_from=example.post_id if example else subject.quoted_from,
            metric=CHANGE_METRIC,
            headline=f"{_compared(subject, cell.n, cell.usual)}{said}",
            posts=posts,
            value=Estimate(cell.ratio, NAN, NAN),
            topic_id=subject.topic_id,
            since=self.period.since,
            until=self.period.until,
            baseline=cell.usual,
            q=cell.p,
            weight=None if is_up else DOWN_WEIGHT,
            excess=_excess(cell.ratio),
            action=action,
            is_large=cell.is_large,
            is_chance=not cell.is_shown,
        )

    def _apparent(
        self, subject: Subject, posts: pl.DataFrame, n: int, usual: float, headline: str
    ) -> Claim:
        return Claim(
            kind="apparent",
            key=subject.key,
            key_point_id=subject.key_point_id,
            quoted=subject.quoted,
            quoted_from=subject.quoted_from,
            metric=CHANGE_METRIC,
            headline=headline,
            posts=posts,
            value=Estimate(n / usual if usual else math.inf, NAN, NAN),
            topic_id=subject.topic_id,
            since=self.period.since,
            until=self.period.until,
            baseline=usual,
        )

    @property
    def _name(self) -> str:
        return "period" if self.period.name == GIVEN else self.period.name


def _said(
    subject: Subject, posts: pl.DataFrame, history: Facts, cell: Cell
) -> tuple[str, Example | None]:
    """Write what is said of a topic of which a change is told, and an example of it."""
    if not subject.keywords or not cell.is_shown or not len(posts):
        return "", None
    words, example = what_is_said(subject, posts, history.sentences)
    return words + (example.such_as if example else ""), example


def _compared(subject: Subject, n: int, usual: float) -> str:
    """Write how many say something, beside how many usually do."""
    direction = "rose" if n > usual else "fell"
    members = quantity(n, "member")
    return f"{subject.label}: {direction} to {members}, where {usual:,.0f} would be usual"


def _latest(before: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Return what was said in the latest of the windows before in which anything was."""
    for start in period.edges[-3::-1]:
        posts = before.filter(pl.col("created_at") >= start)
        if len(posts):
            return posts
    return before


def _surges(
    history: Facts, period: Period, rows: Sequence[Row], found: Found, told: Collection[str]
) -> Iterator[Claim]:
    """Tell when something broke out: its weeks, or months, far above what is usual.

    Args:
        told: keys of subjects of which a change in the period is told already.
    """
    by_months = found.moments[1] - found.moments[0] > timedelta(days=7)  # the last is cut off
    for number, row in enumerate(rows, start=N_WHOLES):
        for cell in _peaks(found.of_row(number)):
            middle = cell.start + (cell.end - cell.start) / 2
            is_recent = period.since is not None and middle >= period.since
            if not (is_recent and row.subject.key in told):
                scope = PERIOD if is_recent else HISTORY
                yield _surge(row.subject, cell, history, scope, by_months=by_months)


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


def _surge(subject: Subject, peak: Cell, history: Facts, scope: str, *, by_months: bool) -> Claim:
    posts = subject.posts.filter(pl.col("created_at").is_between(peak.start, peak.end, "left"))
    said, example = _said(subject, posts, history, peak)
    length = peak.end - peak.start
    name = f"{peak.start:%B %Y}" if by_months else f"the week of {peak.start:%-d %B %Y}"
    moments = subject.posts["created_at"].drop_nulls()
    return Claim(
        kind=SURGE,
        key=f"{subject.key}:{peak.start:%Y-%m-%d}",
        key_point_id=subject.key_point_id,
        quoted=example.text if example else subject.quoted,
        quoted_from=example.post_id if example else subject.quoted_from,
        metric="ratio_to_usual_share",
        headline=(
            f"{subject.label}: broke out in {name} with {quantity(peak.n, 'member')}, where "
            f"{peak.usual:,.0f} would be usual{said}"
        ),
        posts=posts,
        value=Estimate(peak.ratio, NAN, NAN),
        topic_id=subject.topic_id,
        since=peak.start,
        until=peak.end,
        baseline=peak.usual,
        q=peak.p,
        excess=_excess(peak.ratio),
        action=look_first(began(moments, peak.start - length, peak.end), history.events),
        is_large=peak.is_large,
        is_chance=not peak.is_shown,
        scope=scope,
    )


def _excess(ratio: float) -> float:
    """Return which part of what is ``ratio`` times the usual is more, or less, than usual."""
    return 1 - min(ratio, 1 / ratio) if ratio else 1.0


def newcomer_claims(facts: Facts, settings: InsightSettings) -> Iterator[Claim]:
    """Where newcomers get stuck: what their first post says more often than other posts."""
    voiced = facts.posts.drop_nulls("voice")
    found = [
        (subject, stuck, compared)
        for subject in facts.subjects
        if (stuck := _who_are_stuck(subject))["is_first"].any()
        and (compared := _first_to_others(stuck, voiced, settings))
    ]
    q_values = false_discovery([compared.p for *_, compared in found])
    for (subject, stuck, compared), q in zip(found, q_values, strict=True):
        posts = stuck.filter("is_first")
        members = quantity(count_voices(posts), "member")
        asked = None
        if not subject.says:  # a topic alone says nothing of what they came with
            asked = example_of(subject, posts, "question", facts.sentences)
        such_as = asked.such_as if asked else ""
        yield Claim(
            kind="newcomers",
            key=subject.key,
            key_point_id=subject.key_point_id,
            quoted=asked.text if asked else subject.quoted,
            quoted_from=asked.post_id if asked else subject.quoted_from,
            metric="ratio_first_posts_to_others",
            headline=f"{subject.label}: {members} came with this in their first post{such_as}",
            posts=posts,
            value=compared.ratio,
            topic_id=subject.topic_id,
            since=facts.period.since,
            until=facts.period.until,
            baseline=_share_of_others(stuck, voiced),
            p=compared.p,
            q=q,
            excess=_excess(compared.ratio.value),
            is_large=compared.ratio.value > CHANGE_RATIO
            and posts["thread_id"].n_unique() >= LEAST_THREADS,
            is_chance=q > settings.false_discovery,
        )


def _first_to_others(
    stuck: pl.DataFrame, voiced: pl.DataFrame, settings: InsightSettings
) -> Comparison:
    """Compare how often first posts, and others, are among ``stuck``; threads are clusters."""
    flags = voiced.select(
        "thread_id", "is_first", is_stuck=pl.col("post_id").is_in(stuck["post_id"].implode())
    )
    first, is_stuck = pl.col("is_first"), pl.col("is_stuck")
    sums = flags.group_by("thread_id").agg(
        (first & is_stuck).sum(), first.sum().alias("all_first"),
        (~first & is_stuck).sum().alias("others"), (~first).sum().alias("all_others"),
    )  # fmt: skip
    columns = (sums[name].cast(pl.Int64).to_numpy() for name in sums.columns[1:])
    return measures.compare_clustered(*columns, confidence=settings.confidence)


def _share_of_others(stuck: pl.DataFrame, voiced: pl.DataFrame) -> float:
    """Return which part of the posts that are not a member's first are among ``stuck``."""
    n = len(voiced.filter(~pl.col("is_first")))
    return len(stuck.filter(~pl.col("is_first"))) / n if n else NAN


def _who_are_stuck(subject: Subject) -> pl.DataFrame:
    """Return the posts of members that ask, or report a problem."""
    posts = subject.posts.drop_nulls("voice")
    if subject.says:
        return posts if subject.says in STUCK else posts.clear()
    return posts.filter(has_kind("question", *PROBLEMS))
