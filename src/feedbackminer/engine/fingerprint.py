"""Hash all that decides the result of a stage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import as_file, files

from pydantic import BaseModel

from feedbackminer import __version__
from feedbackminer.settings.sections import hash_settings


def fingerprint(
    stage: str,
    read: Mapping[str, int | str | None],
    settings: Sequence[BaseModel],
    extra: str = "",
) -> str:
    """Hash all that decides the result of a stage."""
    parts = [
        __version__,
        _code_mark(stage),
        stage,
        hash_settings(*settings),
        json.dumps(read),
        extra,
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


@cache
def _code_mark(stage: str) -> str:
    """Hash the code of a stage, so that a change of it is never mistaken for done work."""
    with as_file(files(f"feedbackminer.{stage}")) as package:
        code = [f.read_bytes() for f in sorted(package.rglob("*")) if f.suffix in (".py", ".toml")]
    return hashlib.sha256(b"".join(code)).hexdigest()[:16]
