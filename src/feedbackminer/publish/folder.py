"""A folder of files, written whole or not at all."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from feedbackminer.errors import DeliveryError, InputError, StoreError
from feedbackminer.publish.channel import Parcel
from feedbackminer.settings.sections import FolderChannel


class Folder:
    """Writes a digest into a folder: a site as a whole, Markdown file by file.

    Args:
        settings: of the channel.
        base: where a relative path begins.
        replaces: names that an older site may hold.
    """

    is_repeatable = True
    recipients: Sequence[str] = ("",)

    def __init__(self, settings: FolderChannel, base: Path, replaces: Collection[str]) -> None:
        self._is_site, self._replaces = settings.format == "html", replaces
        self.path = (base / Path(settings.path).expanduser()).resolve()
        self.place = str(self.path)

    def preview(self, parcel: Parcel) -> str:
        """Say what would be written."""
        files = self._files(parcel)
        size = sum(len(text.encode()) for text in files.values())
        return f"{len(files):,} files, {size / 1024:,.0f} KiB, into {self.path}"

    def send(self, parcel: Parcel, recipient: str, token: str, thread: str = "") -> str:  # noqa: ARG002
        """Write the files in the place of older ones.

        Raises:
            DeliveryError: they cannot be written, or the folder holds something else.
        """
        files = self._files(parcel)
        try:
            if self._is_site:
                write_folder(files, self.path, replaces=self._replaces)
            else:
                _write_files(files, self.path)
        except (InputError, StoreError) as error:
            raise DeliveryError(str(error)) from None
        except OSError as error:
            raise DeliveryError(f"{self.path}: {error.strerror or error}") from None
        return f"{len(files):,} files written"

    def _files(self, parcel: Parcel) -> Mapping[str, str]:
        return parcel.site if self._is_site else parcel.files


def _write_files(files: Mapping[str, str], out: Path) -> None:
    """Write each file at once; others in the folder stay."""
    for name, text in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, prefix=".", suffix=path.suffix, encoding="utf-8", delete=False
        ) as draft:
            draft.write(text)
        Path(draft.name).chmod(0o644)
        Path(draft.name).replace(path)


def write_folder(files: Mapping[str, str], out: Path, *, replaces: Collection[str]) -> None:
    """Write files into a folder, in the place of an older version of it.

    The folder is built beside ``out`` and then moved in, so that a reader never sees half of it.

    Args:
        files: relative path -> text.
        replaces: names that an older version may hold; a folder with anything else is refused.

    Raises:
        InputError: ``out`` cannot be written, or holds other files.
        StoreError: the disk is full.
    """
    refuse_foreign(out, replaces)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as draft:
            folder = Path(draft) / "new"
            for name, text in files.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
            swap(out, folder, Path(draft) / "old")
    except OSError as error:
        is_full = error.errno == errno.ENOSPC
        raise (StoreError if is_full else InputError)(
            f"{out}: the digest cannot be written: {error.strerror or error}; "
            f"{'free some space' if is_full else 'name another folder with --out'}, then run again"
        ) from error


def swap(out: Path, new: Path, old: Path) -> None:
    """Put ``new`` in the place of ``out``; if that fails, the older folder is back there."""
    if out.exists():
        out.rename(old)
    try:
        new.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise


def refuse_foreign(out: Path, replaces: Collection[str]) -> None:
    """Raise InputError where ``out`` is a file or holds anything but an older digest."""
    if out.is_file():
        raise InputError(f"{out}: is a file; want a folder for the digest")
    entries = {entry.name for entry in out.iterdir()} if out.is_dir() else set()
    is_digest = "digest.json" in entries
    foreign = sorted(entries - set(replaces)) or sorted(() if is_digest else entries)
    if foreign:
        raise InputError(
            f"{out}: holds files that are no digest, such as {foreign[0]!r}; "
            "name a new or empty folder with --out"
        )
