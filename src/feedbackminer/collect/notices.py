"""What a person should know about an export: what it lacks, what was made of it, what is odd."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from feedbackminer.accounts import Account
from feedbackminer.collect.ratings import STARS
from feedbackminer.collect.reading import Reading
from feedbackminer.collect.records import Lost

_LACKS = {
    "created_at": "the export has no dates: nothing can be said about change",
    "author": "the export has no authors: each post counts as one voice",
    "thread_id": "the export has no threads: nothing can be said about answers",
}
FEWEST = 10  # rows; of fewer, nothing is odd
MOST_DROPPED = 0.2  # of the rows
MOST_NAMELESS = 0.4  # of the posts of an export with authors


def what_is_odd(posts: pl.DataFrame, balance: Account, reading: Reading) -> tuple[str, ...]:
    """Return what makes a whole import look misread, the worst first.

    Args:
        posts: of the import.
        balance: its rows, and what became of them.
        reading: how the export was read.
    """
    if balance.rows_in < FEWEST:
        return ()
    odd = tuple(_odd(posts, balance, reading))
    return (*odd, "import --preview shows what was read as what") if odd else ()


def _odd(posts: pl.DataFrame, balance: Account, reading: Reading) -> Iterator[str]:
    if sum(balance.dropped.values()) > MOST_DROPPED * balance.rows_in:
        reasons = ", ".join(f"{reason} {n:,}" for reason, n in balance.dropped.items())
        yield f"only {balance.rows_out:,} of {balance.rows_in:,} rows are posts ({reasons})"
    if posts.is_empty():
        return
    roles = set(posts["author_role"])
    if roles <= {"bot", "staff"}:
        yield f"all posts are by {' and '.join(sorted(roles))}; nothing is said by members"
    if "author" in reading.columns:
        yield from _odd_authors(posts["author_id"])
    if "created_at" in reading.columns and posts["created_at"].null_count() == len(posts):
        yield "no post has a date, though there is a column for it"
    if "thread_id" in reading.columns and posts["thread_id"].n_unique() == 1:
        yield "all posts are in one thread"


def _odd_authors(authors: pl.Series) -> Iterator[str]:
    nameless = authors.null_count() / len(authors)
    if nameless > MOST_NAMELESS:
        yield f"{nameless:.0%} of the posts have no author"
    elif authors.drop_nulls().n_unique() == 1:
        yield "all posts are by one author"


def what_to_know(reading: Reading, lost: Mapping[str, Lost], n_rows: int) -> tuple[str, ...]:
    """Return a sentence for each thing.

    Args:
        reading: how the export was read.
        lost: field -> values that could not be read.
        n_rows: of the export.
    """
    lacks = (text for field, text in _LACKS.items() if not _has(reading, field))
    objects = (
        f"{name} is an object or a list, and was left out, in {values.n:,} posts, first at "
        f"{values.first}"
        for name, values in lost.items()
        if name not in ("created_at", "rating")
    )
    ids = [f"{reading.by_replies!r} is what replies name: it was read as the id of a post"]
    found = (*_dates(reading, lost, n_rows), *_ratings(reading, lost), *objects)
    return (*lacks, *(ids if reading.by_replies else ()), *found)


def _has(reading: Reading, field: str) -> bool:
    """Tell whether an export has a field; who replies to whom makes threads as well."""
    names = ("thread_id", "parent_id") if field == "thread_id" else (field,)
    return any(name in reading.columns for name in names)


def _dates(reading: Reading, lost: Mapping[str, Lost], n_rows: int) -> list[str]:
    notices = []
    if "created_at" in lost:
        undated = lost["created_at"]
        notices.append(
            f"{undated.n:,} of {n_rows:,} posts have no date that can be read, first at "
            f"{undated.first}: they are kept without one"
        )
    if reading.undecided:
        notices.append(
            "no date shows whether its day or its month comes first; they were read month "
            "first (collect.date_order says otherwise)"
        )
    return notices


def _ratings(reading: Reading, lost: Mapping[str, Lost]) -> list[str]:
    notices = [
        f"ratings of 0 to {best:g} in {column!r} were stretched to 1 to 5 stars"
        for column, best in reading.scales.items()
        if best > STARS
    ]
    notices += [
        f"{column!r} holds 1 to 5 stars: it was read as the rating" for column in reading.by_value
    ]
    if "rating" in lost:
        unread = lost["rating"]
        notices.append(f"ratings that could not be read: {unread.n:,}, first at {unread.first}")
    return notices


def apart_notice(n: int) -> str:
    """Say that some names count as different members."""
    return (
        f"{n:,} names of it occur in another source, too; they count as different members "
        "(collect.identities joins accounts of one person)"
    )
