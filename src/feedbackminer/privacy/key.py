"""The secret that pseudonyms are made with."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from feedbackminer.errors import SettingsError

KEY_BYTES: Final = 32


def load_or_create_key(path: Path) -> bytes:
    """Read the secret key, or make one that only its owner may read.

    A new key is written beside ``path`` and then linked to it: a crash leaves no half key, and of
    two processes that start together both get the key of the first.

    Raises:
        SettingsError: the file cannot be read or written, or is too short to be a key.
    """
    try:
        if not path.exists():
            _create_key(path)
        key = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"{path}: the pseudonym key cannot be read or written ({error.strerror}). "
            "Make the folder writable, or name another file."
        ) from error
    if len(key) < KEY_BYTES:
        raise SettingsError(
            f"{path}: the pseudonym key has {len(key)} bytes; want at least {KEY_BYTES}. Restore "
            "it from a backup; a new key gives every member a new pseudonym."
        )
    return key


def _create_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        if not path.exists():
            os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
