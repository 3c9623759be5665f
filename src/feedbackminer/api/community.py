"""A community that was mined: its tables, and what they say."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from feedbackminer.accounts import account_of
from feedbackminer.engine.run import Run
from feedbackminer.project.lock import hold
from feedbackminer.project.project import Project

if TYPE_CHECKING:
    from bertopic import BERTopic

    from feedbackminer.digest.views import Digest

WAIT = 60.0  # seconds, for another run in the same project
_ACCOUNT = pl.Schema(
    {
        "stage": pl.String(),
        "rows_in": pl.Int64(),
        "rows_out": pl.Int64(),
        "dropped": pl.List(pl.Struct({"reason": pl.String, "rows": pl.Int64})),
    }
)


@dataclass(frozen=True)
class Community:
    """What the posts of a community say.

    Every table is a Polars frame with the columns of docs/reference.md. ``post_id`` is the source
    of a post and the id that it has there, with a colon between them.
    """

    project: Project
    _contents: dict[int | None, Digest] = field(default_factory=dict, repr=False, compare=False)

    @property
    def posts(self) -> pl.DataFrame:
        """Return the posts, masked, their authors as pseudonyms."""
        return self.project.store.read("posts").clone()  # a caller's own

    @property
    def topics(self) -> pl.DataFrame:
        """Return the topics that stand, then their subtopics and themes; the largest first."""
        topics = self.project.store.read("topics").filter(pl.col("status") == "active")
        columns = ("topic_id", "level", "label", "keywords", "size", "stability", "parent_id")
        rank = {"topic": 0, "subtopic": 1, "theme": 2}
        level = pl.col("level").cast(pl.String).replace_strict(rank)
        return topics.select(columns).sort(level, -pl.col("size"), "topic_id")

    @property
    def assignments(self) -> pl.DataFrame:
        """Return which topics each post is about; ``rank`` 1 is its main one."""
        return self.project.store.read("assignments").clone()  # a caller's own

    @property
    def tags(self) -> pl.DataFrame:
        """Return what each post does and how it sounds."""
        return self.project.store.read("tags").clone()  # a caller's own

    @property
    def claims(self) -> pl.DataFrame:
        """Return the statements that hold, best first, with their numbers and evidence."""
        claims = self.project.store.read("claims")
        return claims.sort("rank_score", "claim_id", descending=[True, False])

    @property
    def quotes(self) -> pl.DataFrame:
        """Return verbatim sentences: what each stands for, its post, its text."""
        rows = [
            (stands_for, quote.post_id, quote.text, quote.url, quote.n_voices)
            for stands_for, quote in self.content.quotes
        ]
        schema = {"stands_for": pl.String, "post_id": pl.String, "text": pl.String,
                  "url": pl.String, "n_voices": pl.Int64}  # fmt: skip
        return pl.DataFrame(rows, schema=schema, orient="row")

    @property
    def account(self) -> pl.DataFrame:
        """Return a row per stage: rows in = rows out + rows dropped, by reason."""
        from feedbackminer.steps.digest import steps_done

        accounts = map(account_of, steps_done(self.project.store))
        rows = [
            (one.stage, one.rows_in, one.rows_out,
             [{"reason": reason, "rows": n} for reason, n in one.dropped.items()])
            for one in accounts
        ]  # fmt: skip
        return pl.DataFrame(rows, schema=_ACCOUNT, orient="row")

    @property
    def notices(self) -> list[str]:
        """Return what the reader should know: columns guessed, posts left out, limits."""
        return list(self.content.provenance.notices)

    @property
    def content(self) -> Digest:
        """Return what a digest says, before any format.

        Raises:
            InputError: nothing was mined yet.
        """
        from feedbackminer.steps.digest import digest_of

        version = self.project.store.version("claims")
        if version not in self._contents:  # a project on disk may be mined again meanwhile
            self._contents.clear()
            self._contents[version] = digest_of(Run(self.project))
        return self._contents[version]

    def digest(self, folder: str | Path, *, force: bool = False) -> Path:
        """Write the digest and return the path of its front page.

        Args:
            force: write it although a check warns that the settings let stop it.
        Raises:
            InputError: nothing was mined yet, or the folder holds something else.
            DriftError: a check warns that the settings let stop a digest.
            StoreError: another run is at work in the project for more than a minute.
        """
        from feedbackminer.steps.digest import write_digest

        is_kept = self.project.folder.exists()
        with hold(self.project.folder, wait=WAIT) if is_kept else nullcontext():
            write_digest(Run(self.project), Path(folder), force=force)
        return (Path(folder) / "index.html").resolve()

    def to_bertopic(self) -> BERTopic:
        """Return the topics as a fitted BERTopic model, for its plots, ``transform`` and saving.

        Raises:
            InputError: nothing was mined, or there is no topic.
        """
        from feedbackminer.api.bertopic import to_bertopic

        return to_bertopic(self.project)

    def __repr__(self) -> str:
        if self.project.store.version("claims") is None:
            return f"<Community in {self.project.folder}: not mined yet>"
        counts = self.content.totals
        return (
            f"<Community {self.content.title!r}: {counts['posts']:,} posts by "
            f"{counts['members']:,} members, {counts['topics']:,} topics, "
            f"{counts['claims']:,} claims>"
        )

    def _repr_html_(self) -> str:
        from feedbackminer.digest.render.site import render_summary

        return render_summary(self.content)
