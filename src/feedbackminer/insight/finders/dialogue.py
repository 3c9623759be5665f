"""Whether members talk with each other: dialogue, not reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.community import CommunityMeasure
from feedbackminer.insight.facts import Facts
from feedbackminer.insight.measures import NAN, Estimate
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.vocabulary.claims import quantity

TENTH, HUNDREDTH = 10, 100  # members, at least: fewer have no busiest tenth, or hundredth
TO_KNOW = 0.1  # weight of what nobody acts upon


def dialogue_measures(facts: Facts, settings: InsightSettings) -> Iterator[CommunityMeasure]:
    """Yield how much of what members write answers another member, and is answered in turn."""
    written = facts.posts.drop_nulls("voice")
    answering = _between_members(facts, written)
    if len(answering):
        share = measures.share(len(answering), len(written), confidence=settings.confidence)
        yield CommunityMeasure(
            key="dialogue",
            metric="share_of_dialogue",
            headline=f"{100 * share.value:.0f} % of members’ posts answer another member",
            posts=answering,
            value=share,
        )
        yield _reciprocity(answering, settings)
    yield from _inequality(written)


def _between_members(facts: Facts, written: pl.DataFrame) -> pl.DataFrame:
    """Return posts in which a member answers another: ``voice`` and whom, ``to``."""
    members = facts.members.filter(pl.col("role").cast(pl.String).is_in(["member", "unknown"]))
    others = members.select(to="author_id")
    answers = facts.replies.select("post_id", to="answers_author").join(others, on="to")
    return written.join(answers, on="post_id", maintain_order="left").filter(
        pl.col("voice") != pl.col("to")
    )


def _reciprocity(answering: pl.DataFrame, settings: InsightSettings) -> CommunityMeasure:
    """Return how many of those of whom one answers the other answer each other."""
    pair = answering.with_columns(
        one=pl.min_horizontal("voice", "to"), other=pl.max_horizontal("voice", "to")
    )
    sides = pair.group_by("one", "other").agg(sides=pl.col("voice").n_unique())
    mutual = sides.filter(pl.col("sides") == 2)
    return CommunityMeasure(
        key="reciprocity",
        metric="share_of_pairs",
        headline=(
            f"{len(mutual):,} of {quantity(len(sides), 'pair')} of members who talk answered "
            "each other; in the others one alone answered"
        ),
        posts=answering,
        value=measures.share(len(mutual), len(sides), confidence=settings.confidence),
        weight=TO_KNOW,
    )


def _inequality(written: pl.DataFrame) -> Iterator[CommunityMeasure]:
    """Yield how unlike members are in how much they write."""
    counts = written.group_by("voice").len().sort("len", "voice", descending=[True, False])
    if len(counts) < TENTH:
        return
    busiest = counts.head(len(counts) // TENTH)
    posts = written.join(busiest, on="voice", how="semi")
    yield CommunityMeasure(
        key="inequality",
        metric="gini_of_posts",
        headline=_busiest(counts["len"].to_list()),
        posts=posts,
        value=Estimate(measures.gini(counts["len"].to_list()), NAN, NAN),
        weight=TO_KNOW,
    )


def _busiest(counts: Sequence[int]) -> str:
    """Say which part the busiest wrote: the first hundredth and the next nine, where there are so.

    Args:
        counts: posts of each member, most first.
    """
    hundredth, tenth = len(counts) // HUNDREDTH, len(counts) // TENTH
    shares = [100 * sum(part) / sum(counts) for part in (counts[:hundredth], counts[:tenth])]
    told = f"The busiest tenth of the members wrote {shares[1]:.0f} % of the posts"
    return f"{told}, the busiest hundredth alone {shares[0]:.0f} %" if hundredth else told
