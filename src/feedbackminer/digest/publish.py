"""The stage: write the digest in every format, whole or not at all."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path

from feedbackminer.digest import data, html, markdown
from feedbackminer.digest.content import Digest
from feedbackminer.errors import InputError, StoreError

OURS = {*html.PAGES, "quoted.html", "topics", "claims", "assets", "digest.md", "digest.json"}


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
            swap(out, site, Path(draft) / "old")
    except OSError as error:
        is_full = error.errno == errno.ENOSPC
        raise (StoreError if is_full else InputError)(
            f"{out}: the digest cannot be written: {error.strerror or error}; "
            f"{'free some space' if is_full else 'name another folder with --out'}, then run again"
        ) from error
    return out / "index.html"


def swap(out: Path, site: Path, old: Path) -> None:
    """Put ``site`` in the place of ``out``; if that fails, the older digest is back there."""
    if out.exists():
        out.rename(old)
    try:
        site.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise


def refuse_foreign(out: Path) -> None:
    """Raise InputError where ``out`` is a file or holds anything but an older digest."""
    if out.is_file():
        raise InputError(f"{out}: is a file; want a folder for the digest")
    found = {entry.name for entry in out.iterdir()} if out.is_dir() else set()
    foreign = sorted(found - OURS) or sorted(found if "digest.json" not in found else ())
    if foreign:
        raise InputError(
            f"{out}: holds files that are no digest, such as {foreign[0]!r}; "
            "name a new or empty folder with --out"
        )
