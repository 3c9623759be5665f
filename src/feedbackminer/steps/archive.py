"""An archive: a folder with the digest of each period, and an index of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from feedbackminer.digest.archive import (
    LARGEST,
    Archived,
    Unreadable,
    folder_name,
    newest_first,
    read_archived,
)
from feedbackminer.digest.proof import JSON
from feedbackminer.digest.render import archive as pages
from feedbackminer.digest.views import PeriodView
from feedbackminer.engine.run import Run
from feedbackminer.engine.stage import Outcome
from feedbackminer.errors import InputError
from feedbackminer.project.project import Project
from feedbackminer.steps.digest import check_target, refuse_unmined, write_digest


@dataclass(frozen=True)
class Destination:
    """Where a digest goes: a folder of its own, or an archive.

    Raises:
        InputError: it is not one of the two.
    """

    out: Path | None = None
    archive: Path | None = None

    def __post_init__(self) -> None:
        if (self.out is None) is (self.archive is None):
            raise InputError("name a folder for the digest: --out or --archive, one of the two")

    def check(self) -> None:
        """Raise InputError where no digest can be written: a file, or a folder of other things."""
        if self.archive:
            check_archive(self.archive)
        if self.out:
            check_target(self.out)

    def folder(self, project: Project) -> Path:
        """Return the folder of the digest of what was mined.

        Raises:
            InputError: nothing was mined yet.
        """
        return self.out or folder_in(self.archive or Path(), project)

    def before(self, project: Project) -> Path | None:
        """Return the folder of the digest before; None: there is none."""
        return self.out or before_in(self.archive or Path(), project)

    def write(self, run: Run, *, force: bool = False) -> Outcome:
        """Write the digest of what the store holds; the index of an archive is renewed.

        A digest of the same period that is there is replaced.

        Args:
            force: write it although a check warns that the settings let stop it.
        Raises:
            InputError, DriftError, StoreError: as ``write_digest``.
        """
        self.check()
        outcome = write_digest(run, self.folder(run.project), force=force)
        if self.archive:
            renew(self.archive)
        return outcome


def folder_in(archive: Path, project: Project) -> Path:
    """Return the folder of the digest of what was mined.

    Raises:
        InputError: nothing was mined yet.
    """
    return archive / folder_name(_period(project))


def before_in(archive: Path, project: Project) -> Path | None:
    """Return the folder of the digest before: of a time as long that ended sooner, the latest."""
    period = _period(project)
    return next(
        (
            archive / one.folder
            for one in digests_in(archive)
            if isinstance(one, Archived)
            and one.period == period.name
            and period.until
            and one.until
            and one.until < period.until
        ),
        None,
    )


def _period(project: Project) -> PeriodView:
    refuse_unmined(project)
    return PeriodView(**project.store.read("periods").row(0, named=True))


def check_archive(archive: Path) -> None:
    """Raise InputError where no archive can be: a file, or a folder of something else."""
    if archive.is_file():
        raise InputError(f"{archive}: is a file; want a folder for the archive")
    if is_archive(archive) or not archive.exists():
        return
    names = {path.name for path in archive.iterdir() if not (path / JSON).is_file()}
    if names:
        raise InputError(
            f"{archive}: holds files that are no archive of digests, such as {min(names)!r}; "
            "name a new or empty folder with --archive"
        )


def is_archive(folder: Path) -> bool:
    """Tell whether a folder has an index of digests that we wrote."""
    index = folder / pages.INDEX
    if not index.is_file():
        return False
    with index.open("rb") as file:
        return pages.MARK.encode() in file.read(4096)


def renew(archive: Path) -> None:
    """Write the index of an archive anew, from the digests that are there.

    Raises:
        InputError: it cannot be written.
    """
    for name, text in pages.render(digests_in(archive)).items():
        draft = archive / f".{name}-draft"
        try:
            draft.write_text(text, "utf-8")
            os.replace(draft, archive / name)
        except OSError as error:
            raise InputError(
                f"{archive / name}: cannot be written: {error.strerror or error}"
            ) from error


def withdraw(archive: Path) -> None:
    """Delete the index of an archive."""
    for name in pages.FILES:
        (archive / name).unlink(missing_ok=True)


def digests_in(archive: Path) -> Sequence[Archived | Unreadable]:
    """Return what the folders of an archive hold, newest digest first; what is unreadable last."""
    if not archive.is_dir():
        return []
    names = sorted(
        path.name for path in archive.iterdir() if path.is_dir() and not path.name.startswith(".")
    )
    found = [_read(archive, name) for name in names]
    readable = newest_first(one for one in found if isinstance(one, Archived))
    return [*readable, *(one for one in found if isinstance(one, Unreadable))]


def _read(archive: Path, name: str) -> Archived | Unreadable:
    file = archive / name / JSON
    try:
        if not file.is_file():
            return Unreadable(name, f"holds no {JSON}")
        if file.stat().st_size > LARGEST:
            return Unreadable(name, f"{JSON} is larger than {LARGEST / 1e6:,.0f} MB")
        there = {page for page in pages.LINKED if (archive / name / page).is_file()}
        return read_archived(name, file.read_bytes(), there)
    except OSError as error:
        return Unreadable(name, f"{JSON} cannot be read: {error.strerror or error}")
