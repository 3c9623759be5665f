"""What only looks like change: other sources, other labels, one member, one thread, a gap."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from feedbackminer.insight.facts import BY_PEOPLE, Facts
from feedbackminer.insight.measures import poisson_tail
from feedbackminer.vocabulary.claims import quantity

MOST = 0.5  # of members or posts: what one thread, or one member, is then said to be
LARGE, SURPRISING = 2.0, 0.001  # a rise that anybody would see in a chart
LEAST_POSTS = 10
SURE, LEAST_GAP = 1e-6, timedelta(days=2)


@dataclass(frozen=True)
class Windows:
    """Posts of something, and all that it is a part of, in a window and in those before.

    ``window`` numbers the windows: a member counts once in each.
    """

    now: pl.DataFrame
    before: pl.DataFrame
    all_now: pl.DataFrame
    all_before: pl.DataFrame

    def without(self, column: str, value: object) -> Windows:
        """Leave out the posts of one thread, or of one member."""
        other = pl.col(column).ne_missing(pl.lit(value))
        frames = self.now, self.before, self.all_now, self.all_before
        return Windows(*(frame.filter(other) for frame in frames))

    def usual(self, stratum: str | None = None, *, of: str = "voice") -> float:
        """Return how many members (or posts: "post_id") would be as usual in the window.

        Args:
            stratum: a column; each of its values is held against itself. What has one that was
                not there before cannot be told of, and is as usual.
        """
        frames = self.now, self.before, self.all_now, self.all_before
        n = pl.struct("window", of).filter(pl.col(of).is_not_null()).n_unique()
        if stratum is None:
            return _expected(*(frame.select(n).item() for frame in frames))
        sizes = [dict(frame.group_by(stratum).agg(n).iter_rows()) for frame in frames]
        return sum(_expected(*(size.get(value, 0) for size in sizes)) for value in sizes[2])


def cut(
    posts: pl.DataFrame, edges: Sequence[datetime], apart: int = 0
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Cut posts at the edges of windows: those in the last, and those in any before it.

    Args:
        apart: how many of the windows right before the last are left out.
    """
    latest = len(edges) - 1
    posts = posts.with_columns(
        window=pl.sum_horizontal(pl.col("created_at") >= edge for edge in edges)
    )
    is_before = pl.col("window").is_between(1, latest - 1 - apart)
    return posts.filter(window=latest), posts.filter(is_before)


def _expected(now: int, before: int, all_now: int, all_before: int) -> float:
    return before / all_before * all_now if all_before else float(now)


def mere_mix(windows: Windows, n_now: int, ratio: float, *, by_label: bool) -> str:
    """Say why a change in members is none: other sources, or other labels; empty: it is one."""
    strata = {"source": "more of what is read comes from {most} than before"}
    if by_label:
        strata["labelled_by"] = "more of these posts were labelled by {most} than before"
    usual = windows.usual()
    for column, why in strata.items():
        alike = windows.usual(column)
        is_change = n_now >= ratio * alike if n_now > usual else n_now * ratio <= alike
        if not is_change:
            return why.format(most=_grown(windows, column))
    return ""


def _grown(windows: Windows, column: str) -> str:
    """Name the value of a column that has more of all posts than before."""
    shares = [
        dict(frame[column].value_counts(normalize=True).drop_nulls().iter_rows())
        for frame in (windows.all_now, windows.all_before)
    ]
    now, before = shares
    name = max(now, key=lambda value: now[value] - before.get(value, 0.0), default="")
    return "people" if name == BY_PEOPLE else str(name)


@dataclass(frozen=True)
class Loud:
    """Who is behind a rise: ``thread_id``, one thread, or ``voice``, one member."""

    column: str
    counted: str  # "12 posts, where 4 would be usual"
    who: str  # "one member wrote 8 of them"


def mere_loudness(windows: Windows) -> Loud | None:
    """Say of a rise that anybody would see who is behind it: one member, or one thread.

    None where nothing rises so, or more than one are behind it.
    """
    for of, column, who in (
        ("voice", "thread_id", "{part:,} of them in one thread"),
        ("post_id", "voice", "one member wrote {part:,} of them"),
        ("post_id", "thread_id", "{part:,} of them in one thread"),
    ):
        n = windows.now[of].drop_nulls().n_unique()
        if n < LEAST_POSTS or not _rises(n, usual := windows.usual(of=of)):
            continue
        loudest, part = _largest(windows.now, column, of)
        rest = windows.without(column, loudest)
        others = rest.now[of].drop_nulls().n_unique()
        if part >= MOST * n and not _rises(others, rest.usual(of=of)):
            things = quantity(n, "member" if of == "voice" else "post")
            counted = f"{things}, where {round(usual):,} would be usual"
            return Loud(column, counted, who.format(part=part))
    return None


def mere_thread(windows: Windows, ratio: float, least: int) -> str:
    """Say of a rise in members how many are of one thread; empty: without it, it is one too.

    Args:
        ratio: to the usual, from which there is a rise.
        least: members, likewise.
    """
    thread, part = _largest(windows.now, "thread_id", "voice")
    n = windows.now["voice"].drop_nulls().n_unique()
    rest = windows.without("thread_id", thread)
    others = rest.now["voice"].drop_nulls().n_unique()
    if part < MOST * n or (others >= least and others >= ratio * rest.usual()):
        return ""
    return f"{part:,} of them in one thread"


def _rises(n: int, usual: float) -> bool:
    return n >= max(LEAST_POSTS, LARGE * usual) and poisson_tail(n, usual) < SURPRISING


def _largest(posts: pl.DataFrame, column: str, of: str) -> tuple[object, int]:
    """Return the value of a column that most members, or posts, have, and how many."""
    sizes = posts.drop_nulls([column, of]).group_by(column).agg(pl.col(of).n_unique())
    rows = sizes.sort(of, column, descending=[True, False]).rows()
    return rows[0] if rows else (None, 0)


@dataclass(frozen=True)
class Gap:
    """The end of a window in which nothing was written, though that is not usual."""

    source: str  # empty: anywhere
    last: datetime
    until: datetime

    @property
    def days(self) -> float:
        """Return how long it is."""
        return (self.until - self.last) / timedelta(days=1)

    @property
    def why(self) -> str:
        """Say what is missing where, and since when."""
        where = f" in {self.source}" if self.source else ""
        return f"nothing was written{where} since {self.last:%-d %B %Y, %H:%M} UTC"


def find_gaps(facts: Facts, edges: Sequence[datetime]) -> Iterator[Gap]:
    """Yield where the last window is incomplete: in all that is read, or in single sources."""
    since, until = edges[0], edges[-1]
    posts = facts.posts.filter(pl.col("created_at") >= since, pl.col("created_at") < until)
    whole = _gap("", posts, since, until)
    if whole:
        yield whole
        return
    for (source,), of_source in posts.group_by("source", maintain_order=True):
        if gap := _gap(str(source), of_source, since, until):
            yield gap


def _gap(source: str, posts: pl.DataFrame, since: datetime, until: datetime) -> Gap | None:
    """Return the time after the last post, where by the threads begun before it is no chance.

    Threads rather than posts: these come in bursts.
    """
    last = posts["created_at"].max()
    if not isinstance(last, datetime) or until - last < LEAST_GAP or last <= since:
        return None
    n_threads = posts["thread_id"].n_unique()
    expected = n_threads * ((until - last) / (last - since))
    return Gap(source, last, until) if math.exp(-expected) < SURE else None
