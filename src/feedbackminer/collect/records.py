"""One row of an export becomes one record: its fields found and typed, names still in clear."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from feedbackminer.collect import fields, markup
from feedbackminer.collect.columns import find_columns, find_meta
from feedbackminer.collect.context import CollectContext
from feedbackminer.collect.fields import BadValueError
from feedbackminer.collect.files import Row
from feedbackminer.privacy.masking import mask
from feedbackminer.privacy.names import is_anonymous, normal_name

DELETED_MARKS = {"[deleted]", "[removed]"}
SYSTEM_ACTIONS = {"2", "3", "4", "wiki"}  # Discourse: moderator action, small action, whisper
# A word "bot" of its own, or a camel-case ending; "Talbot", "abbot" and "Le Bot" are people.
_BOT_NAME = re.compile(
    r"(?i:(?<![^\W_])(?<!\ble[-_. ])bot\d*(?![^\W_])|^(?:automoderator|discobot|system)$)"
    r"|[a-z]Bot\d*$"
)


@dataclass(frozen=True)
class Record:
    """A row with its fields found; ids are the export's own."""

    ref: str
    native_id: str
    thread: str
    parent: str
    number: str
    reply_to_number: str
    author: str  # empty: nobody knows who
    author_as_written: str  # another spelling of the name, which texts may have too
    accepted_answer_id: str
    title: str
    body: str
    channel: str
    values: dict[str, Any]  # columns of a post that are final as they are


class RecordReader:
    """Reads records out of rows, given which columns an export has.

    Args:
        rows: of the export.
        columns: what they may hold.
        context: what else is the same for all of them.
    Raises:
        InputError: no column can hold the text.
        SettingsError: the mapping names a field that posts do not have.
    """

    def __init__(self, rows: list[Row], columns: Sequence[str], context: CollectContext) -> None:
        settings = context.settings
        self.context, self.settings = context, settings
        self.columns = find_columns(columns, settings.map, where=context.name)
        self.meta_columns = find_meta(columns)
        self.zone = ZoneInfo(settings.timezone)
        self.day_first = self._day_first(rows)
        self.staff = {normal_name(name) for name in settings.staff}
        self.bots = {normal_name(name) for name in settings.bots}
        self.made_ids: Counter[str] = Counter()

    def record(self, row: Row) -> Record:
        """Return the record of a row.

        Raises:
            BadValueError: the row is no post, or a value makes it unusable.
        """
        get = _Fields(row.values, self.columns)
        body, title = _content(get)
        author = get.text("author").strip()
        author = "" if is_anonymous(author) else author
        native = self._native_id(get, body, author)
        thread = get.identifier("thread_id") or native

        return Record(
            ref=row.ref,
            native_id=native,
            thread=thread,
            parent=get.identifier("parent_id"),
            number=get.identifier("post_number"),
            reply_to_number=get.identifier("reply_to_number"),
            author=author,
            author_as_written=fields.text(row.values.get("author_as_written")),
            accepted_answer_id=get.identifier("accepted_answer_id"),
            title=title,
            body=body,
            channel=get.text("channel").strip(),
            values={
                "author_role": self._role(get, author),
                "created_at": self._moment(get, "created_at"),
                "edited_at": self._edited_at(get),
                "url": self._url(get, native, thread),
                "rating": fields.rating(get.value("rating")),
                "score": fields.number(get.value("score")),
                "accepted": fields.flag(get.value("accepted")),
                "meta": self._meta(row.values),
            },
        )

    def notices(self) -> list[str]:
        """Return what the digest's reader should know about columns the export lacks."""
        missing = {
            "created_at": "the export has no dates: nothing can be said about change",
            "author": "the export has no authors: each post counts as one voice",
            "thread_id": "the export has no threads: nothing can be said about answers",
        }
        notices = [text for name, text in missing.items() if name not in self.columns]
        if self.day_first is None:
            notices.append(
                "no date shows whether its day or its month comes first; they were read month "
                "first (collect.date_order says otherwise)"
            )
        return notices

    def _day_first(self, rows: list[Row]) -> bool | None:
        """Tell whether 03/04/2026 is 3 April; None where nothing says so."""
        if self.settings.date_order != "auto":
            return self.settings.date_order == "day_first"
        column = self.columns.get("created_at", "")
        return fields.is_day_first(row.values.get(column) for row in rows)

    def _native_id(self, get: _Fields, body: str, author: str) -> str:
        native = get.identifier("post_id")
        if native:
            return native
        thread, number = get.identifier("thread_id"), get.identifier("post_number")
        if thread and number:
            return f"{thread}-{number}"
        seal = self.context.pseudonyms.seal("\x1f".join((author, get.text("created_at"), body)))
        self.made_ids[seal] += 1
        return seal if self.made_ids[seal] == 1 else f"{seal}-{self.made_ids[seal]}"

    def _role(self, get: _Fields, author: str) -> str:
        name = normal_name(author)
        if name in self.bots or _BOT_NAME.search(author):
            return "bot"
        if name in self.staff:
            return "staff"
        role = fields.role(get.value("author_role"), self.columns.get("author_role", ""))
        return "member" if role == "unknown" and author else role

    def _moment(self, get: _Fields, name: str) -> datetime | None:
        if name not in self.columns:
            return None
        return fields.timestamp(
            get.value(name), zone=self.zone, now=self.context.now, day_first=bool(self.day_first)
        )

    def _edited_at(self, get: _Fields) -> datetime | None:
        try:
            return self._moment(get, "edited_at")
        except BadValueError:
            return None

    def _url(self, get: _Fields, native: str, thread: str) -> str | None:
        template = self.settings.url_template
        link = get.value("url")
        if template:
            number = get.identifier("post_number")
            link = template.format(post_id=native, thread_id=thread, post_number=number)
        address = fields.web_link(link)
        return mask(address) if address else None

    def _meta(self, values: Mapping[str, Any]) -> str:
        meta = {name: fields.text(values.get(col)) for name, col in self.meta_columns.items()}
        return json.dumps({k: mask(v[:200]) for k, v in meta.items() if v}, ensure_ascii=False)


def header(rows: list[Row]) -> list[str]:
    """Return every column that any row has, in order of appearance."""
    return list(dict.fromkeys(key for row in rows for key in row.values))


@dataclass(frozen=True)
class _Fields:
    """The values of one row by field name."""

    values: Mapping[str, Any]
    columns: Mapping[str, str]

    def value(self, name: str) -> Any:
        return self.values.get(self.columns.get(name, ""))

    def text(self, name: str) -> str:
        return fields.text(self.value(name))

    def identifier(self, name: str) -> str:
        return fields.identifier(self.value(name))


def _content(get: _Fields) -> tuple[str, str]:
    """Return body and title as plain text."""
    body, title = get.text("body"), markup.title_text(get.text("title")).strip()
    body = markup.to_text(body) if markup.is_html(body) else body
    if body.strip() in DELETED_MARKS:
        raise BadValueError("deleted_at_source", f"the text is {body.strip()}")
    if get.identifier("post_type") in SYSTEM_ACTIONS:
        raise BadValueError("system_action", "a notice of the forum software, not a post")
    if not (body.strip() or title):
        raise BadValueError("empty", "neither text nor title")
    return body, title
