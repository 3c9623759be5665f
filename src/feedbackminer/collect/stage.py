"""Rows of an export become posts: typed, masked, pseudonymous, with their structure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import fields as fields_of
from itertools import accumulate, chain, islice

import dataframely as dy
import polars as pl

from feedbackminer.accounts import Account, DroppedRow, account, dropped_frame
from feedbackminer.collect import fields, markup
from feedbackminer.collect.columns import candidates
from feedbackminer.collect.context import CollectContext
from feedbackminer.collect.notices import what_is_odd, what_to_know
from feedbackminer.collect.platforms import adapted
from feedbackminer.collect.reading import Profile, Reading, of_columns, read
from feedbackminer.collect.records import Record, RecordReader
from feedbackminer.collect.rows import BadRow, Row
from feedbackminer.collect.structure import linked
from feedbackminer.errors import InputError
from feedbackminer.privacy.masking import mask
from feedbackminer.privacy.names import KnownNames
from feedbackminer.privacy.pseudonyms import Members
from feedbackminer.tables import Dropped, Posts, check, column_types

STAGE = "collect"
ROWS_AT_ONCE = 5_000
_MOMENT = pl.Datetime("us", "UTC")
_RECORD = pl.Schema(
    dict.fromkeys((field.name for field in fields_of(Record)), pl.String())
    | dict.fromkeys(("created_at", "edited_at"), _MOMENT)
    | dict.fromkeys(("rating", "score"), pl.Float64())
    | {"accepted": pl.Boolean()}
)


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


def apart_notice(n: int) -> str:
    """Say that some names count as different members."""
    return (
        f"{n:,} names of it occur in another source, too; they count as different members "
        "(collect.identities joins accounts of one person)"
    )


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
    records, bodies = _frame(_records(rows, reader, dropped))
    n_rows = len(records) + len(dropped)
    records, bodies, repeated = _first_by_id(records, bodies, context)
    dropped_table = dropped_frame(STAGE, dropped + repeated)

    finisher = _Finisher(context, records, threads or {}, live, bodies)
    posts = check(finisher.posts(bodies), Posts, where=STAGE)
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


def _frame(records: Iterable[Record]) -> tuple[pl.DataFrame, list[pl.Series]]:
    """Return records as a table, a tenth of what the objects would take, and their bodies apart."""
    values = (tuple(getattr(record, name) for name in _RECORD) for record in records)
    parts, bodies = [pl.DataFrame(schema=_RECORD).drop("body")], []
    while part := list(islice(values, ROWS_AT_ONCE)):
        frame = pl.DataFrame(part, schema=_RECORD, orient="row")
        bodies.append(frame["body"])
        parts.append(frame.drop("body"))
    return pl.concat(parts), bodies


def _first_by_id(
    records: pl.DataFrame, bodies: list[pl.Series], context: CollectContext
) -> tuple[pl.DataFrame, list[pl.Series], list[DroppedRow]]:
    """Keep the first record of each id; the others are dropped, with the post that has it."""
    is_first = records["native_id"].is_first_distinct()
    kept, others = records.filter(is_first), records.filter(~is_first)
    starts = accumulate(map(len, bodies), initial=0)
    bodies = [
        body.filter(is_first.slice(start, len(body)))
        for body, start in zip(bodies, starts, strict=False)
    ]
    at = kept.select("native_id", kept_at="ref")
    repeated = []
    for ref, native, kept_at in (
        others.select("ref", "native_id").join(at, on="native_id").iter_rows()
    ):
        detail = f"id {native[:80]!r} stands already at {kept_at}; the first is kept"
        other = context.post_id(native)
        repeated.append(DroppedRow(ref, "duplicate_id", mask(detail), other_ref=other))
    return kept, bodies, repeated


class _Finisher:
    """Replaces names, and links posts to their thread and parent; needs all records at once."""

    def __init__(
        self,
        context: CollectContext,
        records: pl.DataFrame,
        threads: Mapping[str, ThreadInfo],
        live: Live | None,
        bodies: Iterable[pl.Series],
    ) -> None:
        self.context, self.threads = context, threads
        self.pseudonyms = context.pseudonyms
        authors = records["author"].filter(records["author"] != "")
        self.has_authors = live is not None or bool(len(authors))
        self.members = live and live.members(map(self.pseudonyms.of, authors.unique()))
        # Names of one part alone would give a post another text in another part.
        spellings = records["author_as_written"].filter(records["author_as_written"] != "")
        others = set(spellings.unique()) - set(authors.unique())
        posts_by = zip(records["author"], chain.from_iterable(bodies), strict=True)
        self.names = KnownNames(() if live else [*authors, *others], posts_by)
        self.records = linked(records)

    def posts(self, bodies: list[pl.Series]) -> pl.DataFrame:
        """Return the posts, in the order of their records.

        Args:
            bodies: of all records, part by part; they are emptied, so that no text is held twice.
        """
        parts = [pl.DataFrame(schema=column_types(Posts))]
        start = 0
        while bodies:
            body = bodies.pop(0)
            parts.append(self._posts(self.records.slice(start, len(body)), body))
            start += len(body)
        return pl.concat(parts)

    def _posts(self, part: pl.DataFrame, bodies: pl.Series) -> pl.DataFrame:
        info = [self.threads.get(thread, ThreadInfo("", "")) for thread in part["thread"]]
        titles = [
            self._private(title or known.title) if is_opener else ""
            for title, known, is_opener in zip(part["title"], info, part["is_opener"], strict=True)
        ]
        channels = [
            mask(c or known.channel) for c, known in zip(part["channel"], info, strict=True)
        ]
        authors = map(self._author_id, part["author"], part["native_id"])
        prefix = pl.lit(self.context.post_id(""))
        columns = part.with_columns(
            post_id=prefix + pl.col("native_id"),
            source=pl.lit(self.context.source),
            channel=pl.Series(channels, dtype=pl.String).replace("", None),
            thread_id=prefix + pl.col("thread"),
            parent_id=prefix + pl.col("parent"),
            author_id=pl.Series(list(authors), dtype=pl.String),
            title=pl.Series(titles, dtype=pl.String).replace("", None),
            body=pl.Series(map(self._private, bodies), dtype=pl.String),
            collected_at=pl.lit(self.context.now),
        )
        types = column_types(Posts)
        return columns.select(types.keys()).cast(pl.Schema(types))

    def apart(self) -> frozenset[str]:
        """Return the members whose name another source has, too."""
        people = self.records.filter(pl.col("author_role") != "bot", pl.col("author") != "")
        names = filter(self.pseudonyms.is_apart, people["author"].unique())
        return frozenset(map(self.pseudonyms.of, names))

    def _private(self, text: str) -> str:
        private = self.pseudonyms.in_text(mask(text), self.names)
        return self.pseudonyms.members_in(private, self.members) if self.members else private

    def _author_id(self, author: str, native: str) -> str | None:
        if author:
            return self.pseudonyms.of(author)
        return None if self.has_authors else self.pseudonyms.of(native)
