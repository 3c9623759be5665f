"""Posts that their source has deleted: how they are noticed, and that they are erased here too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from feedbackminer.collect.rows import BadRow, Row
from feedbackminer.collect.sources.protocol import Source, Whole
from feedbackminer.collect.stage import Collected
from feedbackminer.engine.run import Run
from feedbackminer.errors import SourceError
from feedbackminer.steps.erase import erase_posts
from feedbackminer.steps.tally import Tally

MOST_CHECKED = 100  # posts that a collect asks the source for one by one: are they gone?


class Deletions:
    """Erases the stored posts of one source that it has deleted.

    Args:
        run: that the erasures belong to.
        reader: of the source, which is asked for posts that are missing.
        stored: ``posts`` as they were before this collect, of all sources.
        tally: counts what is erased, and is told what cannot be.
    """

    def __init__(self, run: Run, reader: Source, stored: pl.DataFrame, tally: Tally) -> None:
        self.run, self.reader, self.tally = run, reader, tally
        self.source = tally.source
        self.stored = stored.filter(pl.col("post_id").str.starts_with(f"{self.source}:"))
        self.native_ids_read: set[str] = set()

    def note_read(self, rows: Iterable[Row | BadRow]) -> None:
        """Remember which posts the source gave; those are there."""
        self.native_ids_read |= {
            str(row.values.get("post_id")) for row in rows if isinstance(row, Row)
        }

    def erase_shown(self, collected: Collected) -> None:
        """Erase the stored posts that the source shows as deleted."""
        shown = collected.dropped.filter(pl.col("reason") == "deleted_at_source")["ref"]
        deleted = self.stored.filter(pl.col("post_id").is_in(shown.to_list()))
        self._erase(deleted["post_id"].to_list())

    def erase_missing(self, wholes: Iterable[Whole]) -> None:
        """Erase the stored posts that are not where they should be, if the source says so too."""
        missing: set[str] = set()
        for whole in wholes if len(self.stored) else ():
            missing |= set(self.stored.filter(_within(whole, self.source))["post_id"])
        native_ids = sorted(post_id.partition(":")[2] for post_id in missing)
        unread = [native for native in native_ids if native not in self.native_ids_read]
        self._erase([f"{self.source}:{native}" for native in self._confirmed(unread)])

    def _confirmed(self, native_ids: Sequence[str]) -> Iterable[str]:
        """Return which of these posts the source says are deleted; none where it cannot tell."""
        if len(native_ids) > MOST_CHECKED:
            self.tally.note(
                f"{len(native_ids)} posts were not found where they should be; too many "
                "to ask for one by one, so none was erased: was the site moved?"
            )
            return ()
        try:
            return self.reader.deleted(native_ids) if native_ids else ()
        except SourceError as error:  # it can be asked again; the cursor must not wait for it
            self.tally.note(f"cannot tell which posts were deleted ({type(error).__name__})")
            return ()

    def _erase(self, post_ids: Sequence[str]) -> None:
        if post_ids:
            erase_posts(self.run, post_ids, action="erase", why="deleted_at_source")
            self.stored = self.stored.filter(~pl.col("post_id").is_in(list(post_ids)))
            self.tally.erased += len(post_ids)


def _within(whole: Whole, source: str) -> pl.Expr:
    """Return which stored posts lie in what a page holds all of."""
    inside = pl.lit(True)
    if whole.thread_id is not None:
        inside &= pl.col("thread_id") == f"{source}:{whole.thread_id}"
    if whole.channel is not None:
        inside &= pl.col("channel") == whole.channel
    if whole.since is not None:
        inside &= pl.col("created_at") >= whole.since
    if whole.until is not None:
        inside &= pl.col("created_at") <= whole.until
    return inside
