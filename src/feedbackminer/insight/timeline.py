"""A history as numbers: who spoke of what, when, and the same with threads at other times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

Whole = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# Correlation of members of one thread: of n the first counts once, and all count at most as ten.
WITHIN_THREAD = 0.1
MOST_THREADS = 3  # that one member counts in
MOST_UNITS = 100_000  # of time in a history, for which bins are looked up


@dataclass(frozen=True)
class Counts:
    """Arrays of shape (rows, bins), of several histories (histories, rows, bins).

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
class Entries:
    """Who spoke of what in which thread: an entry for each post and each row that it is in.

    A row is a set of posts: all, those on a topic, those that ask. ``member`` numbers the members
    of each row apart. ``after`` is how long after the first post of its thread an entry was
    written, microseconds. Entries are in the order of row, member, thread, ``after``. What threads
    do not change by beginning at other times is found out once for all histories.
    """

    row: Whole
    thread: Whole
    member: Whole
    after: Whole

    def __len__(self) -> int:
        return len(self.row)

    @cached_property
    def by_thread(self) -> Whole:
        """Return the places of the entries in the order of row, thread, ``after``."""
        return np.lexsort((self.after, self.thread, self.row))

    @cached_property
    def opens_thread(self) -> Flags:
        """Tell whose member was not yet in this thread."""
        return _differs(self.member, self.thread)

    @cached_property
    def is_threads_first(self) -> Flags:
        """Tell, in the order ``by_thread``, what is the first of its row and thread."""
        return _differs(self.row[self.by_thread], self.thread[self.by_thread])

    @cached_property
    def elsewhere(self) -> tuple[Whole, Whole]:
        """Return the places of entries whose member is in several threads, and these members."""
        n_threads = np.bincount(self.member, self.opens_thread)
        places = np.flatnonzero(n_threads[self.member] > 1)
        return places, np.cumsum(_differs(self.member[places])) - 1

    @cached_property
    def are_apart(self) -> bool:
        """Tell whether each thread of a row has one member, and each member one thread."""
        return (
            len(self.elsewhere[0]) == 0 and self.is_threads_first.sum() == self.opens_thread.sum()
        )

    def times(self, n: int, *, n_rows: int, n_threads: int) -> Entries:
        """Return as many of all, each with rows, threads and members of its own."""
        n_members = int(self.member.max(initial=-1)) + 1
        copy = np.repeat(np.arange(n), len(self))
        return Entries(
            np.tile(self.row, n) + copy * n_rows,
            np.tile(self.thread, n) + copy * n_threads,
            np.tile(self.member, n) + copy * n_members,
            np.tile(self.after, n),
        )

    def without(self, row: int, threads: Whole) -> Entries:
        """Return all but what was said in some threads of a row."""
        stays = (self.row != row) | ~np.isin(self.thread, threads)
        return Entries(self.row[stays], self.thread[stays], self.member[stays], self.after[stays])


@dataclass(frozen=True)
class Timeline:
    """A history, or several of the same rows: entries, and when each thread began.

    Attributes:
        start: the moment of a thread's first post, microseconds.
    """

    n_rows: int
    n_members: int
    entries: Entries
    start: Whole
    n_histories: int = 1

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of what is counted in a bin: rows, of several histories these first."""
        return (self.n_rows,) if self.n_histories == 1 else (self.n_histories, self.n_rows)

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
        after = moment - starts[thread]
        return cls(len(rows), n_members, Entries(row, thread, member, after), starts)

    def shuffled(self, rng: np.random.Generator) -> Timeline:
        """Return a history in which nothing changes: threads exchange the moments they start at."""
        return replace(self, start=rng.permutation(self.start))

    def at_starts(self, starts: Sequence[Whole]) -> Timeline:
        """Return several histories in which threads start at other times, to be counted at once."""
        n = len(starts)
        if n == 1:
            return replace(self, start=starts[0])
        entries = self.entries.times(n, n_rows=self.n_rows, n_threads=len(self.start))
        return replace(self, entries=entries, start=np.concatenate(starts), n_histories=n)

    def without(self, row: int, threads: Whole) -> Timeline:
        """Return the history without what was said in some threads of a row."""
        return replace(self, entries=self.entries.without(row, threads))

    def count(self, edges: Whole) -> Counts:
        """Count who spoke of what between each edge and the next.

        Args:
            edges: microseconds, one more than bins. What lies outside is left out.
        """
        entries = self.entries
        n_bins = len(edges) + 1  # what lies before and after is a bin too, until the end
        bin_ = places_among(edges, self.start[entries.thread] + entries.after)
        cell = entries.row * n_bins + bin_

        def summed(cells: Whole, parts: Real | Flags | None = None) -> npt.NDArray[Any]:
            sums = np.bincount(cells, parts, minlength=math.prod(self.shape) * n_bins)
            return sums.reshape(*self.shape, n_bins)[..., 1:-1]

        once = entries.opens_thread | _differs(bin_)
        if entries.are_apart:
            n = summed(cell, once)
            return Counts(n.astype(np.int64), n.astype(np.int64), n)

        voices, worth = once.astype(np.float64), once.astype(np.float64)
        places, members = entries.elsewhere
        spoke = members * n_bins + bin_[places]
        n_threads = np.bincount(spoke, once[places])[spoke]  # of this member in this bin
        voices[places] /= n_threads
        worth[places] *= np.minimum(1, MOST_THREADS / n_threads)

        cell_of_thread = cell[entries.by_thread]
        threads = np.flatnonzero(entries.is_threads_first | _differs(cell_of_thread))
        n = np.add.reduceat(worth[entries.by_thread], threads)
        weight = n / (1 + np.maximum(n - 1, 0) * WITHIN_THREAD)
        return Counts(
            voices=np.rint(summed(cell, voices)).astype(np.int64),
            threads=summed(cell_of_thread[threads]).astype(np.int64),
            weight=summed(cell_of_thread[threads], weight),
        )


def edges_of(moments: Sequence[datetime]) -> Whole:
    """Return moments, earliest first, as edges of bins."""
    return pl.Series(list(moments)).dt.epoch("us").to_numpy()


def moves_as_one(posts: pl.DataFrame) -> str:
    """Name what moves as one: a thread; where none has a reply, as among reviews, a member."""
    has_replies = posts["thread_id"].drop_nulls().is_duplicated().any()
    return "thread_id" if has_replies else "voice"


def places_among(edges: Whole, moments: Whole) -> Whole:
    """Return how many edges are no later than each moment.

    Edges of windows lie whole days apart, mostly: then a day is looked up, an order of magnitude
    quicker than searching among the edges.
    """
    unit = int(np.gcd.reduce(np.diff(edges), initial=0))
    n_units = int(edges[-1] - edges[0]) // unit if unit else MOST_UNITS
    if n_units >= MOST_UNITS:
        return np.searchsorted(edges, moments, side="right")
    n_before = np.searchsorted(edges, edges[0] + np.arange(-1, n_units + 1) * unit, side="right")
    units = (moments - edges[0]) // unit
    return np.asarray(n_before[np.clip(units, -1, n_units, out=units) + 1])


def _differs(*columns: Whole) -> Flags:
    """Tell of each entry whether any of some columns differs from the entry before."""
    differs = np.zeros(len(columns[0]), bool)
    differs[:1] = True
    for column in columns:
        differs[1:] |= column[1:] != column[:-1]
    return differs
