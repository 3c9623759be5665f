"""Say in words what a number is, how sure it is and who is behind it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from feedbackminer.digest.answers import Answer
from feedbackminer.digest.kinship import Turn
from feedbackminer.digest.shares import Share
from feedbackminer.digest.views import (
    ClaimRow,
    ClaimView,
    Coverage,
    DecidedView,
    Digest,
    TopicView,
)
from feedbackminer.digest.waves import Wave
from feedbackminer.settings.sections import AlertSettings, SegmentSettings
from feedbackminer.vocabulary.claims import FOUND_OF_MEMBERS, METRICS, SEGMENTS, quantity
from feedbackminer.vocabulary.decisions import (
    BEFORE_DAY,
    CAME_BACK,
    HELPED,
    SHIP,
    STATUS_AFTER,
    WORSE,
)
from feedbackminer.vocabulary.moments import LENGTHS
from feedbackminer.vocabulary.tags import SIDES

ALLOWED = AlertSettings().false_alarms
UNKNOWN = "–"
NOT_TOLD = "not told"  # of a number of people
SMALL = "under 5, or next to such a group"
# What became of a topic, by event and whether it came of it; {}: the other topic.
TURNS = {
    ("birth", True): "Found first",
    ("split", True): "Split off from {}",
    ("split", False): "{} was split off from it",
    ("merge", True): "{} was merged into it",
    ("merge", False): "Merged into {}",
    ("retirement", False): "Not found any more",
    ("rename", True): "Renamed",
    ("pin", True): "Pinned, to be kept where it is not found",
    ("ignore", True): "Left out of digests",
    ("undo", True): "A correction was taken back",
}
WHAT_WE_DID = "You told us, we did: did it help?"
NOTHING_DECIDED = "Nothing was decided on yet; “feedbackminer insight accept CLAIM” begins it."
NO_NEWS = "Nothing new was decided in this time."
NO_PROOF = (
    "Each is held against what was said of other topics in the same weeks. It is no proof: "
    "something else may have changed on that day, and who is silent may be content or gone."
)
NUMBERS = (
    "Nothing to know yet",
    "One thing to know",
    *(f"{number} things to know" for number in ("Two", "Three", "Four", "Five")),
)


class Estimated(Protocol):
    """A value with its interval, where these are known."""

    @property
    def value(self) -> float | None: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...


def number(claim: ClaimRow) -> str:
    """Write a claim's value with its interval: ``41 % (33 to 49 %)``; nothing without a value."""
    return _with_interval(claim, METRICS[claim.metric].is_share)


def sentence(claim: ClaimRow) -> str:
    """Write the number as a phrase: ``41 % (33 to 49 %) of the members who …``."""
    metric = METRICS[claim.metric]
    return metric.unbounded if claim.value is None else f"{number(claim)} {metric.phrase}"


def figure(value: float, metric: str) -> str:
    """Write a number that somebody gave: ``80 %``, ``12``."""
    return f"{100 * value:g} %" if METRICS[metric].is_share else f"{value:,g}"


def segments(digest: Digest) -> dict[str, str]:
    """Write by segment who is in it, on the last day of the export."""
    rules = _rules(digest)
    active = f"the last one in the last {rules.active_days:,} days"
    definitions = (
        f"first post in the last {rules.newcomer_days:,} days",
        f"at least {rules.regular_posts:,} posts, {active}",
        f"at least {rules.veteran_posts:,} posts over at least {rules.veteran_days:,} days, "
        f"{active}",
        f"at least {rules.lapsed_posts:,} posts, the last one more than {rules.active_days:,} days "
        "ago",
        "everybody else",
    )
    return dict(zip(SEGMENTS, definitions, strict=True))


def advocates(digest: Digest) -> str:
    """Write what an advocate has done: ``have helped at least 5 people and were thanked …``."""
    rules = _rules(digest)
    return (
        f"have helped at least {rules.advocate_helped:,} people and were thanked or accepted for "
        f"it at least {rules.advocate_thanks:,} times"
    )


def _rules(digest: Digest) -> SegmentSettings:
    return SegmentSettings(**digest.provenance.settings.get("segments", {}))


