"""Who speaks well of a matter, who ill: from how it sounds, and how it goes for the writer.

A post that speaks on the matter has a stance where the heads give it one and a sentence of it that
names the matter sounds so too; what is another's decides nothing. Who asks for help with a thing
is not against it: in a forum of help most who name one have trouble with it. Nobody here
understands a proposal: whoever says with a sad heart that it should be done speaks ill of it.
"""

from __future__ import annotations

import polars as pl

from feedbackminer.insight.labels import chance_of
from feedbackminer.search.question import Question, covers
from feedbackminer.vocabulary.tags import ANY_PROBLEM, SENTIMENTS, UNSURE

FOR, AGAINST, MIXED, NEITHER = STANCES = ("for", "against", "mixed", "neither")
TAKES_SIDE = 0.25  # chance from which a post speaks well of a matter, or ill
OF_EXPERIENCE = 0.25  # what its writer's experience weighs in that; the rest: how it sounds
SURELY = 0.7  # chance from which a problem, or a bad experience, is ill without sounding so
ASKS, COMPLAINS = 0.5, 0.3  # chances from which a post asks for help, and complains all the same
SOUNDS = 0.1  # tone of a sentence, -1 to 1, from which it sounds like a side
OF_OTHERS = ("another", "quoted")  # statuses of sentences that say what somebody else thinks


def of_posts(posts: pl.DataFrame, tags: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Return posts with their ``stance`` on what a question names.

    Args:
        posts: with ``post_id`` and the ``heading`` of their thread.
        tags: of these posts, and of others.
    """
    columns = {"text": "sentences", "tone": "sentence_scores", "status": "sentence_statuses"}
    own = tags.join(posts, on="post_id", how="semi")
    tones = (
        own.select("post_id", **columns)
        .explode(*columns)
        .filter(~pl.col("status").is_in(OF_OTHERS), covers(question, "text") > 0)
        .group_by("post_id")
        .agg(best=pl.col("tone").max(), worst=pl.col("tone").min())
    )
    headed = posts.select("post_id", is_headed=covers(question, "heading") > 0)
    read = (
        own.select("post_id", *_chances())
        .join(tones, on="post_id", how="left")
        .join(headed, on="post_id", how="left")
    )
    stances = read.select("post_id", stance=_stance())
    return posts.join(stances, on="post_id", how="left", maintain_order="left").with_columns(
        pl.col("stance").fill_null(NEITHER)
    )


def _chances() -> list[pl.Expr]:
    """Return, of a row of ``tags``, the chances that it speaks well, ill, of trouble, and asks."""
    kinds = [chance_of(kind).fill_null(0.0).alias(kind) for kind in ("question", "complaint")]
    trouble = pl.max_horizontal(chance_of(ANY_PROBLEM), chance_of("bad")).alias("trouble")
    well, ill = _mean("good", "positive"), _mean("bad", "negative")
    return [well.alias("well"), ill.alias("ill"), trouble, *kinds]


def _mean(experience: str, sentiment: str) -> pl.Expr:
    goes, sounds = chance_of(experience), _of_sentiment(sentiment)
    either = pl.coalesce(goes, sounds), pl.coalesce(sounds, goes)
    return OF_EXPERIENCE * either[0] + (1 - OF_EXPERIENCE) * either[1]


def _stance() -> pl.Expr:
    """Return the stance of a post; where no sentence names the matter, its heading does."""
    only_asks = (pl.col("question") >= ASKS) & (pl.col("complaint") < COMPLAINS)
    well = (pl.col("well") >= TAKES_SIDE) & (pl.col("best") >= SOUNDS).fill_null(
        pl.col("is_headed")
    )
    is_ill = (pl.col("ill") >= TAKES_SIDE) | (pl.col("trouble") >= SURELY)
    ill = is_ill & (pl.col("worst") <= -SOUNDS).fill_null(pl.col("is_headed"))
    return _side(well.fill_null(value=False), ill.fill_null(value=False) & ~only_asks)


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
