"""Questions put to a project: its tables are read, and nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from feedbackminer.errors import FeedbackminerError, InputError, StoreError
from feedbackminer.vocabulary.moments import as_utc

if TYPE_CHECKING:
    from feedbackminer.project.project import Project
    from feedbackminer.search.corpus import Corpus
    from feedbackminer.search.sheet import Sheet

# Which columns are read of tables that are read in part.
COLUMNS: Mapping[str, tuple[str, ...] | None] = {
    "posts": (
        *("post_id", "thread_id", "author_id", "author_role", "created_at", "url"),
        *("title", "body"),
    ),
    "texts": ("post_id", "title", "text", "language", "n_words", "content_hash"),
    "segments": ("post_id", "content_hash"),
    "vectors": ("content_hash", "encoder", "vector"),
    "members": ("author_id", "role"),
    "threads": ("thread_id", "title", "opener_post_id"),
    "repeats": ("post_id", "first_id", "copy_of"),
    "assignments": ("post_id", "topic_id", "score", "rank"),
    "tags": None,
    "sentences": ("post_id", "number", "text", "chances"),
    "key_points": None,
    "matches": None,
}
SEARCHED = ("posts", "texts")  # a store never lacks these once it was mined
TRIES = 3  # to read tables while none is replaced


@dataclass(frozen=True)
class _Read:
    """What was read of a project, and of which versions of its tables."""

    versions: Mapping[str, int | None]
    tables: Mapping[str, pl.DataFrame]
    corpus: Corpus


class Room:
    """The members of a project, as somebody who can be asked.

    What was read is kept for the next question as long as the tables are the same: what was erased
    or mined meanwhile is seen by it.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self._latest: _Read | None = None

    def ask(
        self,
        question: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 10,
    ) -> Sheet:
        """Return the panel sheet of a question.

        Args:
            since, until: what was written before, or from then on, is left out.
            limit: posts to show.

        Raises:
            InputError: the question names nothing, or nothing was mined yet.
            StoreError: a table cannot be read, is gone, or is being replaced.
        """
        from feedbackminer.embed.load import load_encoder
        from feedbackminer.search.question import read_question
        from feedbackminer.search.ranking import weigh
        from feedbackminer.search.sheet import Asked, panel

        try:
            since, until = since and as_utc(since), until and as_utc(until)
        except OverflowError:
            raise InputError("since and until: no date of that year can be told in UTC") from None
        if since and until and since >= until:
            raise InputError(f"since, {since:%F}, is not before until, {until:%F}; move one")
        settings = self.project.settings
        asked = Asked(
            question=read_question(question), since=since, until=until, limit=limit,
            least=settings.insight.min_voices, confidence=settings.insight.confidence,
        )  # fmt: skip
        read = self._read()
        (vector,) = load_encoder(settings.embed).encode([asked.question.text]).vectors
        evidence = weigh(asked.question, vector, read.corpus)
        notes = _unknown(asked.question.text, read)
        return panel(asked, evidence, read.corpus, read.tables, notes)

    def _read(self) -> _Read:
        from feedbackminer.search.corpus import build_corpus
        from feedbackminer.steps.digest import refuse_unmined

        store = self.project.store
        for _ in range(TRIES):
            versions = store.versions(tuple(COLUMNS))
            if self._latest and self._latest.versions == versions:
                return self._latest
            refuse_unmined(self.project)
            if missing := [name for name in SEARCHED if versions[name] is None]:
                raise StoreError(
                    f"{self.project.folder}: has no table {' and no '.join(missing)}, though it "
                    "was mined; bring them back from a copy, or collect and mine again"
                )
            self._latest = None  # two at once would be twice the memory
            try:
                tables = {name: store.read(name, columns) for name, columns in COLUMNS.items()}
            except FeedbackminerError:
                if store.versions(tuple(COLUMNS)) == versions:
                    raise
                continue
            if store.versions(tuple(COLUMNS)) == versions:
                tables = _narrowed(tables, self.project)
                self._latest = _Read(versions, tables, build_corpus(tables))
                return self._latest
        raise StoreError(
            f"{self.project.folder}: its tables are being replaced, by `feedbackminer mine` or an "
            "erasure; ask again when that is done"
        )


def _narrowed(tables: Mapping[str, pl.DataFrame], project: Project) -> dict[str, pl.DataFrame]:
    """Keep the vectors of the project's encoder, and of each post its main topic."""
    from feedbackminer.embed.load import encoder_name

    is_ours = pl.col("encoder") == encoder_name(project.settings.embed)
    return {
        **tables,
        "vectors": tables["vectors"].filter(is_ours).unique("content_hash"),
        "assignments": tables["assignments"].filter(pl.col("rank") == 1),
    }


def _unknown(question: str, read: _Read) -> list[str]:
    """Return what an answer cannot know, of this question and these posts."""
    from feedbackminer.clean.language import UNDETERMINED, detect, main_language

    notes, corpus = [], read.corpus
    asked_in, written_in = detect(question), main_language(corpus.posts["language"])
    if UNDETERMINED not in (asked_in, written_in) and asked_in != written_in:
        notes.append(
            f"The question seems to be in another language ({asked_in}) than the posts "
            f"({written_in}); only words that both have can be found. Ask in theirs."
        )
    if missing := corpus.n_without_vector:
        notes.append(
            f"{missing:,} of {len(corpus.posts):,} posts are found by their words alone, and "
            "counted nowhere, until `feedbackminer mine` has read them."
        )
    if untagged := len(corpus.posts.join(read.tables["tags"], on="post_id", how="anti")):
        notes.append(
            f"{untagged:,} of {len(corpus.posts):,} posts take no side until `feedbackminer mine` "
            "has told how they sound."
        )
    return notes
