"""Messages of a WhatsApp chat that was exported as text, on a phone of any language.

"[05.03.24, 10:11:12] Ann: text" is written by iOS, "3/5/24, 10:11 PM - Ann: text" by Android.
What the program itself says, as for a picture, it begins with a left-to-right mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from feedbackminer.collect.formats.tables import bad_encoding, is_broken, lines_of
from feedbackminer.collect.rows import BadRow, Row

_HEAD = re.compile(
    r"[\u200e\u200f\ufeff]*(?P<open>\[)?"
    r"(?P<first>\d{1,4})(?P<sign>[./-])\s?(?P<second>\d{1,2})[./-]\s?(?P<third>\d{1,4})\.?,?\s"
    r"(?:(?:at|à|às|klo|kl\.|um)\s)?"
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.](?P<second_of_minute>\d\d))?"
    r"(?:\s?(?P<half>[ap])\.?\s?m\.?)?(?(open)\]|\s[-–])\s(?P<said>.*)",
    re.IGNORECASE | re.DOTALL,
)
_SENDER = re.compile(r"(?P<name>[^:\n]{1,100}):(?:\s|$)(?P<text>.*)", re.DOTALL)
_DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_BY_PROGRAM = re.compile("\u200e.*")  # to the end of the line
# Without its mark: "<Media omitted>", whatever the language, "IMG-1.jpg (file attached)".
_MEDIA = re.compile(r"<[^<>\s]+(?: [^<>\s]+){1,3}>|[\w-]{1,80}\.\w{2,5} \([^()\n]{1,40}\)")
_DELETED = re.compile(
    r"(?:this message was|you) deleted(?: this message)?|(?:diese nachricht wurde|du hast diese"
    r" nachricht) gelöscht|(?:se eliminó|eliminaste) este mensaje|(?:ce message a été|vous avez)"
    r" supprimé(?: ce message)?|questo messaggio è stato eliminato|hai eliminato questo messaggio"
    r"|(?:essa )?mensagem (?:foi )?apagada|dit bericht (?:is|werd) verwijderd"
    r"|данное сообщение удалено",
    re.IGNORECASE,
)
_QUOTES = (("“", "”"), ("„", "“"), ("«", "»"))


def is_chat(text: str) -> bool:
    """Tell whether a text is such a chat: it begins with the head of a message."""
    return _HEAD.match(text.lstrip("\r\n")[:500]) is not None


def chat_rows(name: str, text: str) -> Iterator[Row | BadRow]:
    """Yield every message in our names; times are those of the phone's zone."""
    messages = list(_messages(text))
    month_first = _is_month_first(messages)
    for message in messages:
        yield _row(f"{name}:{message.line}", message, month_first)


@dataclass
class _Message:
    """A message; ``lines`` are those below its first."""

    line: int
    head: re.Match[str]
    lines: list[str]

    @property
    def numbers(self) -> tuple[int, int, int]:
        """The three numbers of its date, as written."""
        return int(self.head["first"]), int(self.head["second"]), int(self.head["third"])

    @property
    def said(self) -> str:
        return "\n".join([self.head["said"], *self.lines])


def _messages(text: str) -> Iterator[_Message]:
    message = None
    for number, line in enumerate(lines_of(text), start=1):
        head = _HEAD.match(line.rstrip("\r\n"))
        if head:
            if message:
                yield message
            message = _Message(number, head, [])
        elif message:
            message.lines.append(line.rstrip("\r\n"))
    if message:
        yield message


def _is_month_first(messages: Iterable[_Message]) -> bool:
    """Decide for all messages: by numbers above 12, else by the clock, which has 12 hours there."""
    days_first = months_first = twelve_hours = 0
    for message in messages:
        first, second, _ = message.numbers
        days_first += 12 < first <= 31
        months_first += second > 12
        twelve_hours += bool(message.head["half"]) and message.head["sign"] == "/"
    return months_first > days_first or (months_first == days_first and twelve_hours > 0)


def _row(ref: str, message: _Message, month_first: bool) -> Row | BadRow:
    said = message.said
    if is_broken(said):
        return bad_encoding(ref)
    sender = _SENDER.match(said)
    if not sender or _ends_inside_quotes(sender["name"]):
        return BadRow(ref, "system_action", "a notice of WhatsApp, not a post")
    moment = _moment(message, month_first)
    if moment is None:
        return BadRow(ref, "bad_timestamp", "no day of the calendar")

    body = _DIRECTIONS.sub("", _BY_PROGRAM.sub("", sender["text"])).strip()
    if not body or _MEDIA.fullmatch(body):
        return _without_words(ref, sender["text"])
    if _DELETED.fullmatch(body.rstrip(".")):
        return BadRow(ref, "deleted_at_source", "the message was deleted")
    author = _DIRECTIONS.sub("", sender["name"]).removeprefix("~").strip()
    return Row.given(ref, {"author": author, "created_at": moment, "body": body})


def _without_words(ref: str, text: str) -> BadRow:
    by_program = _DIRECTIONS.sub("", text).strip().rstrip(".")
    if _DELETED.fullmatch(by_program):
        return BadRow(ref, "deleted_at_source", "the message was deleted")
    return BadRow(ref, "empty", "a picture or another file, or a notice, without words of a member")


def _ends_inside_quotes(name: str) -> bool:
    """Tell whether a quotation is open: in 'Ann named the group "Help: here"' nobody speaks."""
    return name.count('"') % 2 == 1 or any(name.count(a) > name.count(b) for a, b in _QUOTES)


def _moment(message: _Message, month_first: bool) -> datetime | None:
    """Return when a message was sent; a date that cannot be of this order is of the other."""
    first, second, third = message.numbers
    if len(message.head["first"]) == 4:
        return _at(message, first, second, third)
    year = third if third > 99 else 2000 + third
    month, day = (first, second) if month_first else (second, first)
    return _at(message, year, month, day) or _at(message, year, day, month)


def _at(message: _Message, year: int, month: int, day: int) -> datetime | None:
    hour, half = int(message.head["hour"]), (message.head["half"] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    minute, second = int(message.head["minute"]), int(message.head["second_of_minute"] or 0)
    try:
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None
