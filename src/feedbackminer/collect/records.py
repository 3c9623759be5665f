"""One row of an export becomes one record: its fields found and typed, names still in clear."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from feedbackminer.collect import fields, markup, ratings
from feedbackminer.collect.context import CollectContext
from feedbackminer.collect.dates import moment
from feedbackminer.collect.fields import BadValueError
from feedbackminer.collect.people import People
from feedbackminer.collect.platforms import adapted
from feedbackminer.collect.reading import Reading, RowFields
from feedbackminer.collect.rows import Row
from feedbackminer.privacy.masking import mask

DELETED_MARKS = {"[deleted]", "[removed]"}
SYSTEM_ACTIONS = {"2", "3", "4", "wiki"}  # Discourse: moderator action, small action, whisper
_NO_OBJECTS = ("author", "title", "body", "post_id", "thread_id", "parent_id")
NOT_FILLED = {"", "0", "none", "null", "nan"}  # of ids: what programs write for none


@dataclass(frozen=True)
class Record:
    """A row with its fields found; ids are the export's own."""

    ref: str
    native_id: str
    thread: str  # empty: that of the post it replies to, else its own
    parent: str
    number: str
    reply_to_number: str
    author: str  # empty: nobody knows who
    author_as_written: str  # another spelling of the name, which texts may have too
    accepted_answer_id: str
    title: str
    body: str
    channel: str
    author_role: str
    created_at: datetime | None
    edited_at: datetime | None
    url: str | None
    rating: float | None
    score: float | None
    accepted: bool
    meta: str


@dataclass(frozen=True)
class Lost:
    """How many values of a field could not be read, though their posts were kept."""

    n: int
    first: str  # where


@dataclass
class RecordReader:
    """Reads records out of rows, given how the export is read.

    Attributes:
        reading: which columns hold which field.
        context: what else is the same for all rows.
        lost: field -> values that were left out.
    """

    reading: Reading
    context: CollectContext
    lost: dict[str, Lost] = field(default_factory=dict)

    def __post_init__(self) -> None:
        settings = self.context.settings
        self.zone = ZoneInfo(settings.timezone)
        self.people = People.of(settings)
        self.made_ids: Counter[str] = Counter()

    def record(self, row: Row) -> Record:
        """Return the record of a row.

        Raises:
            BadValueError: the row is no post.
        """
        get = self.reading.of(adapted(row))
        body, title = self._content(get)
        author = self.people.author(get.text("author"))
        native = self._native_id(get, body, author)
        created_at = self._created_at(get, row.ref)
        if any(isinstance(value, dict | list) for value in row.values.values()):
            for name in filter(get.is_object, _NO_OBJECTS):
                self._lose(name, row.ref)
        return Record(
            ref=row.ref,
            native_id=native,
            thread=get.identifier("thread_id"),
            parent=_reference(get, "parent_id"),
            number=get.identifier("post_number"),
            reply_to_number=_reference(get, "reply_to_number"),
            author=author,
            author_as_written=fields.text(row.values.get("author_as_written")),
            accepted_answer_id=_reference(get, "accepted_answer_id"),
            title=title,
            body=body,
            channel=get.text("channel").strip(),
            author_role=self._role(get, author),
            created_at=created_at,
            edited_at=self._edited_at(get, created_at),
            url=self._url(get, native),
            rating=self._rating(get, row.ref),
            score=fields.number(get.value("score")),
            accepted=fields.flag(get.value("accepted")),
            meta=self._meta(get),
        )

    def _content(self, get: RowFields) -> tuple[str, str]:
        """Return body and title as plain text."""
        title = markup.title_text(get.text("title")).strip()
        body = "\n\n".join(self._passages(get))
        if body.strip() in DELETED_MARKS:
            raise BadValueError("deleted_at_source", f"the text is {body.strip()}")
        if get.text("post_type") == "deleted":
            raise BadValueError("deleted_at_source", "it was removed there")
        if get.identifier("post_type") in SYSTEM_ACTIONS:
            raise BadValueError("system_action", "a notice of the forum software, not a post")
        if not (body.strip() or title):
            if get.is_object("body"):
                raise BadValueError("not_text", "the text is an object or a list, not a string")
            raise BadValueError("empty", "neither text nor title")
        return body, title

    def _passages(self, get: RowFields) -> list[str]:
        """Return the body, and what a review says in other columns."""
        said = [get.text("body"), *(fields.text(get.values.get(c)) for c in self.reading.parts)]
        plain = [markup.to_text(text) if markup.is_html(text) else text for text in said]
        return [text for text in plain if text.strip()]

    def _native_id(self, get: RowFields, body: str, author: str) -> str:
        native = get.identifier("post_id")
        if native:
            return native
        thread, number = get.identifier("thread_id"), get.identifier("post_number")
        if thread and number:
            return f"{thread}-{number}"
        seal = self.context.pseudonyms.seal("\x1f".join((author, get.text("created_at"), body)))
        self.made_ids[seal] += 1
        return seal if self.made_ids[seal] == 1 else f"{seal}-{self.made_ids[seal]}"

    def _role(self, get: RowFields, author: str) -> str:
        column, value = get.filled("author_role")
        return self.people.role(author, fields.role(value, column))

    def _created_at(self, get: RowFields, ref: str) -> datetime | None:
        """Return when a post was written; a date that cannot be costs the date, not the post."""
        if "created_at" not in self.reading.columns:
            return None
        column, value = get.filled("created_at")
        if not column:
            self._lose("created_at", ref)
            return None
        try:
            return self._moment(column, value)
        except BadValueError:
            self._lose("created_at", ref)
            return None

    def _edited_at(self, get: RowFields, created_at: datetime | None) -> datetime | None:
        """Return when a post was changed; in the second of its creation it was not."""
        column, value = get.filled("edited_at")
        if not column:
            return None
        try:
            edited_at = self._moment(column, value)
        except BadValueError:
            return None
        is_later = created_at is None or (edited_at - created_at).total_seconds() >= 1
        return edited_at if is_later else None

    def _moment(self, column: str, value: Any) -> datetime:
        day_first = self.reading.day_first.get(column, False)
        return moment(value, zone=self.zone, now=self.context.now, day_first=day_first)

    def _rating(self, get: RowFields, ref: str) -> float | None:
        column, value = get.filled("rating")
        stars = ratings.stars(value, self.reading.scales.get(column, ratings.STARS))
        if column and stars is None and fields.number(value) != 0:  # 0 of 5: not rated
            self._lose("rating", ref)
        return stars

    def _url(self, get: RowFields, native: str) -> str | None:
        template = self.context.settings.url_template
        if template:
            link = template.format(
                post_id=native,
                thread_id=get.identifier("thread_id") or native,
                post_number=get.identifier("post_number"),
            )
            address = fields.web_link(link)
        else:
            links = map(fields.web_link, get.all("url"))
            address = next((link for link in links if link), None)
        return mask(address) if address else None

    def _meta(self, get: RowFields) -> str:
        meta = {name: fields.text(get.values.get(c)) for name, c in self.reading.meta.items()}
        return json.dumps({k: mask(v[:200]) for k, v in meta.items() if v}, ensure_ascii=False)

    def _lose(self, name: str, ref: str) -> None:
        lost = self.lost.get(name, Lost(0, ref))
        self.lost[name] = Lost(lost.n + 1, lost.first)


def _reference(get: RowFields, name: str) -> str:
    """Return the id of another post, empty where a program wrote its word for none."""
    native = get.identifier(name)
    return "" if native.casefold() in NOT_FILLED else native
