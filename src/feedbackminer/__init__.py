"""Mine a product community's posts into digests of checkable claims.

import feedbackminer as fm

community = fm.mine(posts, product="Inkwren")
community.claims
community.digest("digest")
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from feedbackminer.api.community import Community as Community
    from feedbackminer.api.mine import mine as mine
    from feedbackminer.api.mine import open_project as open_project
    from feedbackminer.api.texts import find_topics as find_topics
    from feedbackminer.api.texts import tag as tag

__version__ = version("feedbackminer")
__all__ = ["Community", "__version__", "find_topics", "mine", "open_project", "tag"]

_HOMES = {
    "Community": "feedbackminer.api.community",
    "find_topics": "feedbackminer.api.texts",
    "mine": "feedbackminer.api.mine",
    "open_project": "feedbackminer.api.mine",
    "tag": "feedbackminer.api.texts",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for at its first use: `import feedbackminer` stays quick (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'feedbackminer' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
