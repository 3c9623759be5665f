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


@dataclass(frozen=True)
class Counts:
    """Arrays of shape (rows, bins).

    Attributes:
        threads: in which members spoke.
        weight: how many independent members they are worth: the sum over threads of
            n / (1 + (n - 1) rho) for n members of a thread (Kish 1965, "Survey Sampling", the
            design effect of a cluster).
    """

    threads: Whole
    weight: Real


@dataclass(frozen=True)
class Timeline:
    """Who spoke of what in which thread: an entry for each post and each row that it is in.

    A row is a set of posts: all, those on a topic, those that ask. ``start`` is the moment of a
    thread's first post, ``after`` how long after that an entry was written; both in microseconds.
    """

    n_rows: int
    n_members: int
    row: Whole
    thread: Whole
    member: Whole
    after: Whole
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
        entries = entries.select(
            row=pl.col("row").cast(pl.Int64),
            thread=pl.col(_moves_as_one(rows[0])).rank("dense").cast(pl.Int64) - 1,
            member=pl.col("voice").rank("dense").cast(pl.Int64) - 1,
            moment=pl.col("created_at").dt.epoch("us"),
        )
        start = entries.group_by("thread").agg(pl.col("moment").min()).sort("thread")["moment"]
        row, thread, member, moment = (entries[name].to_numpy() for name in entries.columns)
        starts = start.to_numpy()
        return cls(
            n_rows=len(rows),
            n_members=entries["member"].n_unique(),
            row=row,
            thread=thread,
            member=member,
            after=moment - starts[thread],
            start=starts,
        )

    def shuffled(self, rng: np.random.Generator) -> Timeline:
        """Return a history in which nothing changes: threads exchange the moments they start at."""
        return replace(self, start=rng.permutation(self.start))

    def count(self, edges: Whole) -> Counts:
        """Count who spoke of what between each edge and the next.

        Args:
            edges: microseconds, one more than bins. What lies outside is left out.
        """
        cell, inside = self._cells(edges)
        place = cell * len(self.start) + self.thread[inside]
        spoke = np.sort(place * self.n_members + self.member[inside])
        # A key for each member of each thread in each cell, then for each thread in each cell.
        place = spoke[_begins(spoke)] // max(self.n_members, 1)
        (begins,) = np.nonzero(_begins(place))
        n = np.diff(begins, append=len(place))
        cell = place[begins] // max(len(self.start), 1)
        size, shape = self.n_rows * (len(edges) - 1), (self.n_rows, len(edges) - 1)
        weight = np.bincount(cell, n / (1 + (n - 1) * WITHIN_THREAD), minlength=size)
        return Counts(
            threads=np.bincount(cell, minlength=size).reshape(shape),
            weight=weight.reshape(shape).astype(np.float64),
        )

    def voices(self, edges: Whole) -> Whole:
        """Count distinct members, shape (rows, bins)."""
        cell, inside = self._cells(edges)
        spoke = np.unique(cell * self.n_members + self.member[inside])
        size, shape = self.n_rows * (len(edges) - 1), (self.n_rows, len(edges) - 1)
        return np.bincount(spoke // max(self.n_members, 1), minlength=size).reshape(shape)

    def _cells(self, edges: Whole) -> tuple[Whole, npt.NDArray[np.bool_]]:
        """Return which entries lie in a bin, and the row and bin of these as one number."""
        n_bins = len(edges) - 1
        bin_ = np.searchsorted(edges, self.start[self.thread] + self.after, side="right") - 1
        inside = (bin_ >= 0) & (bin_ < n_bins)
        return self.row[inside] * n_bins + bin_[inside], inside


def edges_of(moments: Sequence[datetime]) -> Whole:
    """Return moments, earliest first, as edges of bins."""
    return pl.Series(list(moments)).dt.epoch("us").to_numpy()


def _moves_as_one(posts: pl.DataFrame) -> str:
    """Name what moves as one: a thread; where none has a reply, as among reviews, a member."""
    has_replies = posts["thread_id"].drop_nulls().is_duplicated().any()
    return "thread_id" if has_replies else "voice"


def _begins(keys: Whole) -> npt.NDArray[np.bool_]:
    is_new = np.ones(len(keys), bool)
    is_new[1:] = keys[1:] != keys[:-1]
    return is_new
