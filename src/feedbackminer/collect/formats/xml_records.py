"""Records of an XML export: the elements below its root, read bit by bit, in bounded memory.

Whoever wrote the file may mean harm: a document type, and with it every entity, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import IO
from xml.sax import SAXException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from defusedxml import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from feedbackminer.collect.rows import BadRow, FileContent
from feedbackminer.errors import InputError

PIECE = 1 << 16  # bytes that are parsed at once; a line may be longer
HEAD = 1 << 20  # bytes in which the root has to begin
DEEPEST = 8  # levels below a record that are read
_DAMAGE = (SAXException, DefusedXmlException, ValueError, LookupError)
_BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?\s*<|\xff\xfe\s*<\x00|\xfe\xff\x00<")
_WEB_PAGE = re.compile(rb"\s*(?:<\?xml[^>]{0,200}>\s*)?<(?:!doctype\s+)?html\b", re.IGNORECASE)


@dataclass
class Record:
    """An element below the root.

    Attributes:
        number: of the record in the file, from 1.
        attributes: its own.
        texts: path below it -> text, such as ``author/name``; attributes are ``thread/@dsq:id``.
    """

    number: int
    tag: str
    attributes: dict[str, str]
    texts: dict[str, str] = field(default_factory=dict)


def is_xml(data: bytes) -> bool:
    """Tell whether a file begins as XML or HTML does."""
    return _BEGIN.match(data) is not None


def root(content: FileContent) -> str:
    """Return the name of the root element.

    Raises:
        InputError: it is HTML, no XML, or declares a document type.
    """
    if _WEB_PAGE.match(content.data.removeprefix(b"\xef\xbb\xbf")):
        raise InputError(
            f"{content.name}: this is a web page; want an export, as JSON or CSV (for Telegram and "
            "Discord, choose the format JSON)"
        )
    handler = _Handler(count(1))
    try:
        with content.open() as file, suppress(SAXException):  # damage is told with its line
            while not handler.root and file.tell() < HEAD and (piece := file.read(PIECE)):
                handler.parser.feed(piece)
    except (DefusedXmlException, ValueError, LookupError) as error:
        raise InputError(
            f"{content.name}: the XML holds {_what(error)}; refused, for a document type, "
            "entities and rare encodings can fill the memory or fetch files"
        ) from None
    if not handler.root:
        raise InputError(f"{content.name}: XML without any element; want an export of posts")
    return handler.root


def records(file: IO[bytes], name: str, *, root: str = "") -> Iterator[Record | BadRow]:
    """Yield every record; what is damaged is told with its line.

    Args:
        file: of XML.
        name: of the file, for places.
        root: the root element of files with a record a line, where a damaged line costs only
            itself; without it nothing after the damage is read.
    """
    handler = _Handler(count(1))
    number = told = 0
    for number, line in _lines(file):
        damage = handler.damage(line)
        yield from handler.taken()
        if not damage:
            continue
        handler, bad = _resumed(handler, root, line, number)
        if bad > told:  # of a very long line every piece is damaged
            yield BadRow(f"{name}:line {bad}", "malformed_xml", damage)
            told = bad
        if not root:
            return
        yield from handler.taken()
    if damage := handler.damage(None):
        yield BadRow(f"{name}:end", "malformed_xml", f"cut short in line {number}: {damage}")


def _lines(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield lines with their numbers, long ones in pieces."""
    number = 1
    while piece := file.readline(PIECE):
        yield number, piece
        number += piece.endswith(b"\n")


def _resumed(before: _Handler, root: str, line: bytes, number: int) -> tuple[_Handler, int]:
    """Return what goes on after a damage, and the line that was damaged.

    A quote that nothing closes is noticed in the next line only; that line is whole.
    """
    handler = _Handler(before.numbers, root)
    if not handler.damage(line):
        return handler, number - 1
    return _Handler(before.numbers, root), number


def _what(error: Exception) -> str:
    message = error.getMessage() if isinstance(error, SAXException) else str(error)
    return message[:200] or type(error).__name__


class _Handler(ContentHandler):
    """Parses a file and collects the elements below its root.

    Args:
        numbers: of the records to come.
        root: an element to begin with, after a damage.
    """

    def __init__(self, numbers: Iterator[int], root: str = "") -> None:
        super().__init__()
        self.numbers = numbers
        self.root = ""
        self.depth = 0
        self.path: list[str] = []
        self.record: Record | None = None
        self.pieces: dict[str, list[str]] = {}
        self.complete: list[Record] = []
        self.parser = DefusedExpatParser(forbid_dtd=True)
        self.parser.setContentHandler(self)
        if root:
            self.parser.feed(f"<{root}>".encode())

    def damage(self, data: bytes | None) -> str:
        """Parse some more, or with None the end; return what is wrong with it, if anything."""
        try:
            self.parser.close() if data is None else self.parser.feed(data)
        except _DAMAGE as error:
            return _what(error)
        return ""

    def taken(self) -> list[Record]:
        """Return the records that have ended since the last call."""
        complete, self.complete = self.complete, []
        return complete

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - of SAX
        self.depth += 1
        if self.depth == 1:
            self.root = name
        elif self.depth == 2:
            self.record, self.pieces = Record(next(self.numbers), name, dict(attrs.items())), {}
        elif self.depth <= 2 + DEEPEST:
            self.path.append(name)
            place = "/".join(self.path)
            for attribute, value in attrs.items():
                self.pieces.setdefault(f"{place}/@{attribute}", []).append(value)

    def characters(self, content: str) -> None:
        if self.path:
            self.pieces.setdefault("/".join(self.path), []).append(content)

    def endElement(self, name: str) -> None:  # noqa: ARG002, N802 - of SAX
        if self.depth == 2 and self.record:
            self.record.texts = {place: "".join(parts) for place, parts in self.pieces.items()}
            self.complete.append(self.record)
            self.record = None
        elif 2 < self.depth <= 2 + DEEPEST:
            self.path.pop()
        self.depth -= 1
