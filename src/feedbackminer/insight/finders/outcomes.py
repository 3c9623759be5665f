"""What became of what was shipped: do fewer say it than before, and than on other topics?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from feedbackminer.insight.claim import Claim
from feedbackminer.insight.facts import Facts, Subject
from feedbackminer.insight.finders.key_points import CLAIM_OF, SEVERE
from feedbackminer.insight.finders.newcomers import stuck_at_first
from feedbackminer.insight.finders.product import trouble_with_parts
from feedbackminer.insight.labels import chance_column
from feedbackminer.insight.measures import NAN, Estimate
from feedbackminer.insight.outcomes import (
    LEAST_MEMBERS,
    LEAST_WEEKS,
    WEEK,
    Change,
    Said,
    Windows,
    compare,
)
from feedbackminer.insight.watched import EVEN
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.vocabulary.claims import OUTCOME, quantity
from feedbackminer.vocabulary.decisions import (
    CAME_BACK,
    HELPED,
    NO_DIFFERENCE,
    TOO_EARLY,
    TOO_FEW,
    WORSE,
    Insight,
    insights_of,
    topics_today,
)
from feedbackminer.vocabulary.given import has_kind, is_given
from feedbackminer.vocabulary.tags import ANY_PROBLEM, PROBLEMS

STEADY = 0.1  # others that changed by less are said to have stayed
COMPONENT, LOVE = "component", "love"
NOT_ALONE = "something else was shipped there in that time"
UNKNOWN = Estimate(NAN, NAN, NAN)


@dataclass(frozen=True)
class Counted:
    """Which posts on a topic say what a kind of claim says, and what their members do."""

    posts: Callable[[Subject], pl.DataFrame]
    does: str


def _likely(label: str) -> Callable[[Subject], pl.DataFrame]:
    is_likely = is_given(label) | (pl.col(chance_column(label)) >= EVEN)
    return lambda subject: subject.posts.filter(is_likely)


# Of other kinds nobody can say which way is right: they are not shipped, only decided on.
COUNTED: Mapping[str, Counted] = {
    "problem": Counted(_likely(ANY_PROBLEM), "report problems"),
    "severe": Counted(
        lambda topic: topic.posts.filter(has_kind(*PROBLEMS) & (pl.col("severity") >= SEVERE)),
        "report that something important does not work at all",
    ),
    "request": Counted(_likely("feature_request"), "ask for something"),
    "question": Counted(_likely("question"), "ask something"),
    "churn": Counted(_likely("churn"), "talk about leaving"),
    LOVE: Counted(_likely("praise"), "voice praise"),
    "newcomers": Counted(stuck_at_first, "came with a question or a problem in their first post"),
}
SHIPPABLE = frozenset({*COUNTED, COMPONENT})
TALK = Counted(lambda topic: topic.posts, "speak of it")


def outcome_claims(
    history: Facts, tables: Mapping[str, pl.DataFrame], settings: InsightSettings
) -> Iterator[Claim]:
    """Tell of each insight that was shipped what is said of it since.

    Args:
        history: all up to the end of the period.
        tables: decisions, topics and lineage.
    """
    shipped = [one for one in insights_of(tables["decisions"]) if one.touched_on]
    since, until = history.period.since, history.period.until
    if not shipped or since is None or until is None:
        return
    look = _Look(history, tables["topics"], tables["lineage"], shipped, settings.confidence)
    for insight in shipped:
        if insight.shipped_on:
            yield from look.outcome(insight, insight.shipped_on, since, until)


def posts_about(
    history: Facts, tables: Mapping[str, pl.DataFrame], insight: Insight
) -> pl.DataFrame:
    """Return the posts that say what an insight says; none where no post is about it today.

    Args:
        tables: topics and lineage.
    """
    look = _Look(history, tables["topics"], tables["lineage"], [insight], 0.95)
    matter = look.matter(insight)
    return matter.rows[matter.target] if matter else history.posts.clear()


@dataclass(frozen=True)
class _Matter:
    """What an insight is about, among others like it: the first row is everybody's posts."""

    label: str
    does: str
    rows: Sequence[pl.DataFrame]
    touched_by: Sequence[frozenset[str]]  # of each row: topics and key points that it is of
    target: int
    topic_id: str | None = None
    point: Subject | None = None


