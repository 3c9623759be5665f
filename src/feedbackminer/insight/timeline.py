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
    of each row apart, ``row_of`` has the row of each. ``start`` is the moment of a thread's first
    post, ``after`` how long after that an entry was written; both in microseconds.
    """

    n_rows: int
    n_members: int
    row_of: Whole
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
        n_members = entries["voice"].n_unique()
        entries = entries.select(
            row=pl.col("row").cast(pl.Int64),
            thread=pl.col(_moves_as_one(rows[0])).rank("dense").cast(pl.Int64) - 1,
            member=pl.struct("row", "voice").rank("dense").cast(pl.Int64) - 1,
            moment=pl.col("created_at").dt.epoch("us"),
        )
        start = entries.group_by("thread").agg(pl.col("moment").min()).sort("thread")["moment"]
        row_of = entries.group_by("member").agg(pl.col("row").first()).sort("member")["row"]
        thread, member, moment = (
            entries[name].to_numpy() for name in ("thread", "member", "moment")
        )
        starts = start.to_numpy()
        return cls(
            n_rows=len(rows),
            n_members=n_members,
            row_of=row_of.to_numpy(),
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
        n_bins, n_threads = len(edges) - 1, max(len(self.start), 1)
        bin_ = np.searchsorted(edges, self.start[self.thread] + self.after, side="right") - 1
        (inside,) = np.nonzero((bin_ >= 0) & (bin_ < n_bins))
        spoke = (self.member[inside] * n_bins + bin_[inside]) * n_threads + self.thread[inside]
        spoke = np.unique(spoke)
        who, thread = np.divmod(spoke, n_threads)  # a member in a bin, once for each thread
        begins, n = _runs(who)
        member, bin_ = np.divmod(who[begins], n_bins)
        cell = self.row_of[member] * n_bins + bin_

        place = np.repeat(cell, n) * n_threads + thread
        order = np.argsort(place)
        threads, _ = _runs(place[order])
        worth = np.repeat(np.minimum(1, MOST_THREADS / n), n)[order]
        n = np.add.reduceat(worth, threads) if len(worth) else worth
        of_threads = place[order][threads] // n_threads

        size, shape = self.n_rows * n_bins, (self.n_rows, n_bins)
        weight = np.bincount(
            of_threads, n / (1 + np.maximum(n - 1, 0) * WITHIN_THREAD), minlength=size
        )
        return Counts(
            voices=np.bincount(cell, minlength=size).reshape(shape),
            threads=np.bincount(of_threads, minlength=size).reshape(shape),
            weight=weight.reshape(shape).astype(np.float64),
        )


def edges_of(moments: Sequence[datetime]) -> Whole:
    """Return moments, earliest first, as edges of bins."""
    return pl.Series(list(moments)).dt.epoch("us").to_numpy()


def _moves_as_one(posts: pl.DataFrame) -> str:
    """Name what moves as one: a thread; where none has a reply, as among reviews, a member."""
    has_replies = posts["thread_id"].drop_nulls().is_duplicated().any()
    return "thread_id" if has_replies else "voice"


def _runs(keys: Whole) -> tuple[Whole, Whole]:
    """Return where each of some sorted keys begins, and how often it comes."""
    (begins,) = np.nonzero(np.diff(keys, prepend=-1))
    return begins, np.diff(begins, append=len(keys))
