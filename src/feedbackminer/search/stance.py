"""Who speaks well of a matter, who ill: a mean of four differences, all but one of the whole post.

How it sounds, how it goes, praise or complaint, and the tone of its sentences that name the matter
and are not another's; what nobody knows of a post counts as even. Who asks for help with a thing is
not against it: in a forum of help most who name one have trouble with it. Nobody here understands a
proposal: whoever says with a sad heart that it should be done speaks ill of it.
"""

from __future__ import annotations

import polars as pl

from feedbackminer.insight.labels import chance_of
from feedbackminer.search.question import Question, covers
from feedbackminer.vocabulary.tags import SENTIMENTS, UNSURE

FOR, AGAINST, MIXED, NEITHER = STANCES = ("for", "against", "mixed", "neither")
TAKES_SIDE = 0.1  # of the balance, -1 to 1, from which a post speaks well, or ill
ASKS, COMPLAINS = 0.5, 0.3  # chances from which a post asks for help, and complains all the same
SOUNDS = 0.1  # tone of a sentence, -1 to 1, from which it sounds like a side
OF_OTHERS = ("another", "quoted")  # statuses of sentences that say what somebody else thinks


def of_posts(posts: pl.DataFrame, tags: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Return posts with their ``stance`` on what a question names.

    Args:
        posts: with ``post_id``.
        tags: of these posts, and of others.
    """
    columns = {"text": "sentences", "tone": "sentence_scores", "status": "sentence_statuses"}
    own = tags.join(posts, on="post_id", how="semi")
    tones = (
        own.select("post_id", **columns)
        .explode(*columns)
        .filter(~pl.col("status").is_in(OF_OTHERS), covers(question, "text") > 0)
        .group_by("post_id")
        .agg(tone=pl.col("tone").mean())
    )
    read = own.select("post_id", *_balances()).join(tones, on="post_id", how="left")
    stances = read.select("post_id", stance=_stance())
    return posts.join(stances, on="post_id", how="left", maintain_order="left").with_columns(
        pl.col("stance").fill_null(NEITHER)
    )


def _balances() -> list[pl.Expr]:
    """Return, of a row of ``tags``, what speaks for a side, and whether it only asks."""
    pairs = {
        "sounds": (_of_sentiment("positive"), _of_sentiment("negative")),
        "goes": (chance_of("good"), chance_of("bad")),
        "says": (chance_of("praise"), chance_of("complaint")),
    }
    asks = (chance_of("question") >= ASKS) & (chance_of("complaint") < COMPLAINS)
    return [
        *((well - ill).fill_null(0.0).alias(name) for name, (well, ill) in pairs.items()),
        asks.fill_null(value=False).alias("only_asks"),
    ]


def _stance() -> pl.Expr:
    """Return the stance of a post: the mean of what speaks for a side."""
    tone = pl.col("tone").fill_null(0.0)
    balance = pl.mean_horizontal("sounds", "goes", "says", tone)
    return _side(balance >= TAKES_SIDE, (balance <= -TAKES_SIDE) & ~pl.col("only_asks"))


def _side(well: pl.Expr, ill: pl.Expr) -> pl.Expr:
    return (
        pl.when(well & ill)
        .then(pl.lit(MIXED))
        .when(well)
        .then(pl.lit(FOR))
        .when(ill)
        .then(pl.lit(AGAINST))
        .otherwise(pl.lit(NEITHER))
    )


def of_members(spoken: pl.DataFrame) -> pl.DataFrame:
    """Return the stance of each member: voice, stance, n_posts.

    Who speaks well of it in one post and ill in another is mixed.

    Args:
        spoken: posts that speak on it, with ``voice`` and ``stance``.
    """
    well, ill = (pl.col("stance").is_in([side, MIXED]).any() for side in (FOR, AGAINST))
    by_member = spoken.drop_nulls("voice").group_by("voice", maintain_order=True)
    return by_member.agg(stance=_side(well, ill), n_posts=pl.len())


def _of_sentiment(sentiment: str) -> pl.Expr:
    chances = pl.col("sentiment_chances")
    label = pl.col("sentiment").cast(pl.String)
    return (
        pl.when(chances.list.len() > 0)
        .then(chances.list.get(SENTIMENTS.index(sentiment), null_on_oob=True))
        .when(label != UNSURE)
        .then((label == sentiment).cast(pl.Float64))
    )
