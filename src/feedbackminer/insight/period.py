"""The time a digest speaks of, and the windows before that it is held against."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polars as pl

from feedbackminer.errors import SettingsError
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.vocabulary.moments import LENGTHS, as_utc, midnight, word_of

ALL, GIVEN = "all", "given"  # the whole history; a period whose first day somebody gave
ENOUGH = 200  # members who spoke: of fewer there is little to tell, so no shorter period is chosen
MOST_BEFORE = 12  # windows that a period is held against


@dataclass(frozen=True)
class Period:
    """From ``since`` (inclusive) to ``until`` (exclusive); None where posts have no dates.

    ``history_since`` is the day of the first post. ``edges`` are moments, earliest first: windows
    as long as the period, the last of which it is; two moments where nothing is before it.
    ``told_from``: of a span, where the period begins that is told of.
    """

    name: str  # of ``LENGTHS``, or ALL, or GIVEN
    since: datetime | None
    until: datetime | None
    history_since: datetime | None
    edges: tuple[datetime, ...] = ()
    told_from: datetime | None = None

    @property
    def word(self) -> str:
        """Return what it is called: ``month``, ``period``."""
        return word_of(self.name)

    @property
    def n_before(self) -> int:
        """Count the windows before it."""
        return max(len(self.edges) - 2, 0)

    @property
    def is_all(self) -> bool:
        """Tell whether it is the whole history."""
        return self.since == self.history_since

    @property
    def span(self) -> Period:
        """Return the period with the windows before it; itself where there are none."""
        if not self.n_before:
            return self
        return replace(self, since=self.edges[0], told_from=self.since)

    @property
    def history(self) -> Period:
        """Return the whole history up to its end."""
        return replace(self, name=ALL, since=self.history_since, edges=())


def period_of(posts: pl.DataFrame, settings: InsightSettings) -> Period:
    """Return the period to tell of; days are whole UTC days.

    Where the settings name none it is the latest week, month, quarter or year: the shortest in
    which ``ENOUGH`` members spoke and before which there is as long a time; else all.

    Args:
        posts: author_id and created_at of what members wrote.
    Raises:
        SettingsError: the period would end before it begins.
    """
    dated = posts.drop_nulls("created_at")
    first, last = dated["created_at"].min(), dated["created_at"].max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return Period(ALL, None, None, None)
    begin = midnight(first)
    until = as_utc(settings.until) if settings.until else midnight(last) + timedelta(days=1)
    since = max(as_utc(settings.since), begin) if settings.since else None
    for what, moment in (("since", since), ("the first post", begin)):
        if moment and moment >= until:
            raise SettingsError(
                f"insight: {what}, {moment:%F}, is not before the end of the period, {until:%F}; "
                "move since or until"
            )
    if since:
        return _given(since, until, begin)
    names = [*LENGTHS] if settings.period == "auto" else [settings.period]
    for name in names:
        edges = _edges(until, LENGTHS.get(name), begin)
        # A length that is asked for is told of even where nothing as long is before it.
        if name == ALL or len(edges) < (3 if settings.period == "auto" else 2):
            break
        if settings.period != "auto" or _n_speakers(dated, edges[-2], until) >= ENOUGH:
            return Period(name, edges[-2], until, begin, edges)
    return Period(ALL, begin, until, begin)


def _given(since: datetime, until: datetime, begin: datetime) -> Period:
    """Return a period whose first day is given, and the windows as long as it that are before."""
    length = until - since
    n = min(max((since - begin) // length, 0), MOST_BEFORE) if length > timedelta(0) else 0
    edges = (*(since - k * length for k in range(n, 0, -1)), since, until)
    return Period(GIVEN, since, until, begin, edges)


def _edges(until: datetime, length: str | None, begin: datetime) -> tuple[datetime, ...]:
    """Return windows of some length before ``until``, as many as the history has in full."""
    if length is None:
        return ()
    number, unit = int(length.rstrip("wmoy")), length.lstrip("0123456789")
    frame = pl.DataFrame({"until": [until]})
    back = [
        pl.col("until").dt.offset_by(f"-{n * number}{unit}") for n in range(MOST_BEFORE + 1, -1, -1)
    ]
    moments: list[datetime] = frame.select(pl.concat_list(back)).item().to_list()
    return tuple(moment for moment in moments if moment >= begin)


def _n_speakers(posts: pl.DataFrame, since: datetime, until: datetime) -> int:
    within = (pl.col("created_at") >= since) & (pl.col("created_at") < until)
    return posts.filter(within)["author_id"].drop_nulls().n_unique()
