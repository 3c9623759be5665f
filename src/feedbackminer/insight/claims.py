"""Claims: each function looks for one kind of statement and yields those that hold.

A claim counts people first. ``n_voices`` are distinct members; staff and bots are no voices.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.measures import NAN, Estimate
from feedbackminer.insight.speech import PROBLEM_KINDS, Speech, count_voices, has_kind
from feedbackminer.settings import InsightSettings

ALL = ("product", "support", "marketing", "communications", "leadership")
LOUD_SHARE, LOUD_POSTS = 0.3, 10
SURGE_RATIO, CHANGE_RATIO = 2.0, 1.5
MIN_EXPOSURE = 20  # active members in a window below which rates say nothing


@dataclass(frozen=True)
class Claim:
    """One statement; the ``claims`` table holds its fields."""

    kind: str
    key: str  # what makes it this claim and no other, with its kind
    metric: str
    headline: str
    posts: pl.DataFrame  # what was counted: post_id and voice
    value: Estimate
    topic_id: str | None = None
    editions: tuple[str, ...] = ALL
    since: datetime | None = None
    until: datetime | None = None
    baseline: float = NAN
    p: float = NAN
    action: str = ""
    weight: float = 1.0
    is_large: bool = True  # False: compared like the others, but too small to tell anybody

    @property
    def n_voices(self) -> int:
        """Count the distinct members behind the claim."""
        return count_voices(self.posts)

    @property
    def effective_voices(self) -> float:
        """Return how many equally loud members would be as concentrated."""
        counts = self.posts.drop_nulls("voice").group_by("voice").len()
        return measures.effective_voices(counts["len"].to_list())

    @property
    def rank_score(self) -> float:
        """Return how much it is worth somebody's time: its kind's weight by its breadth."""
        breadth = self.effective_voices
        return self.weight * math.log2(1 + (breadth if breadth == breadth else 0))


def topic_sizes(speech: Speech, settings: InsightSettings) -> Iterator[Claim]:
    """What the community talks about: the share of active members who speak on a topic."""
    for topic_id, label, said in by_topic(speech.said):
        n = count_voices(said)
        yield Claim(
            kind="topic",
            key=topic_id,
            metric="share_of_members",
            headline=f"{label}: {people(n)} in {posts(len(said))}",
            posts=said,
            value=measures.share(n, speech.active, confidence=settings.confidence),
            topic_id=topic_id,
            weight=0.5,
            **_whole(speech),
        )


def problems(speech: Speech, settings: InsightSettings) -> Iterator[Claim]:
    """What is wrong with the product: the share of a topic's voices who report a problem."""
    for topic_id, label, said in by_topic(speech.said):
        wrong = said.filter(has_kind(*PROBLEM_KINDS))
        n, of = count_voices(wrong), count_voices(said)
        main = _main_kind(wrong, PROBLEM_KINDS)
        yield Claim(
            kind="problem",
            key=topic_id,
            metric="share_of_topic_voices",
            headline=f"{label}: {people(n)} report problems, mostly {main}",
            posts=wrong,
            value=measures.share(n, of, confidence=settings.confidence),
            topic_id=topic_id,
            editions=("product", "support", "leadership"),
            action="Reproduce the reports quoted here, then tell their threads what happens next.",
            weight=1.0,
            **_whole(speech),
        )


def loves(speech: Speech, settings: InsightSettings) -> Iterator[Claim]:
    """What people love: the share of a topic's voices who praise it."""
    for topic_id, label, said in by_topic(speech.said):
        praise = said.filter(has_kind("praise") & (pl.col("sentiment") == "positive"))
        n, of = count_voices(praise), count_voices(said)
        yield Claim(
            kind="love",
            key=topic_id,
            metric="share_of_topic_voices",
            headline=f"{label}: {people(n)} praise it",
            posts=praise,
            value=measures.share(n, of, confidence=settings.confidence),
            topic_id=topic_id,
            editions=("product", "marketing", "communications", "leadership"),
            action="Ask these members what they use it for; keep what they name.",
            weight=0.9,
            **_whole(speech),
        )


def requests(speech: Speech, settings: InsightSettings) -> Iterator[Claim]:
    """What people ask for: the share of a topic's voices who want something added."""
    for topic_id, label, said in by_topic(speech.said):
        wishes = said.filter(has_kind("feature_request"))
        n, of = count_voices(wishes), count_voices(said)
        yield Claim(
            kind="request",
            key=topic_id,
            metric="share_of_topic_voices",
            headline=f"{label}: {people(n)} ask for something",
            posts=wishes,
            value=measures.share(n, of, confidence=settings.confidence),
            topic_id=topic_id,
            editions=("product",),
            action="Say which of these wishes are planned, and which never will be.",
            weight=0.7,
            **_whole(speech),
        )


def churn(speech: Speech, settings: InsightSettings) -> Iterator[Claim]:
    """Who talks about leaving, and about what."""
    leaving = speech.said.filter(has_kind("churn"))
    for topic_id, label, said in by_topic(leaving):
        n = count_voices(said)
        yield Claim(
            kind="churn",
            key=topic_id,
            metric="share_of_members",
            headline=f"{label}: {people(n)} talk about leaving",
            posts=said,
            value=measures.share(n, speech.active, confidence=settings.confidence),
            topic_id=topic_id,
            editions=("leadership", "support", "marketing"),
            action="Read what would have kept them; answer while they still read along.",
            weight=1.1,
            **_whole(speech),
        )


