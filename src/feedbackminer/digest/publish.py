"""The stage: write the digest in every format, whole or not at all."""

from __future__ import annotations

import errno
import shutil
import tempfile
from pathlib import Path

from feedbackminer.digest import data, html, markdown
from feedbackminer.digest.content import Digest
from feedbackminer.errors import InputError, StoreError


def publish(digest: Digest, out: Path) -> Path:
    """Write ``index.html``, ``digest.md``, ``digest.json`` and their pages; return the front page.

    The site is built beside ``out`` and then moved in, so that a reader never sees half of it.
    A folder that holds anything but an older digest is refused.

    Raises:
        InputError: ``out`` cannot be written, or holds other files.
        StoreError: the disk is full.
    """
    refuse_foreign(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as draft:
            site = Path(draft) / "site"
            site.mkdir()
            html.write_site(digest, site)
            (site / "digest.md").write_text(markdown.render(digest), "utf-8")
            (site / "digest.json").write_text(data.render(digest), "utf-8")
            if out.exists():
                out.rename(Path(draft) / "old")
            shutil.move(site, out)
    except OSError as error:
        is_full = error.errno == errno.ENOSPC
        raise (StoreError if is_full else InputError)(
            f"{out}: the digest cannot be written: {error.strerror or error}; "
            f"{'free some space' if is_full else 'name another folder with --out'}, then run again"
        ) from error
    return out / "index.html"


def refuse_foreign(out: Path) -> None:
    """Raise InputError where ``out`` is a file or holds anything but an older digest."""
    if out.is_file():
        raise InputError(f"{out}: is a file; want a folder for the digest")
    if out.is_dir() and any(out.iterdir()) and not (out / "digest.json").is_file():
        raise InputError(
            f"{out}: holds files that are no digest; name a new or empty folder with --out"
        )
