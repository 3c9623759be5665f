"""What an export is read as: its content, its rows, and rows that cannot be read."""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self


@dataclass(frozen=True)
class Row:
    """One row of an export and its place in it.

    Attributes:
        ref: file:line, or whatever else finds it again.
        values: column -> value.
        ours: fields that a known format gave: no other column stands in for them, filled or not.
    """

    ref: str
    values: dict[str, Any]
    ours: Collection[str] = ()

    @classmethod
    def given(cls, ref: str, values: dict[str, Any]) -> Self:
        """Return a row of which a known format gave everything."""
        return cls(ref, values, values.keys())


@dataclass(frozen=True)
class BadRow:
    """A row that could not be read."""

    ref: str
    reason: str
    detail: str


@dataclass(frozen=True)
class FileContent:
    """A file in memory, unpacked; of a Maildir the messages are its parts.

    Attributes:
        parts: name in the folder, content.
        path: of a file that is read from disk bit by bit; ``data`` is only its beginning.
        beside: another file of the same export, which this one is read with.
    """

    name: str
    data: bytes
    sha256: str
    parts: tuple[tuple[str, bytes], ...] = ()
    path: Path | None = None
    beside: FileContent | None = None

    def open(self) -> IO[bytes]:
        """Open the whole content for reading."""
        return self.path.open("rb") if self.path else io.BytesIO(self.data)
