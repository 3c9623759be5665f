"""Mails of an mbox file, a Maildir folder or a file of one mail, as posts in threads.

Quoted lines stay: the clean stage takes them out. Attachments are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import EmailPolicy
from email.utils import parsedate_to_datetime
from typing import cast

from feedbackminer.collect.formats.mail_authors import Sender, author_of_list, read_sender
from feedbackminer.collect.formats.mail_threads import Mail, threaded
from feedbackminer.collect.rows import BadRow, FileContent, Row
from feedbackminer.text.words import on_one_line
from feedbackminer.vocabulary.moments import as_utc

_DAY, _TIME = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?", rb"\d{1,2}:\d\d(?::\d\d)?"
_MONTH = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DATE = (
    rb"(?:%(day)s +%(month)s +\d{1,2} +%(time)s(?: +[\w+-]{1,6})?,? +\d{4}"
    rb"|%(day)s +\d{1,2} +%(month)s +\d{4} +%(time)s)(?: +[+-]?\w{1,5})?"
) % {b"day": _DAY, b"month": _MONTH, b"time": _TIME}
_SENDER = rb"(?:\S{1,200}|\S{1,100} at \S{1,100})"
_ADDRESS = rb"(?:\S{1,100}@\S{1,100}|\S{1,100} at \S{1,100}\.\S{1,100})"
_HEADER_BELOW = (
    rb"(?=\r?\n(?:Return-Path|Date|From|Received|Delivered-To|To|Subject|Message-ID|MIME-Version"
    rb"|Content-Type|X-[\w-]{1,60}):)"
)
# A line "From SENDER DATE" below an empty one begins a mail; a text may have what looks like it.
# Some archives leave out the empty line, others the date: a header below makes up for it.
_BEGIN = re.compile(
    rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From %(sender)s? *%(date)s(?: remote from \S{1,200})?[ \t]*\r?$"
    rb"|From %(sender)s? *%(date)s[ \t]*%(header)s"
    rb"|(?:\A|(?<=\n\n)|(?<=\n\r\n))From %(address)s[^\r\n]{0,100}%(header)s"
    % {b"sender": _SENDER, b"address": _ADDRESS, b"date": _DATE, b"header": _HEADER_BELOW},
    re.MULTILINE | re.IGNORECASE,
)
_FROM = re.compile(rb"^From ", re.MULTILINE)
_SENT = re.compile(_DATE, re.IGNORECASE)
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_ID = re.compile(r"<([^<>\s]{1,500})>")
_LISTS = ("list-id", "x-mailing-list", "x-beenthere", "list-post")
_LIST_NAME = re.compile(r"<?(?:mailto:)?([\w-]+)[@.][^<>\s]*>?\s*$")
# A file of one mail begins with its headers; names are from printable signs but the colon.
_HEADER = re.compile(rb"([!-9;-~]{1,76}):|[ \t]+\S")
_MAIL_HEADERS = {
    b"date", b"subject", b"to", b"message-id", b"received", b"return-path", b"mime-version",
    b"delivered-to", b"content-type",
}  # fmt: skip
_LEAD = b"\xef\xbb\xbf\r\n"  # a mark of UTF-8, empty lines
MOST_HEADERS = 100_000  # bytes of a file in which its headers end
_FLAGS = re.compile(r"[:;!]2,[A-Za-z]*$")
_HEAD, _BODY = re.compile(r"<head\b", re.IGNORECASE), re.compile(r"</head\s*>", re.IGNORECASE)
MOST_HEADER = 20_000  # characters
MOST_LIST_NAME = 300
# What programs write that name a charset: its larger kin, or UTF-8, which nothing else looks like.
_CHARSETS = {
    "us-ascii": ("utf-8",),
    "iso-8859-1": ("utf-8",),
    "windows-1252": ("utf-8",),
    "gb2312": ("gb18030",),
    "ks_c_5601-1987": ("cp949",),
}
_TEXTS = ("text/plain", "text/html")


class _AsWritten(EmailPolicy):
    """Leaves headers as they are: to take each apart costs most of the time, and may fail."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        value = value[:MOST_HEADER].strip()
        needs_parts = name.lower() == "content-disposition"
        return super().header_fetch_parse(name, value) if needs_parts else value


_PARSER = BytesParser(EmailMessage, policy=_AsWritten())


def is_mbox(data: bytes) -> bool:
    """Tell whether a file is an mbox: it begins with the line that begins a mail."""
    return _BEGIN.match(data[:2000].lstrip(_LEAD)) is not None


def is_mail(data: bytes) -> bool:
    """Tell whether a file is one mail: lines of headers, and mails have such headers."""
    headers = re.split(rb"\r?\n\r?\n", data[:MOST_HEADERS].lstrip(b"\xef\xbb\xbf\r\n"), maxsplit=1)[
        0
    ]
    matches = [_HEADER.match(line) for line in headers.splitlines()]
    names = {(match[1] or b"").lower() for match in matches if match}
    return all(matches) and b"from" in names and not names.isdisjoint(_MAIL_HEADERS)


def mail_rows(content: FileContent) -> Iterator[Row | BadRow]:
    """Yield the one mail of a file."""
    data = content.data.lstrip(_LEAD)
    return threaded([_mail(f"{content.name}:message 1", data)])


def mbox_rows(content: FileContent) -> Iterator[Row | BadRow]:
    """Yield every mail of an mbox file, in order."""
    data = content.data.lstrip(_LEAD)
    lines = (match.start() for match in _FROM.finditer(data))
    starts = [start for start in lines if _BEGIN.match(data, start)]
    ends = [*starts[1:], len(data)]
    mails = (
        _mail(f"{content.name}:message {number}", data[start:end])
        for number, (start, end) in enumerate(zip(starts, ends, strict=True), start=1)
    )
    return threaded(mails)


