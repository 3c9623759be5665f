"""The stage: posts to threads and members."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import dataframely as dy
import polars as pl

from feedbackminer.tables import Account, Members, Posts, Tags, Threads, check

STAGE = "signals"

NEWCOMER = timedelta(days=30)  # first post this long before the end, or less
ACTIVE = timedelta(days=90)  # last post this long before the end, or less
VETERAN = timedelta(days=180)  # between first and last post
REGULAR_POSTS, VETERAN_POSTS, LAPSED_POSTS = 5, 20, 3
ADVOCATE_HELPED, ADVOCATE_THANKS = 5, 3
BOT_POSTS, BOT_SAMENESS = 20, 0.9

_THANKS = r"(?i)\b(thanks|thank you|thx|cheers|much appreciated|you('re| are) a (star|lifesaver))\b"
_WORKS_NOW = (
    r"(?i)\b(solved|fixed it|that (fixed|worked|did it|was it)|works? now|working now|"
    r"all (good|working|sorted)|sorted now)\b|\bit worked([.!,\n]|$)"
)
_QUESTION_KINDS = ["question", "bug"]


@dataclass(frozen=True)
class Signals:
    """Threads and members of the whole export."""

    threads: dy.DataFrame[Threads]
    members: dy.DataFrame[Members]
    account: Account


def read_conversation(posts: pl.DataFrame, tags: pl.DataFrame) -> Signals:
    """Derive threads and members.

    Args:
        posts: the ``posts`` table.
        tags: the ``tags`` table; a post without tags asks nothing.
    """
    posts, tags = check(posts, Posts, where=STAGE), check(tags, Tags, where=STAGE)
    turns = _turns(posts.with_columns(author_role=_role()), tags)
    threads = check(_threads(turns), Threads, where=STAGE)
    members = check(_members(turns, threads), Members, where=STAGE)
    return Signals(threads, members, Account(STAGE, len(posts), len(turns)))


def _turns(posts: pl.DataFrame, tags: pl.DataFrame) -> pl.DataFrame:
    """Order posts by thread and time, and say for each whom it answers and what it does.

    A post answers its parent where that is known and earlier (so cycles and missing parents
    cannot matter); else the post before it in the thread.
    """
    asks = pl.col("kinds").list.set_intersection(_QUESTION_KINDS).list.len() > 0
    ordered = (
        posts.join(tags.select("post_id", "kinds"), on="post_id", how="left")
        .sort("thread_id", "created_at", "post_id", nulls_last=True)
        .with_columns(place=pl.int_range(pl.len()).over("thread_id"))
        .with_columns(
            is_opener=pl.col("place") == 0,
            asks=asks.fill_null(value=False),
            thanks=pl.col("body").str.contains(_THANKS),
            works_now=pl.col("body").str.contains(_WORKS_NOW)
            | pl.col("title").str.contains(r"(?i)\[?solved\b|resolved\b").fill_null(value=False),
            before=pl.col("author_id").shift(1).over("thread_id"),
            opener_id=pl.col("author_id").first().over("thread_id"),
        )
    )
    parents = ordered.select(
        "thread_id", parent_id="post_id", parent_author="author_id", parent_place="place"
    )
    return (
        ordered.join(parents, on=["thread_id", "parent_id"], how="left", maintain_order="left")
        .with_columns(is_linked=pl.col("parent_place") < pl.col("place"))
        .with_columns(
            answers=pl.when("is_linked").then("parent_author").otherwise("before"),
            by_other=(pl.col("author_id").ne_missing(pl.col("opener_id")))
            & (pl.col("author_role") != "bot")
            & ~pl.col("is_opener"),
        )
    )


def _threads(turns: pl.DataFrame) -> pl.DataFrame:
    reply = pl.col("by_other")
    first_reply = pl.col("created_at").filter(reply).first()
    hours = (first_reply - pl.col("created_at").first()).dt.total_seconds() / 3600
    role = pl.col("author_role").filter(reply).first()
    own_words = pl.col("author_id").eq_missing(pl.col("opener_id")) & pl.col("works_now")
    human = pl.col("author_id").filter(pl.col("author_role") != "bot")
    return turns.group_by("thread_id", maintain_order=True).agg(
        title=pl.col("title").first(),
        channel=pl.col("channel").drop_nulls().first(),
        opener_post_id=pl.col("post_id").first(),
        opener_id=pl.col("opener_id").first(),
        opened_at=pl.col("created_at").first(),
        last_at=pl.col("created_at").max(),
        n_posts=pl.len(),
        n_voices=human.drop_nulls().n_unique(),
        is_question=pl.col("asks").first(),
        first_reply_hours=hours,
        answered_by=pl.when(reply.any()).then(
            pl.when(role == "staff").then(pl.lit("staff")).otherwise(pl.lit("member"))
        ),
        resolved=pl.col("accepted").any() | own_words.any(),
    )


def _members(turns: pl.DataFrame, threads: pl.DataFrame) -> pl.DataFrame:
    known = turns.filter(pl.col("author_id").is_not_null())
    other = pl.col("author_id") != pl.col("answers")
    own = known.group_by("author_id").agg(
        role=pl.col("author_role").mode().sort().first(),
        first_at=pl.col("created_at").min(),
        last_at=pl.col("created_at").max(),
        n_posts=pl.len(),
        n_threads_opened=pl.col("is_opener").sum(),
        n_replies_to_others=other.sum(),
        n_people_helped=pl.col("opener_id").filter("by_other").drop_nulls().n_unique(),
    )
    addressed = known.filter(other)
    received = addressed.group_by(author_id="answers").agg(
        n_replies_received=pl.len(), thanked=pl.col("thanks").sum()
    )
    accepted = known.filter(pl.col("accepted") & pl.col("by_other"))
    accepted = accepted.group_by("author_id").agg(n_accepted=pl.len())
    end = threads["last_at"].max()
    counts = ["n_replies_received", "thanked", "n_accepted"]
    return (
        own.join(received, on="author_id", how="left")
        .join(accepted, on="author_id", how="left")
        .with_columns(pl.col(counts).fill_null(0))
        .with_columns(n_thanks=pl.col("thanked") + pl.col("n_accepted"))
        .with_columns(segment=_segment(end if isinstance(end, datetime) else None))
        .with_columns(advocate=_advocate())
    )


def _role() -> pl.Expr:
    """Say bot of an account most of whose many posts begin alike, digits aside."""
    start = pl.col("body").str.replace_all(r"\d+", "0").str.slice(0, 40)
    sameness = (start.unique_counts().max() / pl.len()).over("author_id")
    machine = (pl.len().over("author_id") >= BOT_POSTS) & (sameness >= BOT_SAMENESS)
    known = pl.col("author_id").is_not_null()
    return (
        pl.when(known & machine)
        .then(pl.lit("bot"))
        .otherwise(pl.col("author_role").cast(pl.String))
    )


def _segment(end: datetime | None) -> pl.Expr:
    """Newcomer, veteran, regular, lapsed, else occasional: the first whose definition holds."""
    if end is None:
        return pl.lit("occasional")
    posts, active = pl.col("n_posts"), pl.col("last_at") >= end - ACTIVE
    tenure = pl.col("last_at") - pl.col("first_at")
    return (
        pl.when(pl.col("first_at") >= end - NEWCOMER)
        .then(pl.lit("newcomer"))
        .when(active & (posts >= VETERAN_POSTS) & (tenure >= VETERAN))
        .then(pl.lit("veteran"))
        .when(active & (posts >= REGULAR_POSTS))
        .then(pl.lit("regular"))
        .when(~active & (posts >= LAPSED_POSTS))
        .then(pl.lit("lapsed"))
        .otherwise(pl.lit("occasional"))
    )


def _advocate() -> pl.Expr:
    """A member who still comes, has helped several people and was thanked for it."""
    return (
        (pl.col("role") == "member")
        & pl.col("segment").is_in(["regular", "veteran"])
        & (pl.col("n_people_helped") >= ADVOCATE_HELPED)
        & (pl.col("n_thanks") >= ADVOCATE_THANKS)
    )
