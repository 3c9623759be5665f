"""What members say, in the words of one of them, how many say it, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.claim import Claim, by_key_point
from feedbackminer.insight.facts import Facts, count_voices
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.vocabulary.claims import quantity

CLAIM_OF: Mapping[str, str] = {  # what a key point says -> the kind of claim it becomes
    "problem": "problem",
    "request": "request",
    "question": "question",
    "praise": "love",
}
SEVERE = 3  # an important function does not work, or worse
MOSTLY = 0.5  # of posts or threads


def key_point_claims(facts: Facts, settings: InsightSettings) -> Iterator[Claim]:
    """What many members say, each point a claim."""
    for point in by_key_point(facts.said):
        posts = point.posts
        yield Claim(
            kind="severe"
            if point.says == "problem" and _is_severe(posts)
            else CLAIM_OF[point.says],
            key=point.key,
            key_point_id=point.key,
            metric="share_of_members",
            headline=f"{point.label}: {quantity(count_voices(posts), 'member')}",
            posts=posts,
            value=measures.share(
                count_voices(posts), facts.n_active, confidence=settings.confidence
            ),
            topic_id=point.topic_id,
            since=facts.period.since,
            until=facts.period.until,
            action=_next_step(point.says, posts, facts),
        )


def told(facts: Facts, least_voices: int) -> set[tuple[str, str | None]]:
    """Return which kinds of claims key points make on which topics."""
    return {
        (CLAIM_OF[point.says], point.topic_id)
        for point in by_key_point(facts.said)
        if count_voices(point.posts) >= least_voices
    }


def _is_severe(posts: pl.DataFrame) -> bool:
    """Tell whether most posts report that something important does not work at all."""
    grave = (posts["severity"] >= SEVERE).sum()
    return grave > MOSTLY * len(posts)


def _next_step(says: str, posts: pl.DataFrame, facts: Facts) -> str:
    """Return what a team could do next, from how the threads went and since when it is said."""
    threads = facts.threads.join(posts, on="thread_id", how="semi")
    n, n_solved = len(threads), threads["resolved"].sum()
    n_silent = threads["answered_by"].null_count()
    of_threads = f"of {quantity(n, 'thread')}"
    if says == "praise":
        return "Ask these members what they use it for, and whether they may be quoted."
    if says == "request":
        return "Say where it was asked for whether it is planned, and why."
    if n and n_solved > MOSTLY * n:
        return (
            f"{n_solved:,} {of_threads} ended solved: put the answer where the next one will look, "
            "into the guide or the message itself."
        )
    if n and n_silent > MOSTLY * n:
        return f"{n_silent:,} {of_threads} got no answer: answer the newest, then write it down."
    if says == "question":
        return "Link the best answer from the guide; where there is none, write it."
    return _since_when(posts, facts)


def _since_when(posts: pl.DataFrame, facts: Facts) -> str:
    """Return what to do about a problem, by when members told it."""
    moments = posts["created_at"].drop_nulls().sort().to_list()
    if facts.period.has_two_windows and moments:
        first, last = moments[0], moments[-1]
        if first >= facts.period.previous_start:
            return f"First told on {first:%-d %B %Y}: look for what was changed shortly before."
        if last < facts.period.window_start:
            return (
                f"Last told in {last:%B %Y}: if it was fixed since, say in these threads by which "
                "version."
            )
    return "Ask the members who are quoted for version and steps, and reproduce it."
