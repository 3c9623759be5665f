"""Claims: each function looks for one kind of statement and yields those that hold.

A claim counts people first. ``n_voices`` are distinct members; staff and bots are no voices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from feedbackminer.insight import measures
from feedbackminer.insight.measures import NAN, Estimate
from feedbackminer.insight.speech import PROBLEM_KINDS, Speech, count_voices, has_kind
from feedbackminer.settings import InsightSettings

ALL = ("product", "support", "marketing", "communications", "leadership")
LOUD_SHARE, LOUD_POSTS = 0.3, 10
SURGE_RATIO, CHANGE_RATIO = 2.0, 1.5
SEVERE = 3  # an important function does not work, or worse
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
    excess: float = 1.0  # the part of its voices that is not as usual, 0 to 1
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
        voices = self.effective_voices * self.excess
        return self.weight * math.log2(1 + voices) if math.isfinite(voices) else 0.0


@dataclass(frozen=True)
class Saying:
    """A sort of thing that members say on a topic, counted as a share of those who could."""

    kind: str
    says: Callable[[pl.DataFrame], str]  # the headline, after the topic's label
    counted: pl.Expr  # which posts say it
    of_topic: bool = True  # the share is of the topic's voices; else of all active members
    editions: tuple[str, ...] = ALL
    action: str = ""
    weight: float = 1.0


SAYINGS = (
    Saying(
        "topic",
        lambda said: f"{people(count_voices(said))} in {posts(len(said))}",
        pl.lit(value=True),
        of_topic=False,
        weight=0.3,
    ),
    Saying(
        "problem",
        lambda said: f"{people(count_voices(said))} report problems, mostly {_main_problem(said)}",
        has_kind(*PROBLEM_KINDS),
        editions=("product", "support", "leadership"),
        action="Reproduce the reports quoted here, then tell their threads what happens next.",
        weight=1.2,
    ),
    Saying(
        "severe",
        lambda said: (
            f"{people(count_voices(said))} report that something important does not work at all"
        ),
        has_kind(*PROBLEM_KINDS) & (pl.col("severity") >= SEVERE),
        editions=("support", "product", "leadership"),
        action="Find the workaround for these first, and say in their threads when it is mended.",
        weight=1.1,
    ),
    Saying(
        "love",
        lambda said: f"{people(count_voices(said))} voice praise",
        has_kind("praise") & (pl.col("sentiment") != "negative"),
        editions=("product", "marketing", "communications", "leadership"),
        action="Ask these members what they use it for; keep what they name.",
        weight=0.9,
    ),
    Saying(
        "request",
        lambda said: f"{people(count_voices(said))} ask for something",
        has_kind("feature_request"),
        editions=("product",),
        action="Say which of these wishes are planned, and which never will be.",
        weight=0.7,
    ),
    Saying(
        "churn",
        lambda said: f"{people(count_voices(said))} talk about leaving",
        has_kind("churn"),
        of_topic=False,
        editions=("leadership", "support", "marketing"),
        action="Read what would have kept them; answer while they still read along.",
        weight=1.4,
    ),
)


def sayings(speech: Speech, settings: InsightSettings) -> Iterator[Claim]:
    """What members talk about, report, praise, wish and leave over: who says it, topic by topic."""
    for topic_id, label, said in by_topic(speech.said):
        n_topic = count_voices(said)
        for saying in SAYINGS:
            counted = said.filter(saying.counted)
            whole = n_topic if saying.of_topic else speech.active
            yield Claim(
                kind=saying.kind,
                key=topic_id,
                metric="share_of_topic_voices" if saying.of_topic else "share_of_members",
                headline=f"{label}: {saying.says(counted)}",
                posts=counted,
                value=measures.share(count_voices(counted), whole, confidence=settings.confidence),
                topic_id=topic_id,
                editions=saying.editions,
                action=saying.action,
                weight=saying.weight,
                **_whole(speech),
            )


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
            excess=_excess(result.ratio.value),
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
            headline=f"{label}: {len(silent):,} of {len(said):,} questions got no answer",
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
            headline=f"{label}: one member wrote {n:,} of {len(voiced):,} posts",
            posts=voiced.filter(pl.col("voice") == voice),
            value=measures.share(n, len(voiced), confidence=settings.confidence),
            topic_id=topic_id,
            editions=("product", "communications"),
            action="Answer this member once, well; weigh the topic by its other voices.",
            weight=0.3,
            **_whole(speech),
        )


def components(speech: Speech, settings: InsightSettings) -> Iterator[Claim]:
    """Which parts of the product are spoken of badly: the share of their voices that do so."""
    for (aspect,), judged in speech.aspects.sort("aspect").group_by("aspect", maintain_order=True):
        ill, well = (_once(judged.filter(sentiment=s)) for s in ("negative", "positive"))
        n_ill, n_well, n = map(count_voices, (ill, well, judged))
        yield Claim(
            kind="component",
            key=str(aspect),
            metric="share_of_component_voices",
            headline=f"{aspect}: {people(n_ill)} speak badly of it, {n_well:,} well",
            posts=ill,
            value=measures.share(n_ill, n, confidence=settings.confidence),
            editions=("product", "support"),
            action="Read what is said against it; it may be one cause.",
            weight=0.5,
            **_whole(speech),
        )


def wants(speech: Speech, settings: InsightSettings) -> Iterator[Claim]:
    """What members came to do, in the words of one of them."""
    for (label, group), told in speech.needs.sort("group").group_by(
        "label", "group", maintain_order=True
    ):
        n = count_voices(told)
        own = told["text"].to_list()  # the label may be a post's that does not count here
        label = label if label in own else own[0]
        yield Claim(
            kind="need",
            key=f"{group}:{label}",
            metric="share_of_members",
            headline=f"{people(n)} want to do the same, as one of them says: “{label}”",
            posts=_once(told),
            value=measures.share(n, speech.active, confidence=settings.confidence),
            editions=("product", "marketing"),
            action="Check how far the product takes somebody who comes for this.",
            weight=0.4,
            **_whole(speech),
        )


def _once(said: pl.DataFrame) -> pl.DataFrame:
    """Return each post once."""
    return said.select("post_id", "voice").unique(maintain_order=True)


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


_PROBLEM_NAMES = {
    "bug": "bugs",
    "complaint": "complaints",
    "usability": "usability",
    "performance": "speed",
    "documentation": "documentation",
}


def _main_problem(said: pl.DataFrame) -> str:
    """Name the kind of problem that most of the voices report."""
    voices = {kind: count_voices(said.filter(has_kind(kind))) for kind in PROBLEM_KINDS}
    return _PROBLEM_NAMES[max(PROBLEM_KINDS, key=lambda kind: voices[kind])]


def _excess(ratio: float) -> float:
    """Return which part of what is ``ratio`` times the usual is more, or less, than usual."""
    return 1 - min(ratio, 1 / ratio) if ratio else 1.0


def _whole(speech: Speech) -> dict[str, Any]:
    return {"since": speech.period.since, "until": speech.period.until}
