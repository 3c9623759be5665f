"""Who speaks well of a matter, who ill: from how it goes for the writer, and how it sounds.

A post that speaks on the matter has a stance where the heads give it one and a sentence of it that
names the matter sounds so too; what is denied, or another's, decides nothing. Nobody here
understands a proposal: whoever says with a sad heart that it should be done speaks ill of it.
"""

from __future__ import annotations

import polars as pl

from feedbackminer.insight.labels import chance_of
from feedbackminer.search.question import Question, covers
from feedbackminer.vocabulary.tags import SENTIMENTS, UNSURE

FOR, AGAINST, MIXED, NEITHER = STANCES = ("for", "against", "mixed", "neither")
# Mean chances from which a post speaks well of a matter, or ill. In a forum of help most who name a
# thing have trouble with it, so more is asked of that.
WELL, ILL = 0.2, 0.3
SOUNDS = 0.1  # tone of a sentence, -1 to 1, from which it sounds like a side
OF_OTHERS = ("another", "quoted")  # statuses of sentences that say what somebody else thinks


def of_posts(posts: pl.DataFrame, tags: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Return posts with their ``stance`` on what a question names."""
    columns = {"text": "sentences", "tone": "sentence_scores", "status": "sentence_statuses"}
    own = tags.join(posts, on="post_id", how="semi")
    tones = (
        own.select("post_id", **columns)
        .explode(*columns)
        .filter(~pl.col("status").is_in(OF_OTHERS), covers(question, "text") > 0)
        .group_by("post_id")
        .agg(best=pl.col("tone").max(), worst=pl.col("tone").min())
    )
    read = own.select("post_id", *_chances()).join(tones, on="post_id", how="left")
    stances = read.select("post_id", stance=_stance())
    return posts.join(stances, on="post_id", how="left", maintain_order="left").with_columns(
        pl.col("stance").fill_null(NEITHER)
    )


def _chances() -> list[pl.Expr]:
    """Return, of a row of ``tags``, the chances that it speaks well and that it speaks ill."""
    return [
        pl.mean_horizontal(chance_of(side), _of_sentiment(sentiment)).alias(name)
        for side, sentiment, name in (("good", "positive", "well"), ("bad", "negative", "ill"))
    ]


def _stance() -> pl.Expr:
    """Return the stance of a post; where no sentence names the matter, its heading does."""
    well = (pl.col("well") >= WELL) & (pl.col("best") >= SOUNDS).fill_null(value=True)
    ill = (pl.col("ill") >= ILL) & (pl.col("worst") <= -SOUNDS).fill_null(value=True)
    return _side(well.fill_null(value=False), ill.fill_null(value=False))


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