def people(n: int | None) -> str:
    """Write how many are in a group, where that is told."""
    return NOT_TOLD if n is None else f"{n:,}"


def share(part: Estimated) -> str:
    """Write a share with its interval: ``38 % (31 to 45 %)``."""
    return _with_interval(part, is_share=True) or UNKNOWN


def per_cent(part: Share) -> str:
    """Write a share without its interval: ``38 %``."""
    return UNKNOWN if part.value is None else _figure(part.value, is_share=True, with_unit=True)


def experience(topic: TopicView) -> str:
    """Write how it goes for the writers: ``badly for about 38 % (31 to 45 %), well for …``.

    Nothing where nobody knows.
    """
    bad, good = (topic.share_of(side) for side in SIDES)
    if bad.value is None or good.value is None:
        return ""
    return f"badly for about {share(bad)}, well for about {share(good)} of these members"


def coverage(problems: Coverage) -> str:
    """Write how much of what members report key points say; nothing where nobody knows."""
    if not problems.n_all:
        return ""
    members = f"about {problems.n_all:,} members with a problem"
    if not problems.n_said:
        return f"No key point was found that says what {members} report."
    return (
        f"Key points say what {problems.n_said:,} of {members} report; for the rest none was found."
    )


def turn(turn: Turn) -> str:
    """Write what became of a topic: ``Found first, 5 July 2026``."""
    other = f"“{turn.other}”" if turn.other else "A topic that is not there any more"
    told = TURNS.get((turn.event, turn.comes_in), turn.event)
    who = " by a person" if turn.by_human else ""
    when = f", {day(turn.at)}" if turn.at else ""
    return f"{told.format(other)}{who}{when}"


def label(name: str) -> str:
    """Write the name of a label."""
    return name.replace("_", " ")


def answer(given: Answer) -> str:
    """Write what tells that an answer helped, and that the team gave it."""
    told = {
        "accepted": "whoever asked accepted it",
        "works": "whoever asked wrote after it that it works",
        "thanked": "whoever asked thanked for it",
        "liked": "others like it",
    }
    return f"{told[given.helped]}{', from the team' if given.is_by_staff else ''}"


def decided(view: DecidedView) -> str:
    """Write what was decided, by whom and when: ``Shipped on 3 May 2026 by anna``."""
    last, owner = view.last, view.insight.owner
    whose = f", owned by {owner}" if owner else ""
    if last is None:
        return f"Open{whose}"
    on = (
        f" {BEFORE_DAY[last.action]} {day(last.on)}"
        if last.on and last.action in BEFORE_DAY
        else ""
    )
    at = "" if on and last.action == SHIP else f", {day(last.at)}"
    return f"{STATUS_AFTER[last.action].capitalize()}{on} by {last.by}{at}{whose}"


def about(view: DecidedView) -> str:
    """Write what an insight is about, or that nothing of today is it."""
    return view.about or "no topic or key point of today: its posts are elsewhere, or were erased"


def became(view: DecidedView) -> str:
    """Write that it changed, or that nobody knows; empty: the outcome's headline says that."""
    if view.insight.shipped_on is None:
        return ""
    if view.outcome is None or view.outcome.verdict is None:
        return "What became of it is not known: no posts are counted for it"
    if view.outcome.verdict in (HELPED, WORSE):
        return f"It {'rose' if (view.outcome.value or 0) > 1 else 'fell'} after you shipped"
    return "It came back" if view.outcome.verdict == CAME_BACK else ""


def ending(claim: ClaimView) -> str:
    """Write how many of those behind a claim told later that it works; empty: nobody did."""
    n = len(claim.went_well)
    return f"{n:,} of them wrote later in the same thread that it works" if n else ""