def changes(speech: Speech, settings: InsightSettings) -> Iterator[Claim]:
    """What changed: a topic's rate of voices in the latest window against the one before."""
    period = speech.period
    if not period.has_two_windows:
        return
    now = speech.within(period.window_start, period.until)
    before = speech.within(period.previous_start, period.window_start)
    now_of, before_of = count_voices(now), count_voices(before)
    if min(now_of, before_of) < MIN_EXPOSURE:
        return
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
        )


def surges(speech: Speech, _: InsightSettings) -> Iterator[Claim]:
    """When a topic broke out: its most surprising week, or month where the period is long."""
    period = speech.period
    if period.since is None or period.until is None:
        return
    step = "1w" if period.until - period.since <= timedelta(days=400) else "1mo"
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
            until=peak + (timedelta(days=7) if step == "1w" else timedelta(days=31)),
            baseline=usual,
            p=min(1.0, chances[peak] * len(active)),  # Bonferroni: the peak was picked
            action="Compare the date with releases, prices, outages and posts of that time.",
            weight=0.95,
            is_large=ratio >= SURGE_RATIO,
        )


def newcomer_hurdles(speech: Speech, settings: InsightSettings) -> Iterator[Claim]:
    """Where newcomers get stuck: topics their first post is about more often than other posts."""
    first = speech.said.filter(pl.col("is_first") & pl.col("voice").is_not_null())
    rest = speech.said.filter(~pl.col("is_first") & pl.col("voice").is_not_null())
    asks = has_kind("question", *PROBLEM_KINDS)
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
            weight=1.0,
            is_large=result.ratio.value > CHANGE_RATIO,
            **_whole(speech),
        )


def unanswered(speech: Speech, settings: InsightSettings) -> Iterator[Claim]:
    """Which questions nobody answered: the share of a topic's question threads without a reply."""
    if not (speech.threads["n_posts"] > 1).any():
        return  # the export has no threads, so nobody knows
    asked = speech.threads.filter("is_question").select(
        "thread_id", "answered_by", post_id="opener_post_id"
    )
    openers = asked.join(speech.said.drop("thread_id"), on="post_id", how="inner")
    for topic_id, label, said in [("", "All topics", openers), *by_topic(openers)]:
        silent = said.filter(pl.col("answered_by").is_null())
        yield Claim(
            kind="unanswered",
            key=topic_id or "all",
            metric="share_of_question_threads",
            headline=f"{label}: {len(silent)} of {len(said)} questions got no answer",
            posts=silent,
            value=measures.share(len(silent), len(said), confidence=settings.confidence),
            topic_id=topic_id or None,
            editions=("support", "communications", "leadership"),
            action="Answer the newest ones today.",
            weight=0.6,
            **_whole(speech),
        )


def loud_members(speech: Speech, settings: InsightSettings) -> Iterator[Claim]:
    """Where one member is most of a topic: loud, not broad."""
    for topic_id, label, said in by_topic(speech.said):
        voiced = said.drop_nulls("voice")
        if not len(voiced):
            continue
        voice, n = voiced.group_by("voice").len().sort("len", "voice").row(-1)
        if n < LOUD_POSTS or n / len(voiced) < LOUD_SHARE:
            continue
        yield Claim(
            kind="loud",
            key=topic_id,
            metric="share_of_topic_posts",
            headline=f"{label}: one member wrote {n} of {len(voiced)} posts",
            posts=voiced.filter(pl.col("voice") == voice),
            value=measures.share(n, len(voiced), confidence=settings.confidence),
            topic_id=topic_id,
            editions=("product", "communications"),
            action="Answer this member once, well; weigh the topic by its other voices.",
            weight=0.3,
            **_whole(speech),
        )


def by_topic(said: pl.DataFrame) -> Iterator[tuple[str, str, pl.DataFrame]]:
    """Yield (topic_id, label, what was said on it), in order of topic id."""
    sorted_posts = said.drop_nulls("topic_id").sort("topic_id", maintain_order=True)
    for (topic_id,), group in sorted_posts.group_by("topic_id", maintain_order=True):
        yield str(topic_id), str(group["label"][0]), group


def people(n: int) -> str:
    """Write a number of members."""
    return "1 member" if n == 1 else f"{n:,} members"


def posts(n: int) -> str:
    """Write a number of posts."""
    return "1 post" if n == 1 else f"{n:,} posts"


_KIND_NAMES = {
    "bug": "bugs",
    "complaint": "complaints",
    "usability": "usability",
    "performance": "speed",
    "documentation": "documentation",
}


def _main_kind(said: pl.DataFrame, kinds: list[str]) -> str:
    """Name the kind that most of the voices used."""
    voices = {kind: count_voices(said.filter(has_kind(kind))) for kind in kinds}
    return _KIND_NAMES[max(kinds, key=lambda kind: voices[kind])]


def _whole(speech: Speech) -> dict[str, Any]:
    return {"since": speech.period.since, "until": speech.period.until}