def maildir_rows(content: FileContent) -> Iterator[Row | BadRow]:
    """Yield every mail of a Maildir folder; its flags are no part of its place."""
    return threaded(
        _mail(f"{content.name}/{_FLAGS.sub('', name)}", data) for name, data in content.parts
    )


def _mail(ref: str, data: bytes) -> Mail | BadRow:
    envelope = b""
    if data.startswith(b"From "):
        envelope, _, data = data.partition(b"\n")
        data = _QUOTED_FROM.sub(rb"\1", data)
    try:
        message = cast(EmailMessage, _PARSER.parsebytes(data))
        return _read(ref, message, envelope.decode("ascii", "replace"))
    except Exception as error:  # the parser fails in many ways on what is hardly a mail
        detail = f"cannot be taken apart ({type(error).__name__})"
        return BadRow(ref, "malformed_mail", detail)


def _read(ref: str, message: EmailMessage, envelope: str) -> Mail | BadRow:
    header = _Headers(message)
    body = _body(message)
    if not header.first and not body.strip():
        return BadRow(ref, "malformed_mail", "neither headers nor text")

    answered = _ID.findall(header.raw("in-reply-to"))
    return Mail(
        ref=ref,
        native=next(iter(_ID.findall(header.raw("message-id"))), ""),
        references=tuple(_ID.findall(header.raw("references")) or answered[:1]),
        subject=header.text("subject"),
        list_name=_list_name(header),
        sent_at=_sent_at(header, envelope),
        sender=_sender(header),
        values={
            "author_role": "bot" if _is_automatic(header) else "member",
            "body": body,
            "url": header.text("archived-at").strip("<>") or None,
        },
    )


class _Headers:
    """The first header of each name, as it was sent."""

    def __init__(self, message: EmailMessage) -> None:
        self.first: dict[str, str] = {}
        for name, value in message.raw_items():
            self.first.setdefault(name.lower(), str(value)[:MOST_HEADER])

    def raw(self, name: str) -> str:
        return self.first.get(name, "")

    def text(self, name: str) -> str:
        """Return a header on one line, decoded."""
        return _decoded_words(self.raw(name))


def _decoded_words(raw: str) -> str:
    """Decode ``=?charset?…?=``; what names a charset that is none stays as it is."""
    plain = _undecoded(raw)
    with suppress(HeaderParseError, LookupError, UnicodeError):
        plain = str(make_header(decode_header(plain)))
    return on_one_line(plain)


def _undecoded(raw: str) -> str:
    """Decode what the parser left as it was: bytes beyond ASCII are surrogates there."""
    return _text(raw.encode("utf-8", "surrogateescape"), "utf-8")


def _text(data: bytes, charset: str) -> str:
    """Decode by the named charset, or by one that fits: mails often name a wrong one."""
    for name in (*_CHARSETS.get(charset.lower(), (charset,)), "utf-8", "cp1252"):
        try:
            return data.decode(name)
        except (LookupError, UnicodeError):
            continue
    return data.decode("latin-1")


def _body(message: EmailMessage) -> str:
    """Return the first text that says anything; empty where there is but an attachment."""
    return next(filter(str.strip, map(_part_text, _text_parts(message))), "")


def _text_parts(message: EmailMessage) -> Iterator[EmailMessage]:
    """Yield the texts of a mail that are no files, in order; not those of mails sent with it."""
    pending = [message]
    while pending:
        part = pending.pop()
        kind = part.get_content_maintype()
        if kind == "multipart" and part.is_multipart():
            pending += reversed(cast(list[EmailMessage], part.get_payload()))
        elif kind == "multipart" or (
            part.get_content_type() in _TEXTS and not (part.is_attachment() or part.get_filename())
        ):
            yield part


def _part_text(part: EmailMessage) -> str:
    if part.get_content_maintype() == "multipart":
        # A mail that says it has parts, and has none, is one text.
        return _undecoded(str(part.get_payload()))
    data = part.get_payload(decode=True)
    text = _text(data if isinstance(data, bytes) else b"", part.get_content_charset("utf-8"))
    if part.get_content_subtype() == "html":
        return f"<div>{_without_head(text)}</div>" if text.strip() else ""
    return text.replace("\r\n", "\n").strip("\n")


def _without_head(page: str) -> str:
    head = _HEAD.search(page)
    body = _BODY.search(page, head.end()) if head else None
    return page[: head.start()] + page[body.end() :] if head and body else page


def _sender(header: _Headers) -> Sender:
    originals = (header.text(name) for name in ("x-original-from", "reply-to"))
    people = (person for text in originals for person in text.split(">,"))
    return author_of_list(read_sender(header.text("from")), map(read_sender, people))


def _is_automatic(header: _Headers) -> bool:
    return header.text("auto-submitted").lower().startswith("auto")


def _list_name(header: _Headers) -> str:
    """Return the name of the list, without its domain."""
    written = next((text for name in _LISTS if (text := header.text(name))), "")
    match = _LIST_NAME.search(written[-MOST_LIST_NAME:])
    return match[1] if match else written


def _sent_at(header: _Headers, envelope: str) -> datetime | None:
    """Return when a mail was sent, else when it was received, else what the mbox says."""
    received = header.raw("received").rpartition(";")[2]
    begun = _SENT.search(envelope.encode())
    for written in (header.raw("date"), received, begun[0].decode() if begun else ""):
        try:
            moment = parsedate_to_datetime(written)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
        return moment if moment.tzinfo else as_utc(moment)
    return None
