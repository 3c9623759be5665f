"""A project: a folder with settings, the pseudonym key and (unless set elsewhere) the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feedbackminer.errors import InputError
from feedbackminer.privacy.key import load_or_create_key
from feedbackminer.project.store import Store, TableStore
from feedbackminer.settings.load import FILE_NAME, load
from feedbackminer.settings.sections import Settings

KEY_NAME = "pseudonym.key"


@dataclass(frozen=True)
class Project:
    """Where a community's data lives and how it is to be mined."""

    folder: Path
    settings: Settings
    store: TableStore
    key: bytes | None = None  # that pseudonyms are made with; None: the file of the folder

    @property
    def key_path(self) -> Path:
        """Return the file with the secret that pseudonyms are made with."""
        return self.folder / KEY_NAME

    def pseudonym_key(self) -> bytes:
        """Return the secret that pseudonyms are made with, making one where there is none.

        Raises:
            SettingsError: its file cannot be read or written, or is too short to be a key.
        """
        return self.key or load_or_create_key(self.key_path)

    @property
    def heads(self) -> Path:
        """Return the folder of heads that were trained on this project."""
        return self.folder / "models"


def open_project(
    folder: Path,
    overrides: Mapping[str, Any] | None = None,
    *,
    settings_file: Path | None = None,
) -> Project:
    """Open a project, making its folder where there is none.

    Args:
        overrides: settings that beat the file and the environment, nested like the file.
        settings_file: instead of ``feedbackminer.toml`` in the folder, which may be absent.

    Raises:
        InputError: the folder cannot be made.
        SettingsError: its settings file, the environment or an override is wrong.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be a project folder: {error.strerror}") from None
    default = folder / FILE_NAME
    file = settings_file or (default if default.exists() else None)
    settings = load(file, overrides)
    url = settings.store.url or str(folder / "tables")
    return Project(folder, settings, Store(url, settings.store.options))
