"""What changed: against the window before, in one week, and for newcomers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.claim import Claim
from feedbackminer.insight.examples import example_of
from feedbackminer.insight.facts import Facts, Subject, count_voices
from feedbackminer.insight.measures import NAN, Estimate
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.vocabulary.claims import quantity
from feedbackminer.vocabulary.given import has_kind
from feedbackminer.vocabulary.tags import PROBLEMS

SURGE_RATIO, CHANGE_RATIO = 2.0, 1.5
MIN_EXPOSURE = 20  # active members in a window below which rates say nothing
DOWN_WEIGHT = 0.5  # of what is spoken of less than before
STUCK = ("problem", "question")  # what newcomers say who get stuck


@dataclass(frozen=True)
class Peak:
    """The most surprising week or month of a topic or key point."""

    start: datetime
    n_voices: int
    ratio: float  # of its share of active members to the usual share
    p: float


def change_claims(facts: Facts, settings: InsightSettings) -> Iterator[Claim]:
    """What changed: a rate of voices in the latest window against the one before."""
    if not is_comparable(facts):
        return
    now, before = facts.windows
    n_active_now, n_active_before = count_voices(now), count_voices(before)
    for subject in facts.subjects:
        posts_now, posts_before = facts.in_windows(subject.posts)
        n_now, n_before = count_voices(posts_now), count_voices(posts_before)
        result = measures.compare_rates(
            n_now, n_active_now, n_before, n_active_before, confidence=settings.confidence
        )
        is_up = result.ratio.value > 1
        direction = "up" if is_up else "down"
        yield Claim(
            kind="change",
            key=subject.key,
            key_point_id=subject.key_point_id,
            quoted=subject.quoted,
            quoted_from=subject.quoted_from,
            metric="ratio_of_voice_rates",
            headline=f"{subject.label}: {direction} from {n_before} to {quantity(n_now, 'member')}",
            posts=posts_now if is_up else posts_before,
            value=result.ratio,
            topic_id=subject.topic_id,
            since=facts.period.window_start,
            until=facts.period.until,
            baseline=n_before / n_active_before,
            p=result.p,
            weight=None if is_up else DOWN_WEIGHT,
            excess=_excess(result.ratio.value),
        )


def is_comparable(facts: Facts) -> bool:
    """Tell whether there are two windows, each with enough active members to compare."""
    if not facts.period.has_two_windows:
        return False
    return all(count_voices(window) >= MIN_EXPOSURE for window in facts.windows)


def surge_claims(facts: Facts, _: InsightSettings) -> Iterator[Claim]:
    """When something broke out: its most surprising week, or month where the period is long."""
    period = facts.period
    if period.since is None or period.until is None:
        return
    step = "1w" if (period.until - period.since).days <= 400 else "1mo"
    bin_of = pl.col("created_at").dt.truncate(step)
    n_active = _voices_per_bin(facts.posts.with_columns(bin=bin_of))
    total = sum(n_active.values())

    for subject in facts.subjects:
        posts = subject.posts.with_columns(bin=bin_of)
        n_voices = _voices_per_bin(posts)
        usual = sum(n_voices.values()) / total if total else 0
        peak = _peak(n_voices, n_active, usual)
        if peak is None:
            continue
        when = f"the week of {peak.start:%-d %B %Y}" if step == "1w" else f"{peak.start:%B %Y}"
        members = quantity(peak.n_voices, "member")
        yield Claim(
            kind="surge",
            key=f"{subject.key}:{peak.start:%Y-%m-%d}",
            key_point_id=subject.key_point_id,
            quoted=subject.quoted,
            quoted_from=subject.quoted_from,
            metric="ratio_to_usual_share",
            headline=(
                f"{subject.label}: broke out in {when} with {members}, {peak.ratio:.0f} times the "
                "usual"
            ),
            posts=posts.filter(pl.col("bin") == peak.start),
            value=Estimate(peak.ratio, NAN, NAN),
            topic_id=subject.topic_id,
            since=peak.start,
            until=pl.select(pl.lit(peak.start).dt.offset_by(step)).item(),
            baseline=usual,
            p=peak.p,
            excess=_excess(peak.ratio),
            is_large=peak.ratio >= SURGE_RATIO,
        )


def newcomer_claims(facts: Facts, settings: InsightSettings) -> Iterator[Claim]:
    """Where newcomers get stuck: what their first post says more often than other posts."""
    voiced = facts.posts.filter(pl.col("voice").is_not_null())
    first, rest = voiced.filter("is_first"), voiced.filter(~pl.col("is_first"))
    n_first, n_rest = len(first), len(rest)
    for subject in facts.subjects:
        stuck = _who_are_stuck(subject)
        posts = stuck.filter("is_first")
        if not len(posts):
            continue
        n_others = len(stuck) - len(posts)
        result = measures.compare_rates(
            len(posts), n_first, n_others, n_rest, confidence=settings.confidence
        )
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
            value=result.ratio,
            topic_id=subject.topic_id,
            since=facts.period.since,
            until=facts.period.until,
            baseline=n_others / n_rest if n_rest else NAN,
            p=result.p,
            excess=_excess(result.ratio.value),
            is_large=result.ratio.value > CHANGE_RATIO,
        )


def _who_are_stuck(subject: Subject) -> pl.DataFrame:
    """Return the posts of members that ask, or report a problem."""
    posts = subject.posts.filter(pl.col("voice").is_not_null())
    if subject.says:
        return posts if subject.says in STUCK else posts.clear()
    return posts.filter(has_kind("question", *PROBLEMS))


def _voices_per_bin(binned: pl.DataFrame) -> dict[datetime, int]:
    counts = binned.group_by("bin").agg(pl.col("voice").drop_nulls().n_unique())
    return dict(counts.iter_rows())


def _peak(
    n_voices: dict[datetime, int], n_active: dict[datetime, int], usual: float
) -> Peak | None:
    """Return the least likely bin of a subject, its p for having been picked (Bonferroni)."""
    chances = {
        start: measures.surprise(n, n_active[start], usual)
        for start, n in n_voices.items()
        if n_active[start] >= MIN_EXPOSURE / 2
    }
    if not chances:
        return None
    start = min(chances, key=lambda start: (chances[start], start))
    ratio = n_voices[start] / n_active[start] / usual if usual else NAN
    return Peak(start, n_voices[start], ratio, min(1.0, chances[start] * len(n_active)))


def _excess(ratio: float) -> float:
    """Return which part of what is ``ratio`` times the usual is more, or less, than usual."""
    return 1 - min(ratio, 1 / ratio) if ratio else 1.0
