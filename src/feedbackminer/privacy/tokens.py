"""Access tokens that are known by how they begin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# How a token begins -> what follows, as patterns. After a hyphen, "sk-" is part of a longer word.
TOKENS: Final[Mapping[str, str]] = {
    "gh[pousr]_": r"[A-Za-z0-9]{30,255}",  # GitHub
    "github_pat_": r"\w{22,255}",
    "glpat-": r"[\w-]{20,100}",  # GitLab
    "sk-": r"(?<!-sk-)(?=[\w-]{0,199}[0-9])(?=[\w-]{0,199}[A-Z])[\w-]{20,200}",  # of models
    "xox[abeprs]-": r"[\w-]{10,200}",  # Slack
    "hf_": r"[A-Za-z0-9]{30,50}",  # Hugging Face
    "npm_": r"[A-Za-z0-9]{30,50}",
}
