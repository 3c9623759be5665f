"""What is the same for every row of a file, or of a source that is read in parts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from feedbackminer.privacy.pseudonyms import Pseudonyms
from feedbackminer.settings.sections import CollectSettings


@dataclass(frozen=True)
class CollectContext:
    """What turns rows into posts.

    Attributes:
        name: of the file or source, for messages.
        source: prefix of post ids.
        settings: mapping of columns, names of staff and bots, time zone, links.
        pseudonyms: what replaces the names of members, and gives a row without an id one that
            tells nothing.
        now: the moment of the import (UTC); later timestamps are refused.
    """

    name: str
    source: str
    settings: CollectSettings
    pseudonyms: Pseudonyms
    now: datetime

    def post_id(self, native: str) -> str:
        """Return what ``posts`` calls a post, or a thread, that the platform calls so."""
        return f"{self.source}:{native}"
