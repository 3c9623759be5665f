"""Mails of an mbox file or a Maildir folder, as posts in threads.

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
from email.utils import parseaddr, parsedate_to_datetime
from typing import cast

from feedbackminer.collect.formats.mail_threads import Mail, threaded
from feedbackminer.collect.rows import BadRow, FileContent, Row
from feedbackminer.vocabulary.moments import as_utc

# A line "From SENDER DATE" begins a mail; in a text it is such a line only with a header below.
_BEGIN = re.compile(
    rb"^From [^\r\n]{0,200}"
    rb"(?:\d:\d\d[^\r\n]{0,40}\b(?:19|20)\d\d\b[^\r\n]{0,40}\r?$|\r?\n(?=(?:Return-Path|Date|From"
    rb"|Received|Delivered-To|To|Subject|Message-ID|MIME-Version|Content-Type|X-[\w-]{1,60}):))",
    re.MULTILINE | re.IGNORECASE,
)
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_ID = re.compile(r"<([^<>\s]{1,500})>")
_LISTS = ("list-id", "x-mailing-list", "x-beenthere", "list-post")
_LIST_NAME = re.compile(r"<?(?:mailto:)?([\w-]+)[@.][^<>\s]*>?\s*$")
_VIA = re.compile(r"\s+via\s+\S.*$")  # what a list adds that sends in its members' names
_FLAGS = re.compile(r"[:;!]2,[A-Za-z]*$")
_HEAD, _BODY = re.compile(r"<head\b", re.IGNORECASE), re.compile(r"</head\s*>", re.IGNORECASE)
MOST_HEADER = 20_000  # characters
MOST_LIST_NAME = 300


class _AsWritten(EmailPolicy):
    """Leaves headers as they are: to take each apart costs most of the time, and may fail."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        value = value[:MOST_HEADER].strip()
        needs_parts = name.lower() == "content-disposition"
        return super().header_fetch_parse(name, value) if needs_parts else value


_PARSER = BytesParser(EmailMessage, policy=_AsWritten())


def is_mbox(data: bytes) -> bool:
    """Tell whether a file is an mbox: it begins with the line that begins a mail."""
    return _BEGIN.match(data[:2000].lstrip(b"\r\n")) is not None


def mbox_rows(content: FileContent) -> Iterator[Row | BadRow]:
    """Yield every mail of an mbox file, in order."""
    starts = [match.start() for match in _BEGIN.finditer(content.data)]
    ends = [*starts[1:], len(content.data)]
    mails = (
        _mail(f"{content.name}:message {number}", content.data[start:end])
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
        values={
            "author": _author(header.raw("from")),
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
    return " ".join(plain.split())


def _undecoded(raw: str) -> str:
    """Decode what the parser left as it was: bytes beyond ASCII are surrogates there."""
    return _text(raw.encode("utf-8", "surrogateescape"), "utf-8")


def _text(data: bytes, charset: str) -> str:
    """Decode by the named charset, or by one that fits: mails often name a wrong one."""
    for name in (charset, "utf-8", "cp1252"):
        try:
            return data.decode(name)
        except (LookupError, UnicodeError):
            continue
    return data.decode("latin-1")


def _body(message: EmailMessage) -> str:
    """Return the plain text, else the HTML; empty where there is but an attachment."""
    part = message.get_body(("plain", "html"))
    if part is None:
        # A mail that says it has parts, and has none, is one text.
        whole = message.get_payload()
        is_text = isinstance(whole, str) and message.get_content_maintype() == "multipart"
        return _undecoded(str(whole)) if is_text else ""
    data = part.get_payload(decode=True)
    text = _text(data if isinstance(data, bytes) else b"", part.get_content_charset("utf-8"))
    if part.get_content_subtype() == "html":
        return f"<div>{_without_head(text)}</div>"
    return text.replace("\r\n", "\n").strip("\n")


def _without_head(page: str) -> str:
    head = _HEAD.search(page)
    body = _BODY.search(page, head.end()) if head else None
    return page[: head.start()] + page[body.end() :] if head and body else page


def _author(raw: str) -> str:
    """Return the display name, else the address; archives write it as "ann at site (Ann)"."""
    name, address = parseaddr(raw)
    name = _VIA.sub("", _decoded_words(name)).strip(" '\"")
    return name or (address if "@" in address else _decoded_words(raw))


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
    for written in (header.raw("date"), received, " ".join(envelope.split()[2:])):
        try:
            moment = parsedate_to_datetime(written)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
        return moment if moment.tzinfo else as_utc(moment)
    return None
