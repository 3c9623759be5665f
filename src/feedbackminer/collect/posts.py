"""Rows of an export become posts: typed, masked, pseudonymous, with their structure."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import dataframely as dy
import polars as pl

from feedbackminer.collect import columns as cols
from feedbackminer.collect import fields, markup, platforms
from feedbackminer.collect.files import BadRow, Row
from feedbackminer.collect.mask import mask
from feedbackminer.collect.pseudonyms import KnownNames, Pseudonyms, is_anonymous
from feedbackminer.settings import CollectSettings
from feedbackminer.tables import Account, Dropped, Posts, account, check, column_types, dropped_frame

STAGE = "collect"
GONE = {"[deleted]", "[removed]"}
SYSTEM_ACTIONS = {"2", "3", "4"}  # Discourse: moderator action, small action, whisper
# A word "bot" of its own, or a camel-case ending; "Talbot" and "abbot" are people.
_BOT_NAME = re.compile(r"(?i:(^|[-_. ])bot\d*([-_. ]|$)|^automoderator$)|[a-z]Bot\d*$")


@dataclass(frozen=True)
class ThreadInfo:
    """What a threads file says about a thread."""

    title: str
    channel: str


@dataclass(frozen=True)
class Collected:
    """Posts of one file, what was dropped, and what the reader of the digest should know."""

    posts: dy.DataFrame[Posts]
    dropped: dy.DataFrame[Dropped]
    account: Account
    notices: tuple[str, ...]


def collect_posts(
    rows: Iterable[Row | BadRow],
    *,
    name: str,
    source: str,
    settings: CollectSettings,
    pseudonyms: Pseudonyms,
    now: datetime,
    threads: Mapping[str, ThreadInfo] | None = None,
) -> Collected:
    """Turn the rows of one file into posts.

    Args:
        rows: what :func:`read_rows` yields.
        name: of the file, for messages.
        source: prefix of post ids.
        now: the moment of the import (UTC); later timestamps are refused.
        threads: titles and channels by native thread id.
    Returns:
        posts and dropped rows; their counts sum to the rows read.
    Raises:
        InputError: no column can hold the text.
    """
    everything = list(rows)
    good = [row for row in everything if isinstance(row, Row)]
    dropped = [(r.ref, r.reason, r.detail) for r in everything if isinstance(r, BadRow)]
    adapt = platforms.adapter(_header(good))
    adapted = [Row(row.ref, adapt(row.values)) for row in good]
    header = _header(adapted)
    reader = _Reader(cols.find_columns(header, settings.map, where=name), source, settings, now)
    records = []
    for row in adapted:
        try:
            records.append(reader.record(row))
        except fields.BadValue as bad:
            dropped.append((row.ref, bad.reason, str(bad)))
    records, repeated = _first_by_id(records)
    dropped += repeated
    finisher = _Finisher(pseudonyms, records, threads or {})
    posts = _frame([finisher.post(record) for record in records], now)
    dropped_table = dropped_frame(STAGE, dropped)
    return Collected(
        posts,
        dropped_table,
        account(STAGE, len(everything), posts, dropped_table),
        tuple(reader.notices()),
    )


def read_threads(rows: Iterable[Row | BadRow], *, name: str) -> tuple[dict[str, ThreadInfo], int]:
    """Read a threads file: native thread id -> title and channel, and how many rows were bad."""
    everything = list(rows)
    good = [row for row in everything if isinstance(row, Row)]
    found = cols.find_columns([*_header(good), "body"], {}, where=name)
    key = found.get("thread_id") or found.get("post_id")
    threads = {}
    for values in (row.values for row in good):
        native = fields.text(values.get(key or ""))
        if native:
            title = markup.title_text(fields.text(values.get(found.get("title", ""))))
            threads[native] = ThreadInfo(title, fields.text(values.get(found.get("channel", ""))))
    return threads, len(everything) - len(threads)


def _header(rows: list[Row]) -> list[str]:
    """Return every column that any row has, in order of appearance."""
    return list(dict.fromkeys(key for row in rows for key in row.values))


@dataclass
class _Record:
    """A row with its fields found, before names are replaced."""

    ref: str
    native_id: str
    thread: str
    parent: str | None
    number: str
    reply_to_number: str
    author: str
    values: dict[str, Any] = field(default_factory=dict)


class _Reader:
    """Reads records out of rows, given where each field stands."""

    def __init__(
        self, found: Mapping[str, str], source: str, settings: CollectSettings, now: datetime
    ) -> None:
        self.found, self.source, self.settings, self.now = found, source, settings, now
        self.zone = ZoneInfo(settings.timezone)
        self.staff = {name.casefold() for name in settings.staff}
        self.bots = {name.casefold() for name in settings.bots}
        self.seen: Counter[str] = Counter()

    def record(self, row: Row) -> _Record:
        body, title = self._text(row, "body"), self._text(row, "title")
        body = markup.to_text(body) if markup.is_html(body) else body
        if body.strip() in GONE:
            raise fields.BadValue("deleted_at_source", f"the text is {body.strip()}")
        if self._text(row, "post_type") in SYSTEM_ACTIONS:
            raise fields.BadValue("system_action", "a notice of the forum software, not a post")
        if not (body.strip() or title.strip()):
            raise fields.BadValue("empty", "neither text nor title")
        author = self._text(row, "author").strip()
        author = "" if is_anonymous(author) else author
        native = self._native_id(row, body, author)
        thread = self._text(row, "thread_id") or native
        return _Record(
            ref=row.ref,
            native_id=native,
            thread=thread,
            parent=self._text(row, "parent_id") or None,
            number=self._text(row, "post_number"),
            reply_to_number=self._text(row, "reply_to_number"),
            author=author,
            values={
                "author_role": self._role(row, author),
                "created_at": self._moment(row, "created_at"),
                "edited_at": self._optional_moment(row, "edited_at"),
                "title": markup.title_text(title).strip() or None,
                "body": body,
                "url": self._url(row, native, thread),
                "rating": fields.rating(self._value(row, "rating")),
                "score": fields.number(self._value(row, "score")),
                "accepted": fields.flag(self._value(row, "accepted")),
                "accepted_answer_id": self._text(row, "accepted_answer_id"),
                "channel": self._text(row, "channel").strip() or None,
                "meta": self._meta(row),
                "source": self.source,
            },
        )

    def notices(self) -> list[str]:
        missing = {
            "created_at": "the export has no dates: nothing can be said about change",
            "author": "the export has no authors: each post counts as one voice",
            "thread_id": "the export has no threads: nothing can be said about answers",
        }
        return [text for name, text in missing.items() if name not in self.found]

    def _value(self, row: Row, name: str) -> Any:
        return row.values.get(self.found.get(name, ""))

    def _text(self, row: Row, name: str) -> str:
        return fields.text(self._value(row, name))

    def _native_id(self, row: Row, body: str, author: str) -> str:
        native = self._text(row, "post_id").strip()
        if native:
            return native
        thread, number = self._text(row, "thread_id"), self._text(row, "post_number")
        if thread and number:
            return f"{thread}-{number}"
        when = self._text(row, "created_at")
        digest = hashlib.sha256("\x1f".join((author, when, body)).encode()).hexdigest()[:16]
        self.seen[digest] += 1
        return digest if self.seen[digest] == 1 else f"{digest}-{self.seen[digest]}"

    def _role(self, row: Row, author: str) -> str:
        folded = author.casefold()
        if folded in self.bots or _BOT_NAME.search(author):
            return "bot"
        if folded in self.staff:
            return "staff"
        given = fields.role(self._value(row, "author_role"), self.found.get("author_role", ""))
        return "member" if given == "unknown" and author else given

    def _moment(self, row: Row, name: str) -> datetime | None:
        if name not in self.found:
            return None
        return fields.timestamp(self._value(row, name), zone=self.zone, now=self.now)

    def _optional_moment(self, row: Row, name: str) -> datetime | None:
        try:
            return self._moment(row, name)
        except fields.BadValue:
            return None

    def _url(self, row: Row, native: str, thread: str) -> str | None:
        if self.settings.url_template:
            number = self._text(row, "post_number")
            link = self.settings.url_template.format(
                post_id=native, thread_id=thread, post_number=number
            )
            return fields.web_link(link)
        return fields.web_link(self._value(row, "url"))

    def _meta(self, row: Row) -> str:
        known = {name: fields.text(row.values.get(name))[:200] for name in cols.META}
        return json.dumps({k: mask(v) for k, v in known.items() if v}, ensure_ascii=False)


class _Finisher:
    """Replaces names, and links posts to their thread and parent; needs all records at once."""

    def __init__(
        self, pseudonyms: Pseudonyms, records: list[_Record], threads: Mapping[str, ThreadInfo]
    ) -> None:
        self.pseudonyms, self.threads = pseudonyms, threads
        self.names = KnownNames(record.author for record in records if record.author)
        self.by_number = {(r.thread, r.number): r.native_id for r in records if r.number}
        self.accepted = {str(r.values["accepted_answer_id"]) for r in records} - {""}
        self.openers = _openers(records)
        self.no_authors = not any(record.author for record in records)

    def post(self, record: _Record) -> dict[str, Any]:
        values = dict(record.values)
        source, info = values["source"], self.threads.get(record.thread)
        answer_id = values.pop("accepted_answer_id")
        parent = record.parent or self.by_number.get((record.thread, record.reply_to_number))
        title = values["title"] or (info.title if info else None)
        is_opener = self.openers[record.thread] == record.native_id
        return values | {
            "post_id": f"{source}:{record.native_id}",
            "thread_id": f"{source}:{record.thread}",
            "parent_id": f"{source}:{parent}" if parent and parent != record.native_id else None,
            "author_id": self._author_id(record),
            "title": self._private(title) if title and is_opener else None,
            "body": self._private(values["body"]),
            "channel": mask(values["channel"] or (info.channel if info else "")) or None,
            "url": mask(values["url"]) if values["url"] else None,
            "accepted": values["accepted"] or (record.native_id in self.accepted and not answer_id),
        }

    def _private(self, text: str) -> str:
        return self.pseudonyms.in_text(mask(text), self.names)

    def _author_id(self, record: _Record) -> str | None:
        if record.author:
            return self.pseudonyms.of(record.author)
        return self.pseudonyms.of(record.native_id) if self.no_authors else None


def _openers(records: list[_Record]) -> dict[str, str]:
    """Return the native id of the first post of each thread."""
    first: dict[str, tuple[Any, ...]] = {}
    for place, record in enumerate(records):
        moment = record.values["created_at"]
        number = int(record.number) if record.number.isdecimal() else place
        rank = (number, moment.timestamp() if moment else 0, place, record.native_id)
        if not record.number:
            rank = (rank[1], place, 0, record.native_id)
        first[record.thread] = min(first.get(record.thread, rank), rank)
    return {thread: rank[-1] for thread, rank in first.items()}


def _first_by_id(records: list[_Record]) -> tuple[list[_Record], list[tuple[str, str, str]]]:
    first: dict[str, _Record] = {}
    repeated = []
    for record in records:
        kept = first.setdefault(record.native_id, record)
        if kept is not record:
            detail = f"id {record.native_id!r} stands already at {kept.ref}; the first is kept"
            repeated.append((record.ref, "duplicate_id", detail[:300]))
    return list(first.values()), repeated


def _frame(posts: list[dict[str, Any]], now: datetime) -> dy.DataFrame[Posts]:
    types = column_types(Posts)
    del types["collected_at"]
    frame = pl.DataFrame(posts, schema=types, orient="row")
    return check(frame.with_columns(collected_at=pl.lit(now)), Posts, where=STAGE)
