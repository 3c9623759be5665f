"""Who is in the room: the members of a period beside those of the period before, as long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from feedbackminer.digest import counts
from feedbackminer.digest.counts import Span
from feedbackminer.digest.small_groups import without_small

SETTLED = timedelta(days=365)
NEW, YOUNG, OLD = SEATS = ("new here", "here for less than a year", "here for a year or more")


@dataclass(frozen=True)
class Seat:
    """A sort of members: how many there are, and how many there were; None: not told."""

    name: str
    n: int | None
    n_before: int | None


@dataclass(frozen=True)
class Room:
    """Members who wrote in a period, each once; small groups of them are not told.

    Attributes:
        n, n_before: in the period, and in the one before; the latter 0: nothing is known of it.
        seats: by how long they had been there when the period began; none where nothing is dated.
        sources: where they wrote, who wrote in two counts in each.
        n_advocates: of them; None: not told.
        unlike: which part of them would have to be others (by seat and source) for the room to be
            as the one before: the total variation distance, 0 to 1; None: nothing is known of that,
            or it would tell the size of a group that is not told.
    """

    n: int
    n_before: int
    seats: Sequence[Seat]
    sources: Sequence[tuple[str, int | None]]
    n_advocates: int | None
    unlike: float | None


def room_of(tables: Mapping[str, pl.DataFrame], span: Span, before: Span | None) -> Room:
    """Look who wrote in a period.

    Args:
        tables: posts with roles as they are known now, members and repeats.
        before: a time as long before it; None: nothing is known of that.
    """
    now = _present(tables, span)
    then = _present(tables, before) if before else now.clear()
    n = now["author_id"].n_unique()
    seats, seats_before = (_seated(room) for room in (now, then))
    of_source = now.unique(["author_id", "source"])["source"].value_counts()
    sources = without_small(
        dict(of_source.sort("count", "source", descending=[True, False]).iter_rows())
    )
    advocates = now.filter("advocate")["author_id"].n_unique()
    is_told = None not in {*seats.values(), *seats_before.values(), *sources.values()}
    return Room(
        n=n,
        n_before=then["author_id"].n_unique(),
        seats=[Seat(name, seats[name], seats_before[name]) for name in SEATS] if span[0] else [],
        sources=list(sources.items()),
        n_advocates=without_small({"advocates": advocates, "others": n - advocates})["advocates"],
        unlike=_apart(now, then) if len(now) and len(then) and is_told else None,
    )


def _present(tables: Mapping[str, pl.DataFrame], span: Span) -> pl.DataFrame:
    """Return author_id, source, seat and advocate of who wrote, a row for each source."""
    members = tables["members"].select("author_id", "first_at", "advocate")
    wrote = counts.counted(tables, span).drop_nulls("author_id")
    rows = wrote.select("author_id", "source").unique().join(members, on="author_id", how="left")
    since, _ = span
    return rows.with_columns(seat=_seat(since) if since else pl.lit(None, pl.String))


def _seat(since: datetime) -> pl.Expr:
    return (
        pl.when(pl.col("first_at") >= since)
        .then(pl.lit(NEW))
        .when(pl.col("first_at") >= since - SETTLED)
        .then(pl.lit(YOUNG))
        .otherwise(pl.lit(OLD))
    )


def _seated(present: pl.DataFrame) -> dict[str, int | None]:
    return without_small(
        {seat: present.filter(seat=seat)["author_id"].n_unique() for seat in SEATS}
    )


def _apart(now: pl.DataFrame, then: pl.DataFrame) -> float:
    """Return the total variation distance of two rooms by seat and source."""
    shares: list[dict[object, float]] = [
        {row[:-1]: row[-1] / len(frame) for row in frame.group_by("seat", "source").len().rows()}
        for frame in (now, then)
    ]
    sorts = set(shares[0]) | set(shares[1])
    return sum(abs(shares[0].get(sort, 0.0) - shares[1].get(sort, 0.0)) for sort in sorts) / 2
