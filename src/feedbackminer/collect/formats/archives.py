"""Members of a ZIP or tar file, read in memory: nothing is ever written to disk.

An archive is hostile until shown otherwise. A member whose name leads out of the archive, a link
or a locked member is refused and told; what unpacks to more than any export is an error.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from lzma import LZMAError
from typing import IO

from feedbackminer.collect.rows import BadRow, FileContent
from feedbackminer.errors import InputError

MOST_BYTES = 4 << 30  # unpacked, of all members together
MOST_RATIO = 200  # unpacked to packed; text packs 5 to 30 times, a bomb 1,000 times and more
RATIO_FREE = 64 << 20  # a small file full of repeats may pack as well as it likes
MOST_MEMBERS = 100_000
CHUNK = 1 << 20
_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", 257
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_PACKED = (*_ZIP, b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")
_OUTSIDE = re.compile(r"^/|^[A-Za-z]:/|\\|(?:^|/)\.\.(?:/|$)|[\x00-\x1f\x7f]")
_NO_CONTENT = re.compile(r"(?:^|/)(?:__MACOSX/|\.DS_Store$|Thumbs\.db$)")  # of file managers
_UNPRINTABLE = re.compile(r"[^\w !#-~]")
MOST_NAME = 200  # characters of a name that are shown
_REFUSALS = {
    "unsafe_name": "its name leads out of the archive, or it is a link or a device",
    "encrypted": "is locked by a password; unpack it yourself",
}
Opener = Callable[[], IO[bytes] | None]
_DAMAGE = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, LZMAError, EOFError, OSError, ValueError,
    NotImplementedError, RuntimeError, struct.error,
)  # fmt: skip


@dataclass
class Meter:
    """Counts what a packed file unpacks to, whatever its headers claim.

    Args:
        name: of the file, for messages.
        packed: its size in bytes.
    """

    name: str
    packed: int
    unpacked: int = 0

    def add(self, n_bytes: int) -> None:
        """Count some more bytes.

        Raises:
            InputError: that is more than an export can be.
        """
        self.unpacked += n_bytes
        if self.unpacked > MOST_BYTES:
            raise InputError(
                f"{self.name}: unpacks to more than {MOST_BYTES / 2**30:g} GiB; split the export"
            )
        if self.unpacked > max(RATIO_FREE, MOST_RATIO * self.packed):
            raise InputError(
                f"{self.name}: unpacks to more than {MOST_RATIO} times its size, as no text does; "
                "if you trust it, unpack it yourself and import what is in it"
            )


@dataclass
class Archive:
    """An open ZIP or tar file: its members by name, and those that are refused."""

    name: str
    meter: Meter
    openers: dict[str, Opener] = field(default_factory=dict)
    refused: list[BadRow] = field(default_factory=list)

    def read(self, member: str) -> bytes | BadRow:
        """Unpack a member, or tell why it cannot be.

        Raises:
            InputError: the archive unpacks to more than an export can be.
        """
        ref = f"{self.name}/{member}"
        try:
            with self.openers[member]() or io.BytesIO() as file:
                data = unpacked(file, self.meter)
        except _DAMAGE as error:
            return BadRow(ref, "damaged_member", str(error)[:200] or type(error).__name__)
        if data.startswith(_PACKED) or _is_tar(data):
            detail = "a packed file inside an archive; unpack it and import it by itself"
            return BadRow(ref, "nested_archive", detail)
        return data


def unpacked(file: IO[bytes] | io.BufferedIOBase, meter: Meter) -> bytes:
    """Read a packed file to its end, or until the meter stops it."""
    chunks = []
    while chunk := file.read(CHUNK):
        meter.add(len(chunk))
        chunks.append(chunk)
    return b"".join(chunks)


def open_archive(content: FileContent) -> Archive | None:
    """List the members of an archive, or return None where the content is none.

    Raises:
        InputError: the archive is damaged, is an office document, or has too many members.
    """
    if content.data.startswith(_OLE):
        raise InputError(
            f"{content.name}: this is an old office document (.xls), or one that a password locks; "
            "save its table as CSV, or as .xlsx without a password"
        )
    if not (content.data.startswith(_ZIP) or _is_tar(content.data)):
        return None
    archive = Archive(content.name, Meter(content.name, len(content.data)))
    members = _tar_members if _is_tar(content.data) else _zip_members
    try:
        for member in members(io.BytesIO(content.data)):
            _add(archive, member)
    except _DAMAGE as error:
        raise InputError(f"{content.name}: the archive is damaged or cut short: {error}") from None
    _refuse_document(archive)
    return archive


def shown_name(name: str) -> str:
    """Return a name out of a file as it may be shown: short, on one line."""
    return _UNPRINTABLE.sub("?", name)[:MOST_NAME]


def _refuse_document(archive: Archive) -> None:
    """Refuse the packed files of office programs that are no workbook (.xlsx)."""
    is_office = (
        "[Content_Types].xml" in archive.openers and "xl/workbook.xml" not in archive.openers
    )
    is_open_document = {"mimetype", "content.xml"} <= archive.openers.keys()
    if is_office or is_open_document:
        raise InputError(
            f"{archive.name}: this is an office document; save its table as CSV, or as .xlsx"
        )


@dataclass(frozen=True)
class _Member:
    name: str
    opener: Opener
    refusal: str = ""


def _add(archive: Archive, member: _Member) -> None:
    """Take a member in or refuse it; two of one name are told apart."""
    if _NO_CONTENT.search(member.name):
        return
    shown = shown_name(member.name)
    number = len(archive.openers) + len(archive.refused) + 1
    if number > MOST_MEMBERS:
        raise InputError(f"{archive.name}: has more than {MOST_MEMBERS:,} members")
    refusal = member.refusal or ("unsafe_name" if _OUTSIDE.search(member.name) else "")
    if refusal:
        ref = f"{archive.name}:member {number} {shown!r}"
        archive.refused.append(BadRow(ref, refusal, _REFUSALS[refusal]))
    else:
        while shown in archive.openers:
            shown += f" ({number})"
        archive.openers[shown] = member.opener


def _is_tar(data: bytes) -> bool:
    return data[_TAR_MAGIC_AT : _TAR_MAGIC_AT + len(_TAR_MAGIC)] == _TAR_MAGIC


def _zip_members(file: IO[bytes]) -> Iterator[_Member]:
    archive = zipfile.ZipFile(file)
    for info in archive.infolist():
        # The library cuts a name at a null byte; the name as written is what counts.
        if not info.orig_filename.endswith("/"):
            is_link = stat.S_ISLNK(info.external_attr >> 16)
            refusal = "unsafe_name" if is_link else "encrypted" if info.flag_bits & 1 else ""
            yield _Member(info.orig_filename, partial(archive.open, info), refusal)


def _tar_members(file: IO[bytes]) -> Iterator[_Member]:
    archive = tarfile.TarFile(fileobj=file)
    for info in archive:
        if not info.isdir():
            refusal = "" if info.isreg() else "unsafe_name"
            yield _Member(info.name, partial(archive.extractfile, info), refusal)
