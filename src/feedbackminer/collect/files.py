"""Read the rows of an export; its content decides what it is, not its name.

A table, JSON of any shape, mail, or the export of a platform (`formats`), alone or inside a ZIP or
tar file. A row that cannot be read comes out as a :class:`BadRow` with its place and reason; only
a file that yields nothing is an error.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from feedbackminer.collect.formats import (
    archive_members,
    archives,
    discord,
    discourse_topic,
    disqus,
    jira_tables,
    json_feed,
    json_values,
    mail,
    mattermost,
    nested,
    separated,
    sheets,
    slack,
    slackdump,
    stack_exchange_api,
    stack_exchange_dump,
    steam,
    tables,
    telegram,
    tickets,
    whatsapp,
    xml_records,
)
from feedbackminer.collect.formats.json_access import Values
from feedbackminer.collect.opening import open_file
from feedbackminer.collect.rows import BadRow, FileContent, Row
from feedbackminer.errors import InputError

__all__ = ["BadRow", "FileContent", "Row", "open_file", "read_rows"]


class DocumentFormat(Protocol):
    """A platform's export that is one JSON object; each is a module of ``formats``."""

    def is_document(self, document: Values) -> bool:
        """Tell whether an object is such an export."""

    def document_rows(self, name: str, document: Values) -> Iterator[Row | BadRow]:
        """Yield its posts in our names."""


class XmlFormat(Protocol):
    """A platform's export in XML, known by its root element."""

    ROOTS: tuple[str, ...]

    def rows(self, content: FileContent) -> Iterator[Row | BadRow]:
        """Yield its posts in our names."""


DOCUMENTS: tuple[DocumentFormat, ...] = (  # the first that knows it reads it
    discord,
    tickets,
    slackdump,
    telegram,
    stack_exchange_api,
    discourse_topic,
    steam,
    json_feed,
)
XML: tuple[XmlFormat, ...] = (stack_exchange_dump, disqus)
XML_EXPORTS = "Posts.xml of a Stack Exchange dump, comments of Disqus; else JSON, CSV or Parquet"
# One object over many lines, or known by its first key; JSONL begins each line with a brace.
_ONE_OBJECT = re.compile(r'\s*\{(?:\s*\n\s*"|\s*"guild"\s*:)')


@dataclass(frozen=True)
class ExportRows:
    """Every row of a file, readable or not, in order; read anew each time, and never held."""

    content: FileContent
    encoding: str

    def __iter__(self) -> Iterator[Row | BadRow]:
        return _rows(self.content, self.encoding)


def read_rows(content: FileContent, *, encoding: str = "utf-8") -> ExportRows:
    """Return the rows of a file.

    Raises:
        InputError: when they are read: the content is none of the known formats, or unpacks to
            more than an export.
    """
    return ExportRows(content, encoding)


def _rows(content: FileContent, encoding: str) -> Iterator[Row | BadRow]:
    archive = archives.open_archive(content)
    if archive is None:
        yield from _file_rows(content, encoding)
    elif sheets.is_workbook(archive):
        yield from _apart(sheets.rows(content, archive))
    elif slack.is_export(archive):
        yield from _apart(slack.rows(archive))
    elif stack_exchange_dump.is_export(archive):
        yield from _apart(stack_exchange_dump.archive_rows(archive))
    else:
        yield from _apart(
            archive_members.rows(archive, lambda member: _file_rows(member, encoding))
        )


def _apart(rows: Iterator[Row | BadRow]) -> Iterator[Row | BadRow]:
    """Keep places apart: names in an archive may be made to look like the place of a row."""
    times: Counter[str] = Counter()
    for row in rows:
        ref = row.ref
        while ref in times:
            times[row.ref] += 1
            ref = f"{row.ref} ({times[row.ref]})"
        times[ref] += 1
        yield row if ref == row.ref else replace(row, ref=ref)


def _file_rows(content: FileContent, encoding: str) -> Iterator[Row | BadRow]:
    """Yield the rows of a file that is no archive."""
    if content.parts:
        return _apart(mail.maildir_rows(content))
    if mail.is_mbox(content.data):
        return mail.mbox_rows(content)
    if mail.is_mail(content.data):
        return mail.mail_rows(content)
    if content.data.startswith(tables.PARQUET):
        return nested.rows(tickets.rows(tables.parquet_rows(content)))
    if xml_records.is_xml(content.data):
        return _xml_rows(content)
    return _text_rows(content.name, tables.decode(content, encoding))


def _xml_rows(content: FileContent) -> Iterator[Row | BadRow]:
    root = xml_records.root(content)
    for platform in XML:
        if root in platform.ROOTS:
            return platform.rows(content)
    is_feed = root.rpartition(":")[2] in ("rss", "feed", "RDF")
    raise InputError(
        f"{content.name}: XML that begins with <{root[:40]}> is no export that can be read; want "
        + ('the address of the feed, as a source of kind "rss"' if is_feed else XML_EXPORTS)
    )


def _text_rows(name: str, text: str) -> Iterator[Row | BadRow]:
    if whatsapp.is_chat(text):
        return whatsapp.chat_rows(name, text)
    start = text.lstrip()[:1]
    if start == "[":
        return nested.rows(tickets.rows(_unfolded(json_values.array_rows(name, text))))
    if start != "{":
        return jira_tables.rows(tickets.rows(separated.csv_rows(name, text)))
    if mattermost.is_export(text):
        return map(tables.checked, mattermost.rows(name, text))

    document = _document(name, text)
    if platform := _platform(document):
        return nested.rows(map(tables.checked, platform.document_rows(name, document)))
    if nested.is_page(document):
        return nested.rows([Row(name, document)])
    return nested.rows(tickets.rows(_unfolded(json_values.object_rows(name, text))))


def _platform(document: Values) -> DocumentFormat | None:
    return next((platform for platform in DOCUMENTS if platform.is_document(document)), None)


def _unfolded(rows: Iterator[Row | BadRow]) -> Iterator[Row | BadRow]:
    """Yield the rows of a list; an item that is a platform's export yields its own."""
    for row in rows:
        platform = _platform(row.values) if isinstance(row, Row) else None
        if platform and isinstance(row, Row):
            yield from map(tables.checked, platform.document_rows(row.ref, row.values))
        else:
            yield row


def _document(name: str, text: str) -> Values:
    """Return the object that the whole text is; empty for JSONL, which has one a line."""
    try:
        whole = json.loads(text, strict=False)
    except (ValueError, RecursionError) as error:
        if _ONE_OBJECT.match(text) and "Extra data" not in str(error):
            raise InputError(
                f"{name}: the JSON is damaged or cut short: {error}; export it again"
            ) from None
        return {}
    return whole if isinstance(whole, dict) else {}
