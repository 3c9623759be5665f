"""A history as numbers: who spoke of what, when, and the same with threads at other times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import polars as pl

Whole = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]

# Correlation of members of one thread: of n the first counts once, and all count at most as ten.
WITHIN_THREAD = 0.1
MOST_THREADS = 3  # that one member counts in


@dataclass(frozen=True)
class Counts:
    """Arrays of shape (rows, bins).

    Attributes:
        voices: distinct members.
        threads: in which they spoke.
        weight: what they are worth: the sum over threads of n / (1 + (n - 1) rho) for n members
            of a thread (Kish 1965, "Survey Sampling", the design effect of a cluster). Who spoke
            in several threads counts in each, in more than ``MOST_THREADS`` as much as in these.
    """

    voices: Whole
    threads: Whole
    weight: Real


@dataclass(frozen=True)
class Timeline:
    """Who spoke of what in which thread: an entry for each post and each row that it is in.

    A row is a set of posts: all, those on a topic, those that ask. ``member`` numbers the members
    of each row apart. ``start`` is the moment of a thread's first post, ``after`` how long after
    that an entry was written; both in microseconds. Entries are in the order of row, member,
    thread, ``after``; ``by_thread`` puts them in that of row, thread, ``after``. So what is to
    be counted once stands together, and no history needs sorting.
    """

    n_rows: int
    n_members: int
    row: Whole
    thread: Whole
    member: Whole
    after: Whole
    by_thread: Whole
    start: Whole

    @classmethod
    def of(cls, rows: Sequence[pl.DataFrame]) -> Timeline:
        """Number the posts of some rows; what has no date or no writer is left out.

        Args:
            rows: frames of thread_id, voice and created_at.
        """
        wanted = ("thread_id", "voice", "created_at")
        entries = pl.concat(
            frame.select(*wanted, row=pl.lit(number)) for number, frame in enumerate(rows)
        ).drop_nulls()
        n_members = entries["voice"].n_unique()
        entries = entries.select(
            row=pl.col("row").cast(pl.Int64),
            thread=pl.col(moves_as_one(rows[0])).rank("dense").cast(pl.Int64) - 1,
            member=pl.struct("row", "voice").rank("dense").cast(pl.Int64) - 1,
            moment=pl.col("created_at").dt.epoch("us"),
        ).sort("member", "thread", "moment")
        start = entries.group_by("thread").agg(pl.col("moment").min()).sort("thread")["moment"]
        row, thread, member, moment = (
            entries[name].to_numpy() for name in ("row", "thread", "member", "moment")
        )
        starts = start.to_numpy()
        return cls(
            n_rows=len(rows),
            n_members=n_members,
            row=row,
            thread=thread,
            member=member,
            after=moment - starts[thread],
            by_thread=np.lexsort((moment, thread, row)),
            start=starts,
        )

    def shuffled(self, rng: np.random.Generator) -> Timeline:
        """Return a history in which nothing changes: threads exchange the moments they start at."""
        return replace(self, start=rng.permutation(self.start))

    def without(self, row: int, threads: Whole) -> Timeline:
        """Return the history without what was said in some threads of a row."""
        stays = (self.row != row) | ~np.isin(self.thread, threads)
        left = {name: getattr(self, name)[stays] for name in ("row", "thread", "member", "after")}
        order = np.lexsort((left["after"], left["thread"], left["row"]))
        return replace(self, **left, by_thread=order)

    def count(self, edges: Whole) -> Counts:
        """Count who spoke of what between each edge and the next.

        Args:
            edges: microseconds, one more than bins. What lies outside is left out.
        """
        n_bins = len(edges) + 1  # what lies before and after is a bin too, until the end
        bin_ = np.searchsorted(edges, self.start[self.thread] + self.after, side="right")
        cell = self.row * n_bins + bin_

        once = _begins(self.member, self.thread, bin_)
        spoke = self.member[once] * n_bins + bin_[once]
        n_threads = np.bincount(spoke)[spoke]  # in which this member spoke in this bin
        worth = np.zeros(len(bin_))
        worth[once] = np.minimum(1, MOST_THREADS / n_threads)

        place, thread = cell[self.by_thread], self.thread[self.by_thread]
        threads = _begins(place, thread)
        n = np.add.reduceat(worth[self.by_thread], threads)
        weight = n / (1 + np.maximum(n - 1, 0) * WITHIN_THREAD)

        def summed(cells: Whole, parts: Real) -> Real:
            sums = np.bincount(cells, parts, minlength=self.n_rows * n_bins).astype(np.float64)
            return sums.reshape(self.n_rows, n_bins)[:, 1:-1]

        return Counts(
            voices=np.rint(summed(cell[once], 1 / n_threads)).astype(np.int64),
            threads=summed(place[threads], np.ones(len(n))).astype(np.int64),
            weight=summed(place[threads], weight),
        )


def edges_of(moments: Sequence[datetime]) -> Whole:
    """Return moments, earliest first, as edges of bins."""
    return pl.Series(list(moments)).dt.epoch("us").to_numpy()


def moves_as_one(posts: pl.DataFrame) -> str:
    """Name what moves as one: a thread; where none has a reply, as among reviews, a member."""
    has_replies = posts["thread_id"].drop_nulls().is_duplicated().any()
    return "thread_id" if has_replies else "voice"


def _begins(*columns: Whole) -> Whole:
    """Return the places at which any of some columns differs from the entry before."""
    differs = np.zeros(len(columns[0]), bool)
    differs[:1] = True
    for column in columns:
        differs[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(differs)
