"""Open a file that somebody names: find it, unpack it, hash it; ``-`` is standard input.

Plain, gzip or zstd. A Maildir folder is one file; XML, which may be larger than memory, stays on
disk.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
import zlib
from pathlib import Path

import zstandard

from feedbackminer.collect.formats import archives, stack_exchange_dump, xml_records
from feedbackminer.collect.rows import FileContent
from feedbackminer.errors import InputError

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
SEVEN_ZIP = b"7z\xbc\xaf\x27\x1c"
HEAD = 1 << 16  # bytes by which a file is known
REDDIT_WINDOW = 2**31  # Reddit's dumps are packed with a long window
ZSTD_CHUNK = 1 << 12  # a few bytes of zstd may stand for 128 KiB


def open_file(path: str) -> FileContent:
    """Read and unpack a file, a Maildir folder, or standard input for ``-``.

    Raises:
        InputError: missing, another directory, unreadable, empty, or a damaged archive.
    """
    if path != "-" and (parts := _maildir(Path(path))):
        sums = sorted(hashlib.sha256(data).digest() for _, data in parts)
        return FileContent(Path(path).name, b"", hashlib.sha256(b"".join(sums)).hexdigest(), parts)
    if path != "-" and xml_records.is_xml(_head(Path(path))):
        return _on_disk(Path(path), stack_exchange_dump.other_file(Path(path)))
    name = "stdin" if path == "-" else Path(path).name
    raw = sys.stdin.buffer.read() if path == "-" else _read_bytes(path)
    data = _unpack(path, raw)
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        raise InputError(f"{path}: the file is empty; want one post per row")
    return FileContent(name, data, hashlib.sha256(raw).hexdigest())


def _maildir(folder: Path) -> tuple[tuple[str, bytes], ...]:
    """Return the mails of a Maildir and of the folders in it; none where it is no Maildir."""
    if not ((folder / "cur").is_dir() and (folder / "new").is_dir()):
        return ()
    mails = [
        file
        for file in sorted(folder.rglob("*"))
        if file.parent.name in ("cur", "new") and not file.name.startswith(".") and file.is_file()
    ]
    if not mails:
        raise InputError(f"{folder}: the Maildir holds no mail")
    return tuple((file.relative_to(folder).as_posix(), _read_bytes(str(file))) for file in mails)


def _head(path: Path) -> bytes:
    """Return how a file on disk begins; of a pipe nothing, for what is read of it is gone."""
    try:
        with path.open("rb") if path.is_file() else io.BytesIO() as file:
            return file.read(HEAD)
    except OSError:
        return b""  # told where the whole is read


def _on_disk(path: Path, beside: Path | None) -> FileContent:
    """Return a file that may be larger than memory; its hash covers what is read with it."""
    other = _on_disk(beside, None) if beside else None
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    digest.update(bytes.fromhex(other.sha256 if other else ""))
    return FileContent(path.name, _head(path), digest.hexdigest(), path=path, beside=other)


def _read_bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except IsADirectoryError:
        raise InputError(
            f"{path}: is a directory; name the files in it (only a Maildir is read as a whole)"
        ) from None
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def _unpack(path: str, raw: bytes) -> bytes:
    meter = archives.Meter(path, len(raw))
    if raw.startswith(SEVEN_ZIP):
        raise InputError(f"{path}: is a 7z archive; unpack it (7z x FILE), import what is in it")
    try:
        if raw.startswith(GZIP):
            with gzip.open(io.BytesIO(raw)) as file:
                return archives.unpacked(file, meter)
        if raw.startswith(ZSTD):
            return _unzstd(raw, meter)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
        raise InputError(f"{path}: the archive is damaged or cut short: {error}") from None
    return raw


def _unzstd(raw: bytes, meter: archives.Meter) -> bytes:
    """Unpack every frame; zstandard's own reader takes a frame cut short for its end."""
    pieces, frame = [], None
    for start in range(0, len(raw), ZSTD_CHUNK):
        chunk = raw[start : start + ZSTD_CHUNK]
        while chunk:
            frame = frame or _zstd_frame()
            pieces.append(frame.decompress(chunk))
            meter.add(len(pieces[-1]))
            chunk = frame.unused_data
            frame = None if frame.eof else frame
    if frame:
        raise EOFError("the last frame has no end")
    return b"".join(pieces)


def _zstd_frame() -> zstandard.ZstdDecompressionObj:
    return zstandard.ZstdDecompressor(max_window_size=REDDIT_WINDOW).decompressobj()