def trust(claim: ClaimView) -> str:
    """Write who is behind a claim: voices, posts, when they spoke, and what is usual."""
    voices, posts = quantity(claim.n_voices, "voice"), quantity(claim.n_posts, "post")
    if claim.is_fall:
        parts = [f"before: {voices}", posts]
    elif claim.is_estimate:
        parts = [f"most likely said by {voices} in {posts}"]
    elif claim.metric == FOUND_OF_MEMBERS:  # the headline tells how many members
        parts = [f"in {posts}"]
    else:
        parts = [voices, posts]
    if claim.key_point_id and claim.told:
        parts.append(_span(*claim.told))
        parts += _tenure(claim)
    if claim.in_all:
        parts.append(claim.in_all)
    if claim.went_well:
        parts.append(ending(claim))
    parts += [wave(one) for one in claim.waves]
    return " · ".join(parts)


def certainty(claim: ClaimView) -> str:
    """Write the number of a claim with its interval, how evenly it is said, and its q."""
    parts = [sentence(claim)]
    effective = claim.effective_voices
    if effective and claim.n_voices >= 2 * effective:
        parts.append(f"as concentrated as {quantity(round(effective), 'equally loud member')}")
    if claim.q is not None:
        parts.append(f"q {_chance(claim.q)}")
    return " · ".join(parts)


def written(digest: Digest) -> str:
    """Write how many wrote how much in the period: ``9 members wrote 20 posts in 4 threads``."""
    totals = digest.totals
    threads = quantity(totals["threads"], "thread")
    return f"{wrote(totals['members'], totals['written'])} in {threads}"


def wrote(n_members: int, n_posts: int) -> str:
    """Write how many wrote how much: ``9 members wrote 20 posts``."""
    return f"{quantity(n_members, 'member')} wrote {quantity(n_posts, 'post')}"


def left_out(digest: Digest) -> str:
    """Write why more posts were read than are counted; empty: they are the same."""
    totals = digest.totals
    why = {
        "by_others": "of staff and bots",
        "repeats": "that repeat another",
        "by_nobody_known": "of nobody known",
    }
    parts = [f"{totals[name]:,} {words}" for name, words in why.items() if totals[name]]
    return f"{totals['posts']:,} were read: {', '.join(parts)} count for no member" if parts else ""


def things_to_know(n: int) -> str:
    """Write how many there are: ``Four things to know``."""
    return NUMBERS[n]


def to_answer(digest: Digest) -> str:
    """Write what the newest questions without an answer are called."""
    return "Nobody answered these" if digest.standing.is_quiet else "Answer these first"


def asked(thread: Mapping[str, Any], digest: Digest) -> str:
    """Write when a question was asked, and how long it waits: ``9 June 2026, for 26 days``."""
    opened = thread["opened_at"]
    if not opened or not digest.until:
        return "undated"
    return f"{day(opened)}, for {quantity(max((digest.until - opened).days, 0), 'day')}"


def period(digest: Digest) -> str:
    """Write what the digest is of: ``the month from 6 June 2026 to 5 July 2026``."""
    return covered(digest.period.name, digest.since, digest.last_day)


def covered(name: str, since: datetime | None, last_day: datetime | None) -> str:
    """Write which days a period has; its length too, where it is one of ``LENGTHS``."""
    if since is None or last_day is None:
        return "no dates are known"
    days = _days(since, last_day)
    return f"the {name} from {days}" if name in LENGTHS else days


def held_against(digest: Digest) -> str:
    """Write what the period is compared with."""
    word, n = digest.period.word, digest.period.n_before
    before = f"the {word} before" if n == 1 else f"the {n} {word}s before"
    as_long = "" if word == digest.period.name else ", each as long"
    days = _days(digest.since, digest.last_day)
    return f"The {word} from {days} is held against {before}{as_long}."


def _days(first: datetime | None, last: datetime | None) -> str:
    """Write from which day to which a period is."""
    return f"{day(first)} to {day(last)}" if first and last else "an unknown day"


def day(moment: datetime) -> str:
    """Write a day: ``5 July 2026``."""
    return f"{moment:%-d %B %Y}"


