"""How a community stands at the end of the period: whether anybody still writes there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from feedbackminer.text.words import on_one_line

LAST = 50  # posts that are searched for a farewell
SILENT = timedelta(weeks=4)  # without a new thread, at least,
UNUSUAL = 10  # times the mean time between two threads
OLD = timedelta(days=60)  # from the last post to the digest
CLOSED = re.compile(
    r"(?i)\b(?:this|the) (?:forums?|community|mailing list|discussion board)\b"
    r"(?:(?!\bnot\b)[^.!?\n]){0,40}\b(?:is|are|has|have|was|will be|being|been)\b"
    r"(?:(?!\bnot\b)[^.!?\n]){0,20}"
    r"\b(?:read[- ]?only|archived|closed|closing down|moved to|moving to|migrated to|"
    r"shut(?:ting)? down)\b"
)


@dataclass(frozen=True)
class Standing:
    """What is to be known before anything else.

    Attributes:
        silent_since: when the last thread began, where no new one is unusual by now.
        farewell: one of the last posts, which says that the place is closed or has moved.
        words: of it.
        last_at: when anybody wrote last, where that is long before the digest was made and nobody
            chose it so.
        is_past: that is long before, whoever chose it.
        until: when anybody wrote last.
        made_at: when the digest was made.
    """

    silent_since: datetime | None
    farewell: Mapping[str, Any] | None
    words: str
    last_at: datetime | None
    is_past: bool
    until: datetime | None
    made_at: datetime

    @property
    def is_quiet(self) -> bool:
        """Tell whether nobody is likely to read an answer there today."""
        return bool(self.silent_since or self.farewell or self.is_past)

    def lines(self) -> Iterator[str]:
        """Say it; nothing where the community is as it was."""
        if self.silent_since and self.until:
            weeks = (self.until - self.silent_since).days // 7
            began = f"{self.silent_since:%-d %B %Y}"
            yield f"No new thread for {weeks} weeks: the last began on {began}."
        if self.farewell:
            when = self.farewell["created_at"]
            yield f"One of the last posts, of {when:%-d %B %Y}, says: “{self.words}”."
        if self.last_at:
            weeks = (self.made_at - self.last_at).days // 7
            yield (
                f"The newest post that was read is of {self.last_at:%-d %B %Y}, {weeks} weeks "
                "before this digest was made."
            )


def standing_of(
    posts: pl.DataFrame,
    threads: pl.DataFrame,
    *,
    until: datetime | None,
    made_at: datetime,
    is_chosen: bool,
) -> Standing:
    """Look at the end of a history.

    Args:
        posts: all up to ``until``.
        threads: likewise.
        is_chosen: somebody chose where it ends, so how old it is tells nothing.
    """
    dated = posts.drop_nulls("created_at").sort("created_at", "post_id")
    farewell, words = _farewell(dated.tail(LAST))
    last = dated["created_at"].max()
    # What was not collected is no silence.
    end = min(until, last) if until and isinstance(last, datetime) else until
    is_past = isinstance(last, datetime) and made_at - last > OLD
    return Standing(
        silent_since=_silent_since(threads["opened_at"].drop_nulls().sort(), end),
        farewell=farewell,
        words=words,
        last_at=last if is_past and not is_chosen and isinstance(last, datetime) else None,
        is_past=is_past,
        until=end,
        made_at=made_at,
    )


def _silent_since(opened: pl.Series, until: datetime | None) -> datetime | None:
    if until is None or len(opened) < 2:
        return None
    first, last = opened[0], opened[-1]
    usual = (last - first) / (len(opened) - 1)
    return last if until - last > max(SILENT, UNUSUAL * usual) else None


def _farewell(posts: pl.DataFrame) -> tuple[Mapping[str, Any] | None, str]:
    """Return the latest post that says that the place is closed, and where it does."""
    for post in posts.reverse().iter_rows(named=True):
        if found := CLOSED.search(post["body"]):
            return post, on_one_line(found[0])
    return None, ""
