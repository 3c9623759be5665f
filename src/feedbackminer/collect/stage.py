"""Rows of an export become posts: typed, masked, pseudonymous, with their structure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dataframely as dy
import polars as pl

from feedbackminer.accounts import Account, DroppedRow, account, dropped_frame
from feedbackminer.collect import fields, markup, platforms
from feedbackminer.collect.columns import find_columns
from feedbackminer.collect.context import CollectContext
from feedbackminer.collect.files import BadRow, Row
from feedbackminer.collect.records import Record, RecordReader, header
from feedbackminer.errors import InputError
from feedbackminer.privacy.masking import mask
from feedbackminer.privacy.names import KnownNames
from feedbackminer.privacy.pseudonyms import Members
from feedbackminer.tables import Dropped, Posts, check, column_types

STAGE = "collect"


@dataclass(frozen=True)
class ThreadInfo:
    """What a threads file says about a thread."""

    title: str
    channel: str


@dataclass(frozen=True)
class Live:
    """What is known of a source of which only some rows are at hand.

    Attributes:
        columns: what the rows may hold.
        author_ids: pseudonyms of those who wrote in the parts before.
        subjects: words (casefolded) that are no members, though an account may be called so.
    """

    columns: Sequence[str]
    author_ids: frozenset[str]
    subjects: frozenset[str]

    def members(self, author_ids: Iterable[str]) -> Members:
        """Return who is known as a member, the authors of these rows included."""
        return Members(self.author_ids.union(author_ids), self.subjects)


@dataclass(frozen=True)
class Collected:
    """Posts of one file, what was dropped, and what the reader of the digest should know."""

    posts: dy.DataFrame[Posts]
    dropped: dy.DataFrame[Dropped]
    account: Account
    notices: tuple[str, ...]


def collect_posts(
    rows: Iterable[Row | BadRow],
    context: CollectContext,
    *,
    threads: Mapping[str, ThreadInfo] | None = None,
    live: Live | None = None,
) -> Collected:
    """Turn the rows of one file into posts.

    Args:
        rows: what :func:`read_rows` yields.
        context: what else is the same for all of them.
        threads: titles and channels by native thread id.
        live: the rows are a part of a source that is read bit by bit.
    Returns:
        posts and dropped rows; their counts sum to the rows read.
    Raises:
        InputError: no row can be read, or no column can hold the text.
    """
    everything = list(rows)
    readable = [row for row in everything if isinstance(row, Row)]
    adapted = readable if live else _adapted(everything, context.name)
    reader = RecordReader(adapted, live.columns if live else header(adapted), context)

    dropped = [DroppedRow(r.ref, r.reason, r.detail) for r in everything if isinstance(r, BadRow)]
    records = []
    for row in adapted:
        try:
            records.append(reader.record(row))
        except fields.BadValueError as bad:
            dropped.append(DroppedRow(row.ref, bad.reason, mask(str(bad))))
    records, repeated = _first_by_id(records, context)

    dropped_table = dropped_frame(STAGE, dropped + repeated)
    finisher = _Finisher(context, records, threads or {}, live)
    posts = _frame([finisher.post(record) for record in records], context.now)
    return Collected(
        posts,
        dropped_table,
        account(STAGE, len(everything), posts, dropped_table),
        tuple(reader.notices()),
    )


def read_threads(rows: Iterable[Row | BadRow], *, name: str) -> tuple[dict[str, ThreadInfo], int]:
    """Read a threads file: native thread id -> title and channel, and how many rows were bad."""
    everything = list(rows)
    readable = [row for row in everything if isinstance(row, Row)]
    columns = find_columns([*header(readable), "body"], {}, where=name)
    key = columns.get("thread_id") or columns.get("post_id")

    threads = {}
    for values in (row.values for row in readable):
        native = fields.identifier(values.get(key or ""))
        if native:
            title = markup.title_text(fields.text(values.get(columns.get("title", ""))))
            channel = fields.text(values.get(columns.get("channel", "")))
            threads[native] = ThreadInfo(title, channel)
    return threads, len(everything) - len(threads)


def _adapted(everything: list[Row | BadRow], name: str) -> list[Row]:
    """Return the readable rows, with our names for what their platform calls otherwise."""
    readable = [row for row in everything if isinstance(row, Row)]
    if not readable:
        bad = [f"{r.ref}: {r.reason}: {r.detail}" for r in everything if isinstance(r, BadRow)]
        none = f"none of its {len(bad)} rows can be read, first {bad[0]}" if bad else "has no rows"
        raise InputError(f"{name}: {none}; want one post per row")
    adapt = platforms.adapter(header(readable))
    return [Row(row.ref, adapt(row.values)) for row in readable]


def _first_by_id(
    records: list[Record], context: CollectContext
) -> tuple[list[Record], list[DroppedRow]]:
    """Keep the first record of each id; the others are dropped, with the post that has it."""
    first: dict[str, Record] = {}
    repeated = []
    for record in records:
        kept = first.setdefault(record.native_id, record)
        if kept is not record:
            detail = f"id {record.native_id[:80]!r} stands already at {kept.ref}; the first is kept"
            other = context.post_id(record.native_id)
            row = DroppedRow(record.ref, "duplicate_id", mask(detail), other_ref=other)
            repeated.append(row)
    return list(first.values()), repeated


class _Finisher:
    """Replaces names, and links posts to their thread and parent; needs all records at once."""

    def __init__(
        self,
        context: CollectContext,
        records: list[Record],
        threads: Mapping[str, ThreadInfo],
        live: Live | None,
    ) -> None:
        self.context, self.threads = context, threads
        self.pseudonyms = context.pseudonyms
        authors = [record.author for record in records if record.author]
        self.has_authors = live is not None or bool(authors)
        self.members = live and live.members(map(self.pseudonyms.of, authors))
        # Names of one part alone would give a post another text in another part.
        spellings = [record.author_as_written for record in records if record.author_as_written]
        known = () if live else [*authors, *(set(spellings) - set(authors))]
        self.names = KnownNames(known, (record.body for record in records))
        self.by_number = {(r.thread, r.number): r.native_id for r in records if r.number}
        self.accepted = {record.accepted_answer_id for record in records} - {""}
        self.openers = _openers(records)

    def post(self, record: Record) -> dict[str, Any]:
        info = self.threads.get(record.thread, ThreadInfo("", ""))
        is_opener = self.openers[record.thread] == record.native_id
        is_accepted = record.native_id in self.accepted and not record.accepted_answer_id
        return record.values | {
            "post_id": self.context.post_id(record.native_id),
            "source": self.context.source,
            "channel": mask(record.channel or info.channel) or None,
            "thread_id": self.context.post_id(record.thread),
            "parent_id": self._parent(record),
            "author_id": self._author_id(record),
            "title": (self._private(record.title or info.title) or None) if is_opener else None,
            "body": self._private(record.body),
            "accepted": record.values["accepted"] or is_accepted,
        }

    def _parent(self, record: Record) -> str | None:
        answered = self.by_number.get((record.thread, record.reply_to_number), "")
        parent = record.parent or answered
        is_other = parent and parent != record.native_id
        return self.context.post_id(parent) if is_other else None

    def _private(self, text: str) -> str:
        private = self.pseudonyms.in_text(mask(text), self.names)
        return self.pseudonyms.members_in(private, self.members) if self.members else private

    def _author_id(self, record: Record) -> str | None:
        if record.author:
            return self.pseudonyms.of(record.author)
        return None if self.has_authors else self.pseudonyms.of(record.native_id)


def _openers(records: list[Record]) -> dict[str, str]:
    """Return the native id of the post that opens each thread.

    Its number decides, else that the thread is named after it, else its time, else its index.
    """
    first: dict[str, tuple[float, bool, float, int]] = {}
    openers = {}
    for index, record in enumerate(records):
        number = float(record.number) if record.number.isdecimal() else math.inf
        moment = record.values["created_at"]
        seconds = moment.timestamp() if moment else math.inf
        rank = (number, record.native_id != record.thread, seconds, index)
        if rank < first.setdefault(record.thread, (math.inf, True, math.inf, len(records))):
            first[record.thread], openers[record.thread] = rank, record.native_id
    return openers


def _frame(posts: list[dict[str, Any]], now: datetime) -> dy.DataFrame[Posts]:
    types = column_types(Posts)
    del types["collected_at"]
    frame = pl.DataFrame(posts, schema=types, orient="row")
    return check(frame.with_columns(collected_at=pl.lit(now)), Posts, where=STAGE)
