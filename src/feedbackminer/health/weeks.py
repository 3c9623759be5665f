"""Posts by week, counted back from where the data ends.

A week holds each weekday once, so that the rhythm of the week cannot look like drift.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from feedbackminer.vocabulary.moments import as_utc

WEEK = timedelta(days=7)
MICROSECOND = timedelta(microseconds=1)

READS = ("posts", "texts", "tags", "assignments", "dropped", "cursors")

Numbers = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Recent:
    """The latest week and those before it.

    Attributes:
        posts: post_id, source, created_at, ``week`` (0: the latest, 1: the one before, …), and
            what is known of each: ``language``, ``is_dropped`` (cleaning left no text of it),
            ``is_unsorted``, ``is_unsure``; null where the question does not arise.
        vectors: of the posts with a text, one row each.
        vector_weeks: the weeks of those posts.
        end: where the latest week ends, exclusive; None where no post has a date.
        n_weeks: whole weeks before the latest one that the data covers, up to those asked for.
        sources: that are read again and again; none: all of them.
    """

    posts: pl.DataFrame
    vectors: Matrix
    vector_weeks: npt.NDArray[np.int64]
    end: datetime | None
    n_weeks: int
    sources: tuple[str, ...] = ()

    def count(self, rows: pl.DataFrame) -> Numbers:
        """Return how many of the rows each week has, the latest first."""
        return self.count_weeks(rows["week"].to_numpy())

    def count_weeks(self, weeks: npt.NDArray[np.int64]) -> Numbers:
        """Return how often each week occurs, the latest first."""
        return np.bincount(weeks, minlength=self.n_weeks + 1).astype(np.float64)


def read_weeks(
    tables: Mapping[str, pl.DataFrame],
    *,
    vectors_of: Callable[[pl.Series], Matrix],
    history: int,
    sources: tuple[str, ...] = (),
    until: datetime | None = None,
) -> Recent:
    """Put together what is known of the latest week and of up to ``history`` weeks before it.

    Args:
        tables: those of ``READS``, by name.
        vectors_of: returns the vectors of content hashes, one row each.
        sources: that are read again and again; one that was imported once may be silent.
        until: posts from then on are left out.
    """
    moments = tables["posts"]["created_at"]
    end, first = end_of(moments, tables["cursors"]["read_at"], until), moments.min()
    n_weeks = 0
    if end is not None and isinstance(first, datetime):
        n_weeks = min(max((end - first) // WEEK - 1, 0), history)

    posts = _posts(tables, end, n_weeks)
    with_text = posts.drop_nulls("content_hash")
    return Recent(
        posts=posts.drop("content_hash"),
        vectors=vectors_of(with_text["content_hash"]),
        vector_weeks=with_text["week"].to_numpy(),
        end=end,
        n_weeks=n_weeks,
        sources=sources,
    )


def end_of(
    moments: pl.Series, read_at: pl.Series, until: datetime | None = None
) -> datetime | None:
    """Return where the latest week ends: right after the last post.

    Args:
        moments: when posts were written (UTC).
        read_at: when sources were read. Where that is later it is the end, or nobody would see
            that posts have stopped to come.
        until: the end at the latest; without a zone it is of UTC.
    """
    last, read_last = moments.max(), read_at.max()
    if not isinstance(last, datetime):
        return None
    end = last + MICROSECOND
    end = max(end, read_last) if isinstance(read_last, datetime) else end
    return min(end, as_utc(until)) if until else end


def _posts(tables: Mapping[str, pl.DataFrame], end: datetime | None, n_weeks: int) -> pl.DataFrame:
    """Return the posts of the weeks as :class:`Recent` has them, with their ``content_hash``."""
    age = (pl.lit(end, pl.Datetime("us", "UTC")) - pl.col("created_at")).dt.total_microseconds()
    week = (age - 1) // (WEEK // MICROSECOND)

    texts = tables["texts"].select("post_id", "language", "content_hash")
    topics = tables["assignments"].filter(pl.col("rank") == 1)
    topics = topics.select("post_id", has_topic=True)
    tags = tables["tags"].select("post_id", is_unsure=pl.col("unsure").list.len() > 0)
    foreign = tables["dropped"].filter(pl.col("reason") == "other_language")
    foreign = foreign.select(post_id="ref", foreign="value")

    has_text = pl.col("content_hash").is_not_null()
    return (
        tables["posts"]
        .select("post_id", "source", "created_at", week=week)
        .filter(pl.col("week").is_between(0, n_weeks))
        .join(texts, on="post_id", how="left")
        .join(foreign, on="post_id", how="left")
        .join(topics, on="post_id", how="left")
        .join(tags, on="post_id", how="left")
        .with_columns(
            language=pl.coalesce("language", "foreign").replace("und", None),
            is_dropped=~has_text,
            is_unsorted=pl.when(has_text).then(pl.col("has_topic").is_null()),
        )
        .drop("foreign", "has_topic")
        .sort("post_id")
    )
