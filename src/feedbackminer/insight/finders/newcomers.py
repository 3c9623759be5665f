"""Where newcomers get stuck: what their first posts say more often than other posts."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.chance import LEAST_THREADS
from feedbackminer.insight.claim import Claim, excess_of
from feedbackminer.insight.examples import example_of
from feedbackminer.insight.facts import Facts, Subject, count_voices
from feedbackminer.insight.measures import NAN, Comparison, false_discovery
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.vocabulary.claims import quantity
from feedbackminer.vocabulary.given import has_kind
from feedbackminer.vocabulary.tags import PROBLEMS

RATIO = 1.5  # to other posts, from which a hurdle is worth telling
STUCK = ("problem", "question")  # what newcomers say who get stuck


def newcomer_claims(facts: Facts, settings: InsightSettings) -> Iterator[Claim]:
    """Where newcomers get stuck: what their first post says more often than other posts."""
    voiced = facts.posts.drop_nulls("voice")
    found = [
        (subject, stuck, compared)
        for subject in facts.subjects
        if (stuck := _who_are_stuck(subject, facts.naming(subject)))["is_first"].any()
        and (compared := _first_to_others(stuck, voiced, settings))
    ]
    q_values = false_discovery([compared.p for *_, compared in found])
    for (subject, stuck, compared), q in zip(found, q_values, strict=True):
        posts = stuck.filter("is_first")
        members = quantity(count_voices(posts), "member")
        asked = None
        if not subject.says:  # a topic alone says nothing of what they came with
            asked = example_of(subject, posts, "question", facts.sentences)
        such_as = asked.such_as if asked else ""
        yield Claim(
            kind="newcomers",
            key=subject.key,
            key_point_id=subject.key_point_id,
            quoted=asked.text if asked else subject.quoted,
            quoted_from=asked.post_id if asked else subject.quoted_from,
            metric="ratio_first_posts_to_others",
            headline=f"{subject.label}: {members} came with this in their first post{such_as}",
            posts=posts,
            value=compared.ratio,
            topic_id=subject.topic_id,
            since=facts.period.since,
            until=facts.period.until,
            baseline=_share_of_others(stuck, voiced),
            p=compared.p,
            q=q,
            excess=excess_of(compared.ratio.value),
            is_large=compared.ratio.value > RATIO
            and posts["thread_id"].n_unique() >= LEAST_THREADS,
            is_chance=q > settings.false_discovery,
        )


def stuck_at_first(subject: Subject) -> pl.DataFrame:
    """Return the first posts of members that say, on a subject, where they get stuck."""
    return _who_are_stuck(subject, subject.posts).filter("is_first")


def _first_to_others(
    stuck: pl.DataFrame, voiced: pl.DataFrame, settings: InsightSettings
) -> Comparison:
    """Compare how often first posts, and others, are among ``stuck``; threads are clusters."""
    flags = voiced.select(
        "thread_id", "is_first", is_stuck=pl.col("post_id").is_in(stuck["post_id"].implode())
    )
    first, is_stuck = pl.col("is_first"), pl.col("is_stuck")
    sums = flags.group_by("thread_id").agg(
        (first & is_stuck).sum(), first.sum().alias("all_first"),
        (~first & is_stuck).sum().alias("others"), (~first).sum().alias("all_others"),
    )  # fmt: skip
    columns = (sums[name].cast(pl.Int64).to_numpy() for name in sums.columns[1:])
    return measures.compare_clustered(*columns, confidence=settings.confidence)


def _share_of_others(stuck: pl.DataFrame, voiced: pl.DataFrame) -> float:
    """Return which part of the posts that are not a member's first are among ``stuck``."""
    n = len(voiced.filter(~pl.col("is_first")))
    return len(stuck.filter(~pl.col("is_first"))) / n if n else NAN


def _who_are_stuck(subject: Subject, posts: pl.DataFrame) -> pl.DataFrame:
    """Return those of a subject's posts in which members ask, or report a problem."""
    voiced = posts.drop_nulls("voice")
    if subject.says:
        return voiced if subject.says in STUCK else voiced.clear()
    return voiced.filter(has_kind("question", *PROBLEMS))
