"""What can change in a community, as numbers, and what is asked of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import NormalDist

import numpy as np
import polars as pl

from feedbackminer.insight.chance import LEAST_ACTIVE, SHUFFLES, Answer, Question, ask
from feedbackminer.insight.facts import Facts, Subject
from feedbackminer.insight.labels import chance_column
from feedbackminer.insight.measures import NAN, Estimate
from feedbackminer.insight.period import Period
from feedbackminer.insight.timeline import Timeline, edges_of
from feedbackminer.vocabulary.given import is_given
from feedbackminer.vocabulary.moments import step_of
from feedbackminer.vocabulary.tags import LABEL_TITLES

IN_PERIOD, EVER = QUESTIONS = ("in_period", "ever")  # of the period; of any week or month
CHANGE_RATIO, SURGE_RATIO = 1.5, 2.0
APART = 2  # weeks or months on each side of one that it is not held against: it lasted longer
# Chance from which a post counts for a label. What is given with certainty is few of those that
# do it, of some labels a tenth, and how few changes from month to month.
EVEN = 0.5
ANSWER_DAYS = 7  # within which a question is answered, or is not
ALL, ASKED, N_WHOLES = 0, 1, 2  # rows of the timeline that the others are parts of


@dataclass(frozen=True)
class Row:
    """What can change: the posts of a subject, and which row they are a part of."""

    subject: Subject
    part_of: int = ALL
    is_label: bool = False  # told from the labels of posts


@dataclass(frozen=True)
class Cell:
    """How many members spoke of one thing between two moments, and what that is worth.

    ``error`` is the standard error of the logarithm of ``ratio``.
    """

    start: datetime
    end: datetime
    n: int
    usual: float
    error: float
    p: float
    is_large: bool
    is_shown: bool

    @property
    def ratio(self) -> float:
        """Return how many times the usual they are; inf where nobody is usual."""
        return self.n / self.usual if self.usual else math.inf

    def estimate(self, confidence: float) -> Estimate:
        """Return the ratio with its interval; without one where there is nobody on a side."""
        if not self.n or not self.usual:
            return Estimate(self.ratio, NAN, NAN)
        margin = NormalDist().inv_cdf((1 + confidence) / 2) * self.error
        return Estimate(self.ratio, *(self.ratio * math.exp(side * margin) for side in (-1, 1)))


@dataclass(frozen=True)
class Found:
    """The answer to a question, by row and bin; ``moments`` are the edges of the bins."""

    moments: Sequence[datetime]
    answer: Answer

    def cell(self, row: int, place: int) -> Cell:
        """Return one of them; the last is at -1."""
        answer = self.answer
        place %= answer.voices.shape[1]
        return Cell(
            start=self.moments[place],
            end=self.moments[place + 1],
            n=int(answer.voices[row, place]),
            usual=float(answer.usual[row, place]),
            error=float(answer.error[row, place]),
            p=float(answer.p[row, place]),
            is_large=bool(answer.is_large[row, place]),
            is_shown=bool(answer.is_shown[row, place]),
        )

    def of_row(self, row: int) -> list[Cell]:
        """Return those of a row, earliest first."""
        return [self.cell(row, place) for place in range(self.answer.voices.shape[1])]


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
        wholes = [history.posts, asked_of(history, ANSWER_DAYS)]
        rows = [
            *map(Row, history.subjects),
            *label_rows(history.posts),
            *unanswered_rows(wholes[ASKED], ANSWER_DAYS, "a week"),
        ]
        timeline = Timeline.of([*wholes, *(row.subject.posts for row in rows)])
        is_enough = timeline.n_members >= LEAST_ACTIVE
        return cls(wholes, rows, timeline, _questions(period) if is_enough else {})

    def ask(self, alarms: float, n_shuffles: int = SHUFFLES) -> dict[str, Found]:
        """Answer the questions.

        Args:
            alarms: share of histories without any change in which something may be shown, in
                answer to all questions together; each has an equal part of it.
        """
        answers = ask(
            self.timeline,
            [ALL, ASKED, *(row.part_of for row in self.rows)],
            list(self.questions.values()),
            alarms=alarms / len(QUESTIONS),
            n_shuffles=n_shuffles,
        )
        return {
            name: Found(_moments(question), answer)
            for (name, question), answer in zip(self.questions.items(), answers, strict=True)
        }


def _moments(question: Question) -> list[datetime]:
    edges = pl.from_epoch(pl.Series(question.edges), "us")
    return edges.dt.replace_time_zone("UTC").to_list()


def _questions(period: Period) -> dict[str, Question]:
    """Ask for the period against the windows before it, and for each week or month of all time."""
    since, until = period.history_since, period.until
    if since is None or until is None:
        return {}
    questions = {}
    if period.n_before:
        edges = edges_of(period.edges)
        is_last = np.arange(len(edges) - 1) == len(edges) - 2
        questions[IN_PERIOD] = Question(edges, is_last, CHANGE_RATIO, falls=True)
    step = step_of(since, until)
    first, last = pl.Series([since, until]).dt.truncate(step)
    moments = pl.datetime_range(first, last, step, eager=True)
    edges = edges_of([*moments.filter(moments < until), until])
    is_any = np.ones(len(edges) - 1, bool)
    return questions | {EVER: Question(edges, is_any, SURGE_RATIO, apart=APART)}


def asked_of(history: Facts, days: int) -> pl.DataFrame:
    """Return posts that open a thread with a question, where there were some days to answer it.

    ``first_reply_hours`` is how long it waited; null: nobody answered.
    """
    if not (history.threads["n_posts"] > 1).any():
        # The export has no threads, so nobody knows.
        return history.posts.clear().with_columns(first_reply_hours=pl.lit(None, pl.Float64))
    settled = history.period.until - timedelta(days=days) if history.period.until else None
    asked = history.threads.filter(pl.col("is_question"))
    asked = asked.filter(pl.col("opened_at") < settled) if settled else asked.clear()
    openers = asked.select("first_reply_hours", post_id="opener_post_id")
    return history.posts.join(openers, on="post_id", how="inner", maintain_order="left")


def label_rows(posts: pl.DataFrame, labels: Mapping[str, str] = LABEL_TITLES) -> Iterator[Row]:
    """Yield what posts do, by the labels that tell it."""
    for label, title in labels.items():
        does_it = posts.filter(is_given(label) | (pl.col(chance_column(label)) >= EVEN))
        yield Row(Subject(f"label:{label}", title, does_it, None, does=label), is_label=True)


def unanswered_rows(asked: pl.DataFrame, days: int, within: str) -> Iterator[Row]:
    """Yield the questions without an answer within some days, where any is known."""
    if len(asked):
        is_in_time = (pl.col("first_reply_hours") <= days * 24).fill_null(value=False)
        late = asked.filter(~is_in_time)
        title = f"Questions without an answer within {within}"
        yield Row(Subject("unanswered", title, late, None), part_of=ASKED)
