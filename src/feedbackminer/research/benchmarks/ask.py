"""Questions with the posts that answer them, written by readers: how many does ``ask`` find?"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from feedbackminer.errors import InputError
from feedbackminer.project.project import Project
from feedbackminer.search.sheet import Sheet
from feedbackminer.steps.ask import Room

SHOWN = 10  # posts that are looked at


class Gold(BaseModel):
    """A question, and the posts that answer it; none: nobody spoke of it.

    Attributes:
        posts: answer it; of a matter with two sides, ``favour`` and ``against`` do.
        more: the side that more members are on, in a reader's eyes.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    question: str
    posts: tuple[str, ...] = ()
    favour: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    more: Literal["for", "against"] | None = None

    @property
    def answers(self) -> frozenset[str]:
        """Return all posts that answer it."""
        return frozenset((*self.posts, *self.favour, *self.against))

    @property
    def has_sides(self) -> bool:
        """Tell whether it is a matter with two sides."""
        return bool(self.favour or self.against)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a question; None: does not apply to it.

    Attributes:
        found: a post that answers is among the first ten; ``found_thread``: one of its thread.
        recall: of the posts that answer (ten of them at most), the part that is there.
        is_told: enough members were found to say something.
        larger: the larger side is the right one; ``both``: both sides have members.
    """

    question: str
    found: bool | None
    found_thread: bool | None
    recall: float | None
    is_told: bool
    larger: bool | None
    both: bool | None
    seconds: float


@dataclass(frozen=True)
class Figures:
    """All outcomes; the first question is cold, tables and model are read for it."""

    outcomes: tuple[Outcome, ...]

    def rows(self) -> Iterator[tuple[str, str]]:
        """Yield each figure as the cells of a row."""
        answered = [one for one in self.outcomes if one.found is not None]
        sided = [one for one in self.outcomes if one.both is not None]
        yield "a post that answers is in the first ten", _of([bool(o.found) for o in answered])
        yield "or one of its thread", _of([bool(o.found_thread) for o in answered])
        recalls = [one.recall or 0.0 for one in answered]
        yield "recall in the first ten", f"{sum(recalls) / max(len(recalls), 1):.2f}"
        yield "told, where somebody spoke of it", _of([one.is_told for one in answered])
        yield (
            "“too few”, where nobody did",
            _of([not one.is_told for one in self.outcomes if one.found is None]),
        )
        told = [bool(one.larger or one.both) for one in sided]
        yield "sides: the larger is right, or both are shown", _of(told)
        yield (
            "the larger is right, where a reader saw one",
            _of([one.larger for one in sided if one.larger is not None]),
        )
        seconds = [one.seconds for one in self.outcomes]
        yield "seconds of the first", f"{seconds[0]:.1f}"
        if warm := seconds[1:]:
            yield "of the others: median, most", f"{median(warm):.2f}, {max(warm):.2f}"


def read_questions(file: Path) -> list[Gold]:
    """Read questions: a JSON list; ``for`` is written as such.

    Raises:
        InputError: it is no such file.
    """
    try:
        rows = json.loads(file.read_text("utf-8"))
        renamed = [{"favour": row.pop("for", ()), **row} for row in rows]
        questions = TypeAdapter(list[Gold]).validate_python(renamed)
    except (OSError, ValueError, AttributeError, TypeError, ValidationError) as error:
        raise InputError(f"{file}: cannot be read as a JSON list of questions: {error}") from None
    if not questions:
        raise InputError(f"{file}: holds no question")
    return questions


def measure(project: Project, questions: Sequence[Gold]) -> Figures:
    """Ask each question of the project."""
    room = Room(project)
    threads = dict(project.store.read("posts", ["post_id", "thread_id"]).iter_rows())
    outcomes = []
    for gold in questions:
        began = time.perf_counter()
        sheet = room.ask(gold.question, limit=SHOWN)
        seconds = time.perf_counter() - began
        own = {threads.get(post_id) for post_id in gold.answers} - {None}
        shown = [post.post_id for post in sheet.posts]
        hits = gold.answers.intersection(shown)
        has_answers = bool(gold.answers)
        outcomes.append(
            Outcome(
                question=gold.question,
                found=bool(hits) if has_answers else None,
                found_thread=any(p.thread_id in own for p in sheet.posts) if has_answers else None,
                recall=len(hits) / min(len(gold.answers), SHOWN) if has_answers else None,
                is_told=bool(sheet.sides),
                larger=_is_larger(sheet, gold.more) if gold.more else None,
                both=min(_sizes(sheet)) > 0 if gold.has_sides else None,
                seconds=seconds,
            )
        )
    return Figures(tuple(outcomes))


def _is_larger(sheet: Sheet, more: str) -> bool:
    well, ill = _sizes(sheet)
    return well > ill if more == "for" else ill > well


def _sizes(sheet: Sheet) -> tuple[int, int]:
    """Return how many speak well of it and how many ill; who does both is neither."""
    members = {side.name: side.members.n for side in sheet.sides}
    return members.get("for", 0), members.get("against", 0)


def _of(right: Sequence[bool]) -> str:
    return f"{sum(right)} of {len(right)}"