def tests(digest: Digest) -> list[str]:
    """Write how often these tests would see a change where there is none, and how small a one."""
    tested = digest.period
    if not tested.n_shuffles or tested.false_alarms is None:
        return ["Too little was written to tell whether anything changed."]
    lines = [
        f"In {100 * tested.false_alarms:.1f} % of {tested.n_shuffles:,} histories like this one, "
        "save that its threads began at random times, a change or an outbreak would be shown."
    ]
    if tested.seen_from:
        sizes = ", ".join(
            f"{usual} to about {least:,}"
            for usual, least in zip(tested.usual, tested.seen_from, strict=True)
        )
        lines.append(
            f"Rises that would have been seen in this {tested.word}, in members that hardly share "
            f"threads: {sizes}."
        )
    return lines


def alarms(levels: Mapping[str, Any] | None, allowed: float) -> list[str]:
    """Write how often an alert is false, and from where a rise raises one.

    Args:
        levels: the row of ``alert_levels``; None: nothing was measured.
        allowed: share of months without any change in which something may be raised.
    """
    if levels is None:
        return ["Too little was written to tell what is usual, so nothing raises an alert."]
    lines = [
        f"In {100 * levels['false_alarms']:.1f} % of {len(levels['largest']):,} months like these, "
        "save that threads began at random times, an alert would be raised; at most "
        f"{100 * allowed:g} % of months are allowed to."
    ]
    if levels["seen_from"]:
        sizes = ", ".join(
            f"{usual} to about {least:,}"
            for usual, least in zip(levels["usual"], levels["seen_from"], strict=True)
        )
        lines.append(
            f"Rises within {quantity(levels['days'], 'day')} that raise one, in members that "
            f"hardly share threads: {sizes}."
        )
    return lines


def alerts_of(digest: Digest) -> list[str]:
    """Write what the alerts of a digest's project promise."""
    allowed = digest.provenance.settings.get("alerts", {}).get("false_alarms", ALLOWED)
    return alarms(digest.alert_levels, allowed)


def brief(claim: ClaimView) -> str:
    """Write what the front page tells beside a headline; empty: the headline tells all."""
    parts = [_span(*claim.told)] if claim.key_point_id and claim.told else []
    if claim.in_all:
        parts = [claim.in_all]
    if claim.key_point_id and 2 * (claim.n_new or 0) > claim.n_voices:
        parts.append("mostly by newcomers")
    if n := len(claim.went_well):
        parts.append(f"{n:,} of the {claim.n_voices:,} wrote later that it works")
    return " · ".join(parts)


def wave(wave: Wave) -> str:
    """Write who posted one text, and when: ``18 new accounts posted one text …``."""
    first, last = wave.since, wave.until
    if first.date() == last.date():
        when = f"on {last:%-d %B %Y}"
    elif (first.year, first.month) == (last.year, last.month):
        when = f"between {first.day} and {last:%-d %B %Y}"
    else:
        when = f"between {first:%-d %B %Y} and {last:%-d %B %Y}"
    accounts = quantity(wave.n_accounts, "new account")
    return f"{accounts} posted one text {when}; they count as one voice"


def _tenure(claim: ClaimView) -> list[str]:
    """Write how many of those who say it were new, and how many had been there for long."""
    told = {
        "in their first month here": claim.n_new,
        "here for a year or more": claim.n_settled,
    }
    return [f"{n:,} {when}" for when, n in told.items() if n]


def _span(first: datetime, last: datetime) -> str:
    """Write from when to when: ``May 2012 to March 2015``."""
    months = list(dict.fromkeys(f"{moment:%B %Y}" for moment in (first, last)))
    return " to ".join(months)


def _with_interval(estimate: Estimated, is_share: bool) -> str:
    """Write a value with its interval; nothing without a value."""
    if estimate.value is None:
        return ""
    value = _figure(estimate.value, is_share, with_unit=True)
    if estimate.low is None or estimate.high is None:
        return value
    low = _figure(estimate.low, is_share, with_unit=False)
    return f"{value} ({low} to {_figure(estimate.high, is_share, with_unit=True)})"


def _figure(value: float, is_share: bool, *, with_unit: bool) -> str:
    if is_share:
        digits = 1 if value < 0.1 else 0
        return f"{100 * value:.{digits}f}{' %' if with_unit else ''}"
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _chance(q: float) -> str:
    return "< 0.001" if q < 0.001 else f"{q:.3f}"
