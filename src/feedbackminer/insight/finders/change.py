"""What changed: against the window before, in one week, and for newcomers."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.claim import Claim, by_topic, people, whole_period
from feedbackminer.insight.facts import Speech, count_voices, has_kind
from feedbackminer.insight.measures import NAN, Estimate
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.vocabulary.tags import PROBLEMS

SURGE_RATIO, CHANGE_RATIO = 2.0, 1.5
MIN_EXPOSURE = 20  # active members in a window below which rates say nothing


def changes(speech: Speech, settings: InsightSettings) -> Iterator[Claim]:
    """What changed: a topic's rate of voices in the latest window against the one before."""
    period = speech.period
    if not comparable(speech):
        return
    now, before = speech.windows
    now_of, before_of = count_voices(now), count_voices(before)
    for topic_id, label, _ in by_topic(speech.said):
        said, was = (f.filter(pl.col("topic_id") == topic_id) for f in (now, before))
        n, n_was = count_voices(said), count_voices(was)
        result = measures.compare_rates(n, now_of, n_was, before_of, confidence=settings.confidence)
        up = result.ratio.value > 1
        yield Claim(
            kind="change",
            key=topic_id,
            metric="ratio_of_voice_rates",
            headline=f"{label}: {'up' if up else 'down'} from {n_was} to {people(n)}",
            posts=said if up else was,
            value=result.ratio,
            topic_id=topic_id,
            since=period.window_start,
            until=period.until,
            baseline=n_was / before_of,
            p=result.p,
            action="Find out what changed in the product or around it at that time.",
            weight=0.9 if up else 0.5,
            excess=_excess(result.ratio.value),
        )


def comparable(speech: Speech) -> bool:
    """Tell whether there are two windows, each with enough active members to compare."""
    if not speech.period.has_two_windows:
        return False
    return all(count_voices(window) >= MIN_EXPOSURE for window in speech.windows)


def surges(speech: Speech, _: InsightSettings) -> Iterator[Claim]:
    """When a topic broke out: its most surprising week, or month where the period is long."""
    period = speech.period
    if period.since is None or period.until is None:
        return
    step = "1w" if (period.until - period.since).days <= 400 else "1mo"
    binned = speech.said.with_columns(bin=pl.col("created_at").dt.truncate(step))
    active = dict(binned.group_by("bin").agg(pl.col("voice").drop_nulls().n_unique()).iter_rows())
    total = sum(active.values())
    for topic_id, label, said in by_topic(binned):
        counts = dict(said.group_by("bin").agg(pl.col("voice").drop_nulls().n_unique()).iter_rows())
        usual = sum(counts.values()) / total if total else 0
        chances = {
            start: measures.surprise(n, active[start], usual)
            for start, n in counts.items()
            if active[start] >= MIN_EXPOSURE / 2
        }
        if not chances:
            continue
        peak = min(chances, key=lambda start: (chances[start], start))
        n, of = counts[peak], active[peak]
        ratio = n / of / usual if usual else NAN
        when = f"the week of {peak:%-d %B %Y}" if step == "1w" else f"{peak:%B %Y}"
        yield Claim(
            kind="surge",
            key=f"{topic_id}:{peak:%Y-%m-%d}",
            metric="ratio_to_usual_share",
            headline=f"{label}: broke out in {when} with {people(n)}, {ratio:.0f} times the usual",
            posts=said.filter(pl.col("bin") == peak),
            value=Estimate(ratio, NAN, NAN),
            topic_id=topic_id,
            since=peak,
            until=pl.select(pl.lit(peak).dt.offset_by(step)).item(),
            baseline=usual,
            p=min(1.0, chances[peak] * len(active)),  # Bonferroni: the peak was picked
            action="Compare the date with releases, prices, outages and posts of that time.",
            weight=0.95,
            excess=_excess(ratio),
            is_large=ratio >= SURGE_RATIO,
        )


def newcomer_hurdles(speech: Speech, settings: InsightSettings) -> Iterator[Claim]:
    """Where newcomers get stuck: topics their first post is about more often than other posts."""
    first = speech.said.filter(pl.col("is_first") & pl.col("voice").is_not_null())
    rest = speech.said.filter(~pl.col("is_first") & pl.col("voice").is_not_null())
    asks = has_kind("question", *PROBLEMS)
    n_first, n_rest = len(first), len(rest)
    for topic_id, label, said in by_topic(first.filter(asks)):
        others = len(rest.filter((pl.col("topic_id") == topic_id) & asks))
        result = measures.compare_rates(
            len(said), n_first, others, n_rest, confidence=settings.confidence
        )
        yield Claim(
            kind="newcomers",
            key=topic_id,
            metric="ratio_first_posts_to_others",
            headline=f"{label}: {people(count_voices(said))} came to ask this in their first post",
            posts=said,
            value=result.ratio,
            topic_id=topic_id,
            editions=("product", "support", "communications"),
            baseline=others / n_rest if n_rest else NAN,
            p=result.p,
            action="Check what the guide says here; write the missing line.",
            excess=_excess(result.ratio.value),
            is_large=result.ratio.value > CHANGE_RATIO,
            **whole_period(speech),
        )


def _excess(ratio: float) -> float:
    """Return which part of what is ``ratio`` times the usual is more, or less, than usual."""
    return 1 - min(ratio, 1 / ratio) if ratio else 1.0
