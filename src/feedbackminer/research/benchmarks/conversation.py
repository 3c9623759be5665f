"""What is inferred of conversations, against what a platform knows, which is hidden first."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from feedbackminer.signals.stage import read_conversation

TOP = 20  # members who are thanked most


@dataclass(frozen=True)
class Inferred:
    """How often what was inferred is what the platform says; nan where it says nothing.

    Attributes:
        n: what the platform knows.
        n_inferred: what was inferred in these places.
        value: right of what was inferred (precision).
        recall: right of what the platform knows.
        simple: precision of the simplest guess.
    """

    what: str
    n: int
    n_inferred: int
    value: float
    recall: float
    simple: float

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall."""
        return 2 * self.value * self.recall / (self.value + self.recall)


def measure(posts: pl.DataFrame, tags: pl.DataFrame, texts: pl.DataFrame) -> list[Inferred]:
    """Hide links, accepted answers and likes in turn, and compare what is inferred with them.

    The simplest guesses: the post before, the first answer, whoever writes most.

    Args:
        posts, tags, texts: the tables; without tags, nothing asks.
    """
    return [_links(posts, tags, texts), *_answers(posts, tags, texts), _thanks(posts, tags, texts)]


def _links(posts: pl.DataFrame, tags: pl.DataFrame, texts: pl.DataFrame) -> Inferred:
    pairs = hide_links(posts, tags, texts)
    return _counted("whom a post answers", pairs, truth="link", guess="answers", simple="before")


def hide_links(posts: pl.DataFrame, tags: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """Return of each post with a link that post, the one inferred without it, and the one before.

    Returns:
        post_id, link, answers (null: none is inferred), before (null: it begins its thread).
    """
    known = read_conversation(posts, tags, texts).replies.filter(by="link")
    hidden = posts.with_columns(parent_id=pl.lit(None, pl.String))
    inferred = read_conversation(hidden, tags, texts).replies
    order = posts.sort("thread_id", "created_at", "post_id", nulls_last=True)
    before = order.select("post_id", before=pl.col("post_id").shift(1).over("thread_id"))
    pairs = known.select("post_id", link="answers").join(before, on="post_id")
    return pairs.join(inferred.select("post_id", "answers"), on="post_id", how="left")


def _answers(posts: pl.DataFrame, tags: pl.DataFrame, texts: pl.DataFrame) -> list[Inferred]:
    """Compare the best answers of threads with those that were accepted of another than asked."""
    pairs = hide_accepted(posts, tags, texts)
    told = pairs.filter(pl.col("helped") != "longest")
    return [
        _counted(what, rows, truth="accepted", guess="best_answer", simple="first")
        for what, rows in (
            ("the best answer of a thread", pairs),
            ("the same, where somebody told so", told),
        )
    ]


def hide_accepted(posts: pl.DataFrame, tags: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """Return of each thread with an accepted answer that, and what is taken for the best without.

    Returns:
        thread_id, title, accepted, best_answer, helped (what tells that it is the best), first (the
        first answer).
    """
    askers = read_conversation(posts, tags, texts).threads.select("thread_id", "opener_id")
    accepted = posts.filter("accepted").join(askers, on="thread_id")
    accepted = accepted.filter(pl.col("author_id").ne_missing(pl.col("opener_id")))
    hidden = posts.with_columns(accepted=pl.lit(value=False))
    threads = read_conversation(hidden, tags, texts).threads
    order = posts.sort("created_at", "post_id", nulls_last=True).join(askers, on="thread_id")
    replies = order.filter(pl.col("author_id").ne_missing(pl.col("opener_id")))
    first = replies.group_by("thread_id", maintain_order=True).agg(first=pl.col("post_id").first())
    return (
        accepted.select("thread_id", accepted="post_id")
        .join(threads.select("thread_id", "title", "best_answer", "helped"), on="thread_id")
        .join(first, on="thread_id", how="left")
    )


def _thanks(posts: pl.DataFrame, tags: pl.DataFrame, texts: pl.DataFrame) -> Inferred:
    """Compare who is thanked most in words with who has most likes."""
    likes = (
        posts.drop_nulls("author_id")
        .group_by("author_id")
        .agg(pl.col("score").clip(0).sum(), posts=pl.len())
    )
    liked = set(likes.filter(pl.col("score") > 0).sort("score").tail(TOP)["author_id"])
    busiest = set(likes.sort("posts").tail(TOP)["author_id"])
    nothing = {"accepted": pl.lit(value=False), "score": pl.lit(None, posts.schema["score"])}
    members = read_conversation(posts.with_columns(**nothing), tags, texts).members
    ranked = members.filter(pl.col("role") == "member").sort(
        "n_thanks", "n_people_helped", "author_id", descending=[True, True, False]
    )
    thanked = set(ranked.head(TOP)["author_id"])
    return Inferred(
        what=f"the {TOP} members who are thanked most",
        n=len(liked),
        n_inferred=len(thanked),
        value=_share(len(thanked & liked), len(thanked)),
        recall=_share(len(thanked & liked), len(liked)),
        simple=_share(len(busiest & liked), len(busiest)),
    )


def _counted(what: str, pairs: pl.DataFrame, *, truth: str, guess: str, simple: str) -> Inferred:
    def right(column: str) -> int:
        return int((pairs[column] == pairs[truth]).sum())

    n_inferred, n_simple = (len(pairs[column].drop_nulls()) for column in (guess, simple))
    return Inferred(
        what=what,
        n=len(pairs),
        n_inferred=n_inferred,
        value=_share(right(guess), n_inferred),
        recall=_share(right(guess), len(pairs)),
        simple=_share(right(simple), n_simple),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
