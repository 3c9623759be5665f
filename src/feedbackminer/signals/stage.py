"""The stage: posts to threads and members."""

from __future__ import annotations

from dataclasses import dataclass

import dataframely as dy
import polars as pl

from feedbackminer.accounts import Account
from feedbackminer.signals.members import role_of, summarise_members
from feedbackminer.signals.threads import summarise_threads, turns_of
from feedbackminer.tables import Members, Posts, Tags, Texts, Threads, check

STAGE = "signals"


@dataclass(frozen=True)
class Signals:
    """Threads and members of the whole export."""

    threads: dy.DataFrame[Threads]
    members: dy.DataFrame[Members]
    account: Account


def read_conversation(posts: pl.DataFrame, tags: pl.DataFrame, texts: pl.DataFrame) -> Signals:
    """Derive threads and members.

    Args:
        posts: the ``posts`` table.
        tags: the ``tags`` table; a post without tags asks nothing.
        texts: the ``texts`` table; of a post without a text, the body is read.
    """
    posts, tags = check(posts, Posts, where=STAGE), check(tags, Tags, where=STAGE)
    texts = check(texts, Texts, where=STAGE)
    turns = turns_of(posts.with_columns(author_role=role_of()), tags, texts)
    threads = check(summarise_threads(turns), Threads, where=STAGE)
    members = check(summarise_members(turns, threads), Members, where=STAGE)
    return Signals(threads, members, Account(STAGE, len(posts), len(turns)))