@dataclass(frozen=True)
class _Look:
    history: Facts
    topics: pl.DataFrame
    lineage: pl.DataFrame
    shipped: Sequence[Insight]
    confidence: float

    def outcome(
        self, insight: Insight, day: datetime, since: datetime, until: datetime
    ) -> Iterator[Claim]:
        """Yield what became of an insight; nothing where no post is about it today."""
        matter = self.matter(insight)
        if matter is None:
            return
        windows = Windows.within(day, since, until)
        if windows is None:
            yield _untold(insight, matter, day, since, until)
            return
        matter, said = self._broad_enough(matter, windows)
        claim = self._back(insight, matter, said, (day, since, until))
        if claim is None:
            change = self._compare(said, matter, insight, windows)
            verdict = _verdict(change, wants_more=insight.kind == LOVE)
            claim = _told(insight, matter, said, windows, change, verdict)
        its = matter.touched_by[matter.target]
        others = self._shipped_within(claim.since or since, claim.until or until)
        if any(its & self._touched_by(one) for one in others if one is not insight):
            claim = replace(claim, headline=f"{claim.headline}; {NOT_ALONE}")
        yield claim

    def _back(
        self,
        insight: Insight,
        matter: _Matter,
        said: Said,
        times: tuple[datetime, datetime, datetime],
    ) -> Claim | None:
        """Tell what fell in the first half of the time since, and is back in the other; or None."""
        day, since, until = times
        early = Windows.within(day, since, day + (until - day) // (2 * WEEK) * WEEK)
        if early is None:
            return None
        first = self._compare(said, matter, insight, early)
        if first is None or _verdict(first, wants_more=insight.kind == LOVE) != HELPED:
            return None
        latest = Windows(early.before, (until - early.weeks * WEEK, until))
        since_then = Windows((early.after,), latest.after)
        again = self._compare(said, matter, insight, latest)
        rebound = self._compare(said, matter, insight, since_then)
        if again is None or not _is_back(insight, again, rebound):
            return None
        return _back(insight, matter, said, latest, (first, again))

    def _broad_enough(self, matter: _Matter, windows: Windows) -> tuple[_Matter, Said]:
        """Return what is judged: of a key point that few say, its kind on its topic."""
        said, point = Said.of(matter.rows), matter.point
        n_before = said.count(windows).mean_before[matter.target]
        if point is None or point.topic_id is None or n_before >= LEAST_MEMBERS:
            return matter, said
        broad = self._of_topics(CLAIM_OF[point.says], [point.topic_id])
        if broad is None:
            return matter, said
        label = f"{point.label}, which too few say alone, and its topic, {broad.label}"
        return replace(broad, label=label, point=point), Said.of(broad.rows)

    def _compare(
        self, said: Said, matter: _Matter, insight: Insight, windows: Windows
    ) -> Change | None:
        """Hold it against all others on which nothing was shipped in that time."""
        touched = {
            name
            for other in [insight, *self._shipped_within(windows.since, windows.until)]
            for name in self._touched_by(other)
        }
        controls = [n for n, of in enumerate(matter.touched_by) if n and not of & touched]
        return compare(said, matter.target, controls, windows, confidence=self.confidence)

    def _shipped_within(self, since: datetime, until: datetime) -> list[Insight]:
        return [one for one in self.shipped if any(since <= day < until for day in one.touched_on)]

    def _touched_by(self, insight: Insight) -> set[str]:
        names = set(self._topics_of(insight)) | {insight.key_point_id or ""}
        points = (p for p in self.history.points if p.key == insight.key_point_id)
        names |= {point.topic_id for point in points if point.topic_id}
        names |= {insight.topic_id or ""}  # of a key point that nobody says any more
        return (names | {insight.subject}) - {""}

    def _topics_of(self, insight: Insight) -> list[str]:
        if not insight.topic_id or insight.key_point_id:
            return []
        return topics_today(insight.topic_id, self.topics, self.lineage)

    def matter(self, insight: Insight) -> _Matter | None:
        if insight.key_point_id:
            return self._of_point(insight.key_point_id)
        if insight.topic_id:
            return self._of_topics(insight.kind, self._topics_of(insight))
        return self._of_part(insight.subject) if insight.kind == COMPONENT else None

    def _of_point(self, key: str) -> _Matter | None:
        point = next((p for p in self.history.points if p.key == key), None)
        if point is None:
            return None
        alike = [p for p in self.history.points if p.says == point.says]
        return _Matter(
            label=point.label,
            does="say it",
            rows=[self.history.posts, *(p.posts for p in alike)],
            touched_by=[frozenset(), *(frozenset({p.key, p.topic_id or p.key}) for p in alike)],
            target=1 + alike.index(point),
            topic_id=point.topic_id,
            point=point,
        )

    def _of_topics(self, kind: str, ids: Sequence[str]) -> _Matter | None:
        its = [topic for topic in self.history.topics if topic.key in ids]
        if not its:
            return None
        counted = COUNTED.get(kind, TALK)
        others = [topic for topic in self.history.topics if topic.key not in ids]
        return _Matter(
            label=" and ".join(topic.label for topic in its),
            does=counted.does,
            rows=[
                self.history.posts,
                pl.concat(counted.posts(topic) for topic in its),
                *(counted.posts(topic) for topic in others),
            ],
            touched_by=[frozenset(), frozenset(ids), *(frozenset({t.key}) for t in others)],
            target=1,
            topic_id=its[0].key,
        )

    def _of_part(self, part: str) -> _Matter | None:
        trouble = trouble_with_parts(self.history).partition_by("aspect", as_dict=True)
        by_part = {str(name): posts for (name,), posts in sorted(trouble.items())}
        if part not in by_part:
            return None
        return _Matter(
            label=part,
            does="tell of a problem with it",
            rows=[self.history.posts, *by_part.values()],
            touched_by=[frozenset(), *(frozenset({name}) for name in by_part)],
            target=1 + list(by_part).index(part),
        )


def _verdict(change: Change | None, *, wants_more: bool) -> str:
    if change is None or change.n_before < LEAST_MEMBERS:
        return TOO_FEW
    if change.is_fall:
        return WORSE if wants_more else HELPED
    if change.is_rise:
        return HELPED if wants_more else WORSE
    return NO_DIFFERENCE if change.sees_half else TOO_FEW


def _is_back(insight: Insight, again: Change, rebound: Change | None) -> bool:
    """Tell whether what went away is at its level of before, by more than chance makes."""
    if rebound is None:
        return False
    if insight.kind == LOVE:
        return again.ratio.value <= 1 and rebound.is_fall
    return again.ratio.value >= 1 and rebound.is_rise


def _claim(
    insight: Insight,
    matter: _Matter,
    span: tuple[datetime, datetime],
    verdict: str,
    headline: str,
    change: Change | None = None,
) -> Claim:
    is_known = change is not None and change.n_before >= LEAST_MEMBERS
    target = matter.rows[matter.target]
    posts = target.filter(pl.col("created_at").is_between(*span, "left"))
    return Claim(
        kind=OUTCOME,
        key=insight.insight_id,
        metric="ratio_of_changes",
        headline=f"{matter.label}: {headline}",
        posts=posts.select("post_id", "voice").unique("post_id", maintain_order=True),
        value=change.ratio if change and is_known else UNKNOWN,
        topic_id=matter.topic_id,
        key_point_id=matter.point.key_point_id if matter.point else None,
        quoted=matter.point.quoted if matter.point else "",
        quoted_from=matter.point.quoted_from if matter.point else None,
        subject=insight.insight_id,
        since=span[0],
        until=span[1],
        baseline=change.expected if change and is_known else NAN,
        verdict=verdict,
        action=_next_step(insight, verdict),
    )


def _untold(
    insight: Insight, matter: _Matter, day: datetime, since: datetime, until: datetime
) -> Claim:
    """Say why nothing can be said: too little is known of the time after, or before."""
    # The day may be any, before the first post or after the last.
    span = (min(max(day, since), until) - LEAST_WEEKS * WEEK, until)
    look = day + LEAST_WEEKS * WEEK
    if look > until:
        why = f"too early to say; from {look:%-d %B %Y} on {LEAST_WEEKS} weeks after it are known"
        return _claim(insight, matter, span, TOO_EARLY, why)
    why = f"too few to say, since less than {LEAST_WEEKS} weeks before {day:%-d %B %Y} are known"
    return _claim(insight, matter, span, TOO_FEW, why)


def _told(
    insight: Insight,
    matter: _Matter,
    said: Said,
    windows: Windows,
    change: Change | None,
    verdict: str,
) -> Claim:
    numbers, ending = _numbers(matter, said, windows, change), _ending(change, verdict)
    is_change = verdict in (HELPED, WORSE)
    headline = (
        f"{numbers}: {ending}" if is_change else f"{numbers}. {ending[0].upper()}{ending[1:]}"
    )
    span = (windows.since, windows.until)
    return _claim(insight, matter, span, verdict, headline, change)


def _back(
    insight: Insight,
    matter: _Matter,
    said: Said,
    latest: Windows,
    changes: tuple[Change, Change],
) -> Claim:
    first, again = changes
    headline = (
        f"{_numbers(matter, said, latest, again, after='in the latest')}: it {_by(first)} after "
        "you shipped, and came back"
    )
    return _claim(insight, matter, (latest.since, latest.until), CAME_BACK, headline, again)


def _numbers(
    matter: _Matter, said: Said, windows: Windows, change: Change | None, *, after: str = "in the"
) -> str:
    """Write how many of how many say it after and before, and what others did meanwhile."""
    counts = said.count(windows)
    active_before, before = (float(counts.mean_before[row]) for row in (0, matter.target))
    active, now = (int(counts.after[row]) for row in (0, matter.target))
    when = "" if after != "in the" else " after you shipped"
    told = (
        f"{now:,} of {quantity(active, 'member')} {matter.does} {after} {windows.weeks} weeks"
        f"{when}, {before:,.0f} of {active_before:,.0f} in as long before"
    )
    if not change or not active:
        return told
    return f"{told}; {_others(change.others * active_before / active)}"


def _others(ratio: float) -> str:
    """Write what others did meanwhile, as a part of those who wrote."""
    if abs(ratio - 1) < STEADY:
        return "a typical other topic stayed as it was"
    by = f"{100 * abs(ratio - 1):.0f} %"
    return f"a typical other topic {'fell' if ratio < 1 else 'rose'} by {by}"


def _by(change: Change) -> str:
    """Write how far it fell, or rose, beside the others: ``fell by 68 % (41 to 83 %)``."""
    is_less = change.ratio.value < 1
    ratio = change.ratio
    limits = (ratio.high, ratio.low) if is_less else (ratio.low, ratio.high)
    low, high = (100 * (1 - x if is_less else x - 1) for x in limits)
    by = f"{100 * abs(1 - ratio.value):.0f} % ({low:.0f} to {high:.0f} %)"
    return f"{'fell' if is_less else 'rose'} by {by} beside it"


def _between(change: Change) -> str:
    """Write what it may be: ``between a fall by 43 % and a rise by 66 %``."""
    ends = (
        f"{'fall' if x < 1 else 'rise'} by {100 * abs(1 - x):.0f} %"
        for x in (change.ratio.low, change.ratio.high)
    )
    return "between a {} and a {}".format(*ends)


def _ending(change: Change | None, verdict: str) -> str:
    if change is None:
        return "too few to say, since you left too few other topics alone to hold it against"
    if change.n_before < LEAST_MEMBERS:
        return f"too few to say, since fewer than {LEAST_MEMBERS} said it before"
    if verdict in (HELPED, WORSE):
        return _by(change)
    if verdict == NO_DIFFERENCE:
        fall = f"by {100 * (1 - (change.seen or 0)):.0f} %"
        return f"no difference shown, where a fall {fall} would have been ({_between(change)})"
    halving = (
        f"a halving would be seen from about {change.enough:,} members before"
        if change.enough
        else "topics here change so much by themselves that no halving would be seen"
    )
    return f"too few to say: {_between(change)}; {halving}"


def _next_step(insight: Insight, verdict: str) -> str:
    if verdict == CAME_BACK:
        return "It is open again: read what was said lately, and decide anew."
    if verdict == WORSE:
        return "Read what they say since."
    if verdict in (TOO_EARLY, TOO_FEW):
        return ""
    return f"Tell those who said it: feedbackminer insight tell {insight.insight_id}"
