"""Who stays: whether the busiest still write, and whether newcomers come back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.claim import Claim
from feedbackminer.insight.community import CommunityMeasure
from feedbackminer.insight.facts import Facts
from feedbackminer.insight.finders.community import WELCOME
from feedbackminer.insight.measures import Estimate
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.vocabulary.claims import quantity

SILENT = timedelta(weeks=4)
BEFORE = timedelta(weeks=12)  # in which the busiest quarter wrote
LEAST_WEEKS = 6  # of these in which they did: a thread of one's own is soon over
RETURN = timedelta(days=60)
LAPSING, RETURNING = 0.6, 0.1  # weights: of what few can still be asked, and of what is to know
ASK = "Ask one or two of them, in person, what would bring them back."
LEAST_NEWCOMERS = 10  # who were answered, and who were not: fewer cannot be compared


def staying_claims(history: Facts, settings: InsightSettings) -> Iterator[Claim]:
    """Yield who of the busiest fell silent, and whether newcomers who are answered come back.

    Args:
        history: all facts up to the end of the period, which is where weeks and days count from.
    """
    period = history.period
    if period.since is None or period.until is None:
        return  # nobody knows when anything was written
    since = period.until - SILENT - BEFORE
    if since >= period.since:
        for measure in _lapsing(history.posts.drop_nulls("voice"), period.until, settings):
            yield measure.as_claim(since, period.until)
    for measure in _return(history, period.until, settings):
        yield measure.as_claim(period.since, period.until)


def _lapsing(
    written: pl.DataFrame, until: datetime, settings: InsightSettings
) -> Iterator[CommunityMeasure]:
    wrote = pl.col("created_at")
    before = written.filter(wrote.is_between(until - SILENT - BEFORE, until - SILENT, "left"))
    week = (until - wrote).dt.total_days() // 7
    counts = before.group_by("voice").agg(pl.len(), weeks=week.n_unique())
    busy = counts.filter(
        pl.col("weeks") >= LEAST_WEEKS, pl.col("len") >= pl.col("len").quantile(0.75, "higher")
    )
    if len(busy) < settings.min_voices:
        return
    silent = busy.join(written.filter(wrote >= until - SILENT), on="voice", how="anti")
    yield CommunityMeasure(
        key="lapsing",
        metric="share_of_busiest",
        headline=(
            f"{_count(len(silent))} of the {quantity(len(busy), 'member')} who wrote most, week by "
            f"week, {'has' if len(silent) < 2 else 'have'} been silent for four weeks"
        ),
        posts=before.join(busy, on="voice", how="semi"),
        value=measures.share(len(silent), len(busy), confidence=settings.confidence),
        action=ASK if len(silent) else "",
        weight=LAPSING if len(silent) else None,
    )


def _count(n: int) -> str:
    return f"{n:,}" if n else "None"


def _return(
    history: Facts, until: datetime, settings: InsightSettings
) -> Iterator[CommunityMeasure]:
    """Yield how many more newcomers came back of those who had a reply within a day.

    Who is answered may differ otherwise, too: this is no proof that answers bring people back.
    """
    opened = history.threads.filter(pl.col("opened_at") < until - RETURN)
    newcomers = history.posts.filter("is_first").join(
        opened.select("first_reply_hours", post_id="opener_post_id"), on="post_id"
    )
    came_back = _came_back(newcomers, history.posts)
    in_time = pl.col("first_reply_hours") <= WELCOME.total_seconds() / 3600
    is_answered = newcomers.select(in_time.fill_null(value=False)).to_series()
    answered, others = newcomers.filter(is_answered), newcomers.filter(~is_answered)
    if min(len(answered), len(others)) < LEAST_NEWCOMERS:
        return
    n_answered, n_others = (
        len(group.join(came_back, on="voice", how="semi")) for group in (answered, others)
    )
    points = measures.difference(
        n_answered, len(answered), n_others, len(others), confidence=settings.confidence
    )
    is_sure = points.low > 0 or points.high < 0
    yield CommunityMeasure(
        key="return",
        metric="points_of_return",
        headline=(
            f"{n_answered:,} of {quantity(len(answered), 'newcomer')} who had a reply within a day "
            f"wrote in another thread within 60 days, and {n_others:,} of {len(others):,} who had "
            f"none{'' if is_sure else ', which chance may make as well'}"
        ),
        posts=newcomers,
        value=Estimate(100 * points.value, 100 * points.low, 100 * points.high),
        weight=RETURNING,
    )


def _came_back(newcomers: pl.DataFrame, posts: pl.DataFrame) -> pl.DataFrame:
    """Return the voices who wrote in another thread within ``RETURN`` of their first post."""
    first = newcomers.select("voice", first_thread="thread_id", first_at="created_at")
    later = posts.join(first, on="voice").filter(
        pl.col("thread_id") != pl.col("first_thread"),
        pl.col("created_at") <= pl.col("first_at") + RETURN,
    )
    return later.select("voice").unique()
