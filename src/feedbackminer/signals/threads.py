"""Conversations: who opened them, who answered, how soon."""

from __future__ import annotations

import polars as pl

from feedbackminer.signals.answers import summarise_answers
from feedbackminer.signals.phrases import added_later, is_solved_title, own_words, thanks, works_now
from feedbackminer.signals.replies import find_replies, rooms

_QUESTION_KINDS = ["question", "bug"]


def turns_of(posts: pl.DataFrame, tags: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """Order posts by thread and time, and say of each whom it answers and what it does.

    What a post says is read from its text, and from the body of a post that has none: two words may
    say that it works.
    """
    asks = pl.col("kinds").list.set_intersection(_QUESTION_KINDS).list.len() > 0
    said = own_words(pl.coalesce("text", "body"))
    ordered = (
        posts.join(tags.select("post_id", "kinds"), on="post_id", how="left")
        .join(texts.select("post_id", "text"), on="post_id", how="left")
        .sort("thread_id", "created_at", "post_id", nulls_last=True)
        .with_columns(position=pl.int_range(pl.len()).over("thread_id"))
        .with_columns(
            is_opener=pl.col("position") == 0,
            asks=asks.fill_null(value=False),
            thanks=thanks(said),
            works_now=is_solved_title(pl.col("title"))
            | works_now(pl.when(pl.col("position") == 0).then(added_later(said)).otherwise(said)),
            opener_id=pl.col("author_id").first().over("thread_id"),
        )
    )
    ordered = ordered.with_columns(room=rooms(ordered))
    authors = ordered.select(answers="post_id", answers_author="author_id")
    return (
        ordered.join(find_replies(ordered), on="post_id", how="left", maintain_order="left")
        .join(authors, on="answers", how="left", maintain_order="left")
        .with_columns(
            by_other=(pl.col("author_id").ne_missing(pl.col("opener_id")))
            & (pl.col("author_role") != "bot")
            & ~pl.col("is_opener"),
        )
    )


def summarise_threads(turns: pl.DataFrame) -> pl.DataFrame:
    """Return a row per thread: how long it is, who answered how soon, and whether it is solved."""
    reply = pl.col("by_other")
    first_reply = pl.col("created_at").filter(reply).first()
    hours = (first_reply - pl.col("created_at").first()).dt.total_seconds() / 3600
    role = pl.col("author_role").filter(reply).first()
    human = pl.col("author_id").filter(pl.col("author_role") != "bot")

    threads = turns.group_by("thread_id", maintain_order=True).agg(
        title=pl.col("title").first(),
        channel=pl.col("channel").drop_nulls().first(),
        opener_post_id=pl.col("post_id").first(),
        opener_id=pl.col("opener_id").first(),
        opened_at=pl.col("created_at").first(),
        last_at=pl.col("created_at").max(),
        n_posts=pl.len(),
        n_voices=human.drop_nulls().n_unique(),
        # In a room any of what is said next may answer: nobody knows whether anything did.
        is_question=pl.col("asks").first() & pl.col("room").first().is_null(),
        first_reply_hours=hours,
        answered_by=pl.when(reply.any()).then(
            pl.when(role == "staff").then(pl.lit("staff")).otherwise(pl.lit("member"))
        ),
    )
    return threads.join(summarise_answers(turns), on="thread_id", how="left", maintain_order="left")
