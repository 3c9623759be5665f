"""Rows of the files in an archive that is no platform's own: one file after the other."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from feedbackminer.collect import platforms
from feedbackminer.collect.formats import mail
from feedbackminer.collect.formats.archives import Archive
from feedbackminer.collect.formats.tables import PARQUET
from feedbackminer.collect.rows import BadRow, FileContent, Row
from feedbackminer.errors import InputError

Reader = Callable[[FileContent], Iterable[Row | BadRow]]
_MAY_HAVE_NULLS = (PARQUET, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Table:
    """What a file or a sheet holds; ``posts`` are its rows in our names, none without a text."""

    name: str
    rows: list[Row | BadRow]
    posts: list[Row]
    lacks_text: bool = False


def rows(archive: Archive, read: Reader) -> Iterator[Row | BadRow]:
    """Yield the rows of every member, in the order of their names.

    Args:
        read: gives the rows of a file.
    Raises:
        InputError: the archive unpacks to more than an export can be.
    """
    yield from archive.refused
    mails = [name for name in archive.openers if _is_mail(PurePosixPath(name))]
    yield from _maildir(archive, sorted(mails))
    tables = [_table(archive, name, read) for name in sorted(archive.openers.keys() - set(mails))]
    yield from side_by_side(tables)


def side_by_side(tables: Sequence[Table]) -> Iterator[Row | BadRow]:
    """Yield the rows of tables that may have other columns each: in our names, if several."""
    has_posts = any(table.posts for table in tables)
    for table in tables:
        yield from _rows_of_table(table, has_posts and len(tables) > 1)


def _rows_of_table(table: Table, is_one_of_many: bool) -> Iterator[Row | BadRow]:
    """Yield the rows of a table; beside posts, a table without any text is told as one row."""
    if is_one_of_many and table.lacks_text:
        detail = "no column holds the text of the posts; to map one, import it alone"
        yield BadRow(table.name, "no_posts", detail)
    elif is_one_of_many:
        yield from table.posts
        yield from (row for row in table.rows if isinstance(row, BadRow))
    else:
        yield from table.rows


def _is_mail(path: PurePosixPath) -> bool:
    """Tell whether a member is one mail of many: of a Maildir, or as mail programs save it."""
    return path.parent.name in ("cur", "new") or path.suffix.lower() == ".eml"


def _maildir(archive: Archive, names: list[str]) -> Iterator[Row | BadRow]:
    read = [(name, archive.read(name)) for name in names]
    yield from (data for _, data in read if isinstance(data, BadRow))
    parts = tuple((name, data) for name, data in read if isinstance(data, bytes))
    yield from mail.maildir_rows(FileContent(archive.name, b"", "", parts))


def _table(archive: Archive, member: str, read: Reader) -> Table:
    name = f"{archive.name}/{member}"
    everything = list(_member_rows(name, archive.read(member), read))
    return as_table(name, everything or [BadRow(name, "empty_file", "a file without a row")])


def as_table(name: str, everything: list[Row | BadRow]) -> Table:
    """Return a table with its rows in our names, if it has texts."""
    good = [row for row in everything if isinstance(row, Row)]
    try:
        posts = platforms.in_our_names(good, where=name) if good else []
    except InputError:
        return Table(name, everything, [], lacks_text=True)
    return Table(name, everything, posts)


def _member_rows(name: str, data: bytes | BadRow, read: Reader) -> Iterator[Row | BadRow]:
    if isinstance(data, BadRow):
        yield data
    elif b"\x00" in data and not data.startswith(_MAY_HAVE_NULLS):
        yield BadRow(name, "unknown_format", "a picture or program, not a file of posts")
    else:
        try:
            yield from read(FileContent(name, data, ""))
        except InputError as error:
            yield BadRow(name, "unknown_format", str(error)[:200])
