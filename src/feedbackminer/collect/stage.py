"""Rows of an export become posts: typed, masked, pseudonymous, with their structure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import dataframely as dy
import polars as pl

from feedbackminer.accounts import Account, DroppedRow, account, dropped_frame
from feedbackminer.collect import fields, markup
from feedbackminer.collect.columns import candidates
from feedbackminer.collect.context import CollectContext
from feedbackminer.collect.finish import Finisher, Live, ThreadInfo
from feedbackminer.collect.notices import what_is_odd, what_to_know
from feedbackminer.collect.platforms import adapted
from feedbackminer.collect.reading import Profile, Reading, of_columns, read
from feedbackminer.collect.record_table import table_of
from feedbackminer.collect.records import Record, RecordReader
from feedbackminer.collect.rows import BadRow, Row
from feedbackminer.errors import InputError
from feedbackminer.privacy.masking import mask
from feedbackminer.tables import Dropped, Posts, check

STAGE = "collect"


@dataclass(frozen=True)
class Collected:
    """Posts of one file, what was dropped, and what the reader of the digest should know.

    Attributes:
        odd: what makes it look misread; among the notices as well.
        reading: how it was read.
        apart: pseudonyms of members whose name another source has, too.
    """

    posts: dy.DataFrame[Posts]
    dropped: dy.DataFrame[Dropped]
    account: Account
    notices: tuple[str, ...]
    odd: tuple[str, ...]
    reading: Reading
    apart: frozenset[str]


def collect_posts(
    rows: Iterable[Row | BadRow],
    context: CollectContext,
    *,
    threads: Mapping[str, ThreadInfo] | None = None,
    live: Live | None = None,
) -> Collected:
    """Turn the rows of one file into posts.

    Args:
        rows: what :func:`read_rows` yields; they are read twice, and not held.
        context: what else is the same for all of them.
        threads: titles and channels by native thread id.
        live: the rows are a part of a source that is read bit by bit.
    Returns:
        posts and dropped rows; their counts sum to the rows read.
    Raises:
        InputError: no row can be read, or no column can hold the text.
    """
    rows = list(rows) if isinstance(rows, Iterator) else rows
    if live:
        reading = of_columns(live.columns, context.settings, where=context.name)
    else:
        reading = read(profile_of(rows, context), context.settings, where=context.name)
    return collect_as(reading, rows, context, threads=threads, live=live)


def collect_as(
    reading: Reading,
    rows: Iterable[Row | BadRow],
    context: CollectContext,
    *,
    threads: Mapping[str, ThreadInfo] | None = None,
    live: Live | None = None,
) -> Collected:
    """Turn rows into posts, given how they are read; else as :func:`collect_posts`."""
    reader = RecordReader(reading, context)
    dropped: list[DroppedRow] = []
    everything = table_of(_records(rows, reader, dropped))
    n_rows = len(everything.rows) + len(dropped)
    records, repeated = everything.first_by_id()
    dropped += _repeated_rows(repeated, context)
    dropped_table = dropped_frame(STAGE, dropped)

    finisher = Finisher(context, records, threads or {}, live)
    posts = check(finisher.posts(), Posts, where=STAGE)
    balance = account(STAGE, n_rows, posts, dropped_table)
    notices = what_to_know(reading, reader.lost, balance.rows_in)
    odd = () if live else what_is_odd(posts, balance, reading)
    return Collected(
        posts, dropped_table, balance, (*odd, *notices), odd, reading, finisher.apart()
    )


def profile_of(rows: Iterable[Row | BadRow], context: CollectContext) -> Profile:
    """Read all rows once, to learn what stands in their columns.

    Raises:
        InputError: none of them can be read.
    """
    found, first_bad, n_bad = Profile(frozenset(context.settings.map.values())), "", 0
    for row in rows:
        if isinstance(row, Row):
            found.add(adapted(row))
        else:
            n_bad += 1
            first_bad = first_bad or f"{row.ref}: {row.reason}: {row.detail}"
    if not found.n_rows:
        bad = f"none of its {n_bad} rows can be read, first {first_bad}"
        raise InputError(
            f"{context.name}: {bad if n_bad else 'has no rows'}; want one post per row"
        )
    return found


def read_threads(rows: Iterable[Row | BadRow]) -> tuple[dict[str, ThreadInfo], int]:
    """Read a threads file: native thread id -> title and channel, and how many rows were bad."""
    found = Profile()
    n_rows = 0
    for row in rows:
        n_rows += 1
        if isinstance(row, Row):
            found.add(row)
    reading = Reading(candidates(found.columns))
    key = "thread_id" if "thread_id" in reading.columns else "post_id"

    threads = {}
    for row in rows:
        get = reading.of(row) if isinstance(row, Row) else None
        native = get.identifier(key) if get else ""
        if get and native:
            title = markup.title_text(get.text("title"))
            threads[native] = ThreadInfo(title, get.text("channel"))
    return threads, n_rows - len(threads)


def _records(
    rows: Iterable[Row | BadRow], reader: RecordReader, dropped: list[DroppedRow]
) -> Iterator[Record]:
    """Yield the record of each row that is a post; the others are put into ``dropped``."""
    for row in rows:
        if isinstance(row, BadRow):
            dropped.append(DroppedRow(row.ref, row.reason, row.detail))
            continue
        try:
            yield reader.record(row)
        except fields.BadValueError as bad:
            dropped.append(DroppedRow(row.ref, bad.reason, mask(str(bad))))


def _repeated_rows(repeated: pl.DataFrame, context: CollectContext) -> Iterator[DroppedRow]:
    """Yield what is told of records whose id stands already at another, which is kept."""
    for ref, native, kept_at in repeated.select("ref", "native_id", "kept_at").iter_rows():
        detail = f"id {native[:80]!r} stands already at {kept_at}; the first is kept"
        yield DroppedRow(ref, "duplicate_id", mask(detail), other_ref=context.post_id(native))
