"""Who is in the room: the members of a period beside those of the period before, as long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from feedbackminer.digest import counts
from feedbackminer.digest.counts import Span

SETTLED = timedelta(days=365)
NEW, YOUNG, OLD = SEATS = ("new here", "here for less than a year", "here for a year or more")


@dataclass(frozen=True)
class Seat:
    """A sort of members: how many there are, and how many there were."""

    name: str
    n: int
    n_before: int


@dataclass(frozen=True)
class Room:
    """Members who wrote in a period, each once.

    Attributes:
        n, n_before: in the period, and in the one before; the latter 0: nothing is known of it.
        seats: by how long they had been there when the period began.
        sources: where they wrote, who wrote in two counts in each.
        n_advocates: of them.
        unlike: which part of them would have to be others (by seat and source) for the room to be
            as the one before: the total variation distance, 0 to 1; None: nothing is known of that.
    """

    n: int
    n_before: int
    seats: Sequence[Seat]
    sources: Sequence[tuple[str, int]]
    n_advocates: int
    unlike: float | None


def room_of(tables: Mapping[str, pl.DataFrame], span: Span) -> Room:
    """Look who wrote in a period.

    Args:
        tables: posts with roles as they are known now, members and repeats.
    """
    members = tables["members"].select("author_id", "first_at", "advocate")
    now = _present(tables, span, members)
    before = _present(tables, _before(span), members)
    sorts = [_shares(frame, "seat", "source") for frame in (now, before)]
    at_all = {sort for shares in sorts for sort in shares}
    apart = sum(abs(sorts[0].get(sort, 0.0) - sorts[1].get(sort, 0.0)) for sort in at_all) / 2
    of_source = now.unique(["author_id", "source"])["source"].value_counts()
    return Room(
        n=now["author_id"].n_unique(),
        n_before=before["author_id"].n_unique(),
        seats=[Seat(name, _n(now, name), _n(before, name)) for name in SEATS],
        sources=list(of_source.sort("count", "source", descending=[True, False]).iter_rows()),
        n_advocates=now.filter("advocate")["author_id"].n_unique(),
        unlike=apart if len(now) and len(before) else None,
    )


def _before(span: Span) -> Span:
    since, until = span
    return (since - (until - since), since) if since and until else (None, None)


def _present(tables: Mapping[str, pl.DataFrame], span: Span, members: pl.DataFrame) -> pl.DataFrame:
    """Return author_id, source, seat and advocate of who wrote, a row for each source."""
    since, _ = span
    wrote = counts.counted(tables, span).drop_nulls("author_id")
    rows = wrote.select("author_id", "source").unique().join(members, on="author_id", how="left")
    return (
        rows.clear().with_columns(seat=pl.lit(""))
        if since is None
        else rows.with_columns(seat=_seat(since))
    )


def _seat(since: datetime) -> pl.Expr:
    return (
        pl.when(pl.col("first_at") >= since)
        .then(pl.lit(NEW))
        .when(pl.col("first_at") >= since - SETTLED)
        .then(pl.lit(YOUNG))
        .otherwise(pl.lit(OLD))
    )


def _n(present: pl.DataFrame, seat: str) -> int:
    return present.filter(seat=seat)["author_id"].n_unique()


def _shares(present: pl.DataFrame, *columns: str) -> dict[object, float]:
    sizes = present.group_by(*columns).len()
    return {row[:-1]: row[-1] / len(present) for row in sizes.iter_rows()}
