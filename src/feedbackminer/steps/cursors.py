"""Cursors: up to where each channel of a live source was read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from feedbackminer.collect.sources.protocol import Position
from feedbackminer.project.store import TableStore
from feedbackminer.tables import Cursors, check


@dataclass(frozen=True)
class Cursor:
    """The cursor of one channel of a source, in the table ``cursors``."""

    store: TableStore
    source: str
    channel: str

    def position(self) -> Position:
        """Return from where to go on; ``{}``: from the beginning."""
        row = self._row()
        return dict(json.loads(row["position"][0])) if len(row) else {}

    def move(self, position: Position, *, is_end: bool, withheld: str) -> None:
        """Note up to where the channel is stored.

        Args:
            is_end: there is nothing more for now; a channel that was complete once remains it.
            withheld: what the platform does not give.
        """
        before = self._row()
        row = {
            "source": self.source,
            "channel": self.channel,
            "position": json.dumps(dict(position), sort_keys=True),
            "complete": is_end or bool(len(before) and before["complete"][0]),
            "withheld": withheld,
            "read_at": datetime.now(UTC),
        }
        self.store.merge("cursors", check(pl.DataFrame([row]), Cursors, where="cursors"))

    def _row(self) -> pl.DataFrame:
        """Return the row of the channel; none where it was never read."""
        cursors = self.store.read("cursors")
        return cursors.filter(pl.col("source") == self.source, pl.col("channel") == self.channel)
