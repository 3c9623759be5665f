"""What became of the rows of a source, counted while they come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from feedbackminer.accounts import COLLECT, Account
from feedbackminer.engine.stage import Outcome
from feedbackminer.project.store import Merged


@dataclass
class Tally:
    """Counts rows and posts of one collect.

    Attributes:
        source: its name.
        rows: that were read.
        new: posts that were not stored before; ``changed``: that read otherwise now; ``erased``:
            that the source has deleted.
        dropped: rows by the reason why they are no new post.
        notices: what the reader of a digest should know.
    """

    source: str
    rows: int = 0
    new: int = 0
    changed: int = 0
    erased: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    notices: list[str] = field(default_factory=list)

    def add(self, rows: int, merged: Merged, dropped: Mapping[str, int]) -> None:
        """Count rows, what storing their posts did, and why others are no new posts."""
        self.rows += rows
        self.new += merged.inserted
        self.changed += merged.updated
        self.dropped.update({reason: n for reason, n in dropped.items() if n})

    def note(self, notice: str) -> None:
        """Add a notice; it begins with the name of the source."""
        self.notices.append(f"{self.source}: {notice}")

    def outcome(self, seconds: float, withheld: str) -> Outcome:
        """State the account of everything that was stored.

        Args:
            withheld: what the platform does not give.
        """
        notices = [f"{self.source}: {withheld}"] if withheld else []
        notices += self.notices
        if changed := self.dropped["schema_changed"]:
            notices.append(
                f"{self.source}: {changed} rows are not as the source documents them and were set "
                "aside; see the table dropped, and look for a newer feedbackminer"
            )

        return Outcome(
            account=Account(COLLECT, self.rows, self.new, dict(self.dropped)),
            seconds=seconds,
            reused=False,
            notices=tuple(notices),
            detail=(
                f"{self.source}: {self.new:,} new, {self.changed:,} changed, {self.erased:,} gone"
            ),
            source=self.source,
        )
