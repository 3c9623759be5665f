"""The stage: posts to threads and members."""

from __future__ import annotations

from dataclasses import dataclass

import dataframely as dy
import polars as pl

from feedbackminer.accounts import Account
from feedbackminer.settings.sections import SegmentSettings
from feedbackminer.signals.members import role_of, summarise_members
from feedbackminer.signals.threads import summarise_threads, turns_of
from feedbackminer.tables import Members, Posts, Replies, Tags, Texts, Threads, check

STAGE = "signals"


@dataclass(frozen=True)
class Signals:
    """Threads, who answers whom in them, and members of the whole export."""

    replies: dy.DataFrame[Replies]
    threads: dy.DataFrame[Threads]
    members: dy.DataFrame[Members]
    account: Account


DEFAULT = SegmentSettings()


def read_conversation(
    posts: pl.DataFrame,
    tags: pl.DataFrame,
    texts: pl.DataFrame,
    *,
    segments: SegmentSettings = DEFAULT,
) -> Signals:
    """Derive who answers whom, threads and members.

    Args:
        posts: the ``posts`` table.
        tags: the ``tags`` table; a post without tags asks nothing.
        texts: the ``texts`` table; of a post without a text, the body is read.
        segments: who is a newcomer, a regular, an advocate.
    """
    posts, tags = check(posts, Posts, where=STAGE), check(tags, Tags, where=STAGE)
    texts = check(texts, Texts, where=STAGE)
    turns = turns_of(posts.with_columns(author_role=role_of()), tags, texts)
    replies = check(turns.drop_nulls("answers"), Replies, where=STAGE)
    threads = check(summarise_threads(turns), Threads, where=STAGE)
    members = check(summarise_members(turns, threads, segments), Members, where=STAGE)
    return Signals(replies, threads, members, Account(STAGE, len(posts), len(turns)))
