"""The models that come with the package: where they lie."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

READER = "reader"  # what tunes the bundled encoder to tags
MATCHER = "matcher"  # what tells which sentences say the same
STATIC = "static"  # vectors of words, for very many posts


def shipped(name: str) -> Path:
    """Return the folder of a shipped model, whether it is there or not."""
    folder = Path(str(files("feedbackminer"))) / "models"
    if not folder.is_dir():  # not installed, but in its repository
        folder = Path(__file__).parents[2] / "models"
    return folder / name
