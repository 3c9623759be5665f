"""Records become posts: names replaced, threads and parents found; all records at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import polars as pl

from feedbackminer.collect.context import CollectContext
from feedbackminer.collect.record_table import RecordTable
from feedbackminer.collect.structure import linked
from feedbackminer.privacy.masking import mask
from feedbackminer.privacy.names import KnownNames
from feedbackminer.privacy.pseudonyms import Members
from feedbackminer.tables import Posts, column_types


@dataclass(frozen=True)
class ThreadInfo:
    """What a threads file says about a thread."""

    title: str
    channel: str


@dataclass(frozen=True)
class Live:
    """What is known of a source of which only some rows are at hand.

    Attributes:
        columns: what the rows may hold.
        author_ids: pseudonyms of those who wrote in the parts before.
        subjects: words (casefolded) that are no members, though an account may be called so.
    """

    columns: Sequence[str]
    author_ids: frozenset[str]
    subjects: frozenset[str]

    def members(self, author_ids: Iterable[str]) -> Members:
        """Return who is known as a member, the authors of these rows included."""
        return Members(self.author_ids.union(author_ids), self.subjects)


class Finisher:
    """Replaces names, and links posts to their thread and parent; needs all records at once."""

    def __init__(
        self,
        context: CollectContext,
        records: RecordTable,
        threads: Mapping[str, ThreadInfo],
        live: Live | None,
    ) -> None:
        self.context, self.threads, self.bodies = context, threads, records.bodies
        self.pseudonyms = context.pseudonyms
        rows = records.rows
        authors = rows["author"].filter(rows["author"] != "")
        self.has_authors = live is not None or bool(len(authors))
        self.members = live and live.members(map(self.pseudonyms.of, authors.unique()))
        # Names of one part alone would give a post another text in another part.
        spellings = rows["author_as_written"].filter(rows["author_as_written"] != "")
        others = set(spellings.unique()) - set(authors.unique())
        posts_by = zip(rows["author"], chain.from_iterable(records.bodies), strict=True)
        self.names = KnownNames(() if live else [*authors, *others], posts_by)
        self.records = linked(rows)

    def posts(self) -> pl.DataFrame:
        """Return the posts, in the order of their records; once, as bodies are given away."""
        parts = [pl.DataFrame(schema=column_types(Posts))]
        start = 0
        while self.bodies:
            bodies = self.bodies.pop(0)
            parts.append(self._posts(self.records.slice(start, len(bodies)), bodies))
            start += len(bodies)
        return pl.concat(parts)

    def _posts(self, part: pl.DataFrame, bodies: pl.Series) -> pl.DataFrame:
        info = [self.threads.get(thread, ThreadInfo("", "")) for thread in part["thread"]]
        titles = [
            self._private(title or known.title) if is_opener else ""
            for title, known, is_opener in zip(part["title"], info, part["is_opener"], strict=True)
        ]
        channels = [
            mask(c or known.channel) for c, known in zip(part["channel"], info, strict=True)
        ]
        authors = map(self._author_id, part["author"], part["native_id"])
        prefix = pl.lit(self.context.post_id(""))
        columns = part.with_columns(
            post_id=prefix + pl.col("native_id"),
            source=pl.lit(self.context.source),
            channel=pl.Series(channels, dtype=pl.String).replace("", None),
            thread_id=prefix + pl.col("thread"),
            parent_id=prefix + pl.col("parent"),
            author_id=pl.Series(list(authors), dtype=pl.String),
            title=pl.Series(titles, dtype=pl.String).replace("", None),
            body=pl.Series(map(self._private, bodies), dtype=pl.String),
            collected_at=pl.lit(self.context.now),
        )
        types = column_types(Posts)
        return columns.select(types.keys()).cast(pl.Schema(types))

    def apart(self) -> frozenset[str]:
        """Return the members whose name another source has, too."""
        people = self.records.filter(pl.col("author_role") != "bot", pl.col("author") != "")
        names = filter(self.pseudonyms.is_apart, people["author"].unique())
        return frozenset(map(self.pseudonyms.of, names))

    def _private(self, text: str) -> str:
        private = self.pseudonyms.in_text(mask(text), self.names)
        return self.pseudonyms.members_in(private, self.members) if self.members else private

    def _author_id(self, author: str, native: str) -> str | None:
        if author:
            return self.pseudonyms.of(author)
        return None if self.has_authors else self.pseudonyms.of(native)
