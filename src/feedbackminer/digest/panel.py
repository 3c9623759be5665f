"""The panel sheet: what a focus group's says, of a community in a period."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from feedbackminer.accounts import LOSSY
from feedbackminer.digest import wording
from feedbackminer.digest.room import Room
from feedbackminer.digest.views import ClaimView, Digest, TopicView
from feedbackminer.vocabulary.claims import CHANGES, CLAIM_KINDS, FOUND_OF_MEMBERS, quantity
from feedbackminer.vocabulary.goals import MEASURES, Measure
from feedbackminer.vocabulary.tags import PERIOD, SIDES

MOST = 2  # lines under a heading
LEAST_SIDE = 0.1  # of a topic's members, by the lower limit, for whom it goes well, or badly


@dataclass(frozen=True)
class Line:
    """Something to read, and the page that tells more; empty: none."""

    text: str
    page: str = ""


def panel(digest: Digest) -> list[tuple[str, list[Line]]]:
    """Return the headings of a panel sheet with their lines."""
    said = [v for v in digest.claims if v.scope == PERIOD and not v.near]
    points = [view for view in said if view.metric == FOUND_OF_MEMBERS]
    agreed = sorted(points, key=lambda view: -view.n_voices)[:MOST]
    changed = [v for v in said if v.metric in CHANGES and CLAIM_KINDS[v.kind].makes_front][:MOST]
    split = sorted(filter(_is_split, digest.topics), key=lambda topic: -topic.n_voices)[:MOST]
    goals = [_goal(digest, MEASURES[name], target) for name, target in digest.goals.items()]
    return [
        *([("What we want to reach", goals)] if goals else []),
        ("Who is in the room", list(_room(digest))),
        (
            "What several say alike",
            _lines(agreed) or [Line("No two of them were found to say the same.")],
        ),
        (
            "Where they part",
            [Line(f"{t.label}: {wording.experience(t)}", t.page) for t in split]
            or [Line("On no topic is it sure that it goes well for some and badly for others.")],
        ),
        ("What surprised", _lines(changed) or [Line(_unsurprising(digest))]),
        ("What they cannot tell us", [Line(text) for text in _unknown(digest)]),
    ]


def _lines(claims: Sequence[ClaimView]) -> list[Line]:
    return [Line(claim.headline, claim.page) for claim in claims]


def _goal(digest: Digest, measure: Measure, target: float) -> Line:
    """Say how far a goal is reached, and where chance may have done it."""
    way = "at least" if measure.more_is_better else "at most"
    goal = f"goal: {way} {wording.figure(target, measure.metric)}{measure.unit}"
    claim = next((claim for claim in digest.claims if _tells(claim, measure)), None)
    if claim is None and measure.name == "unanswered" and digest.totals["questions"]:
        return Line(f"Every question got a reply; {goal}: reached")  # no claim is made of nobody
    if claim is None or claim.value is None:
        return Line(f"{measure.title}: not known of this time; {goal}")
    is_reached = claim.value >= target if measure.more_is_better else claim.value <= target
    told = "reached" if is_reached else "missed"
    low, high = claim.low, claim.high
    if measure.has_interval and low is not None and high is not None and low <= target <= high:
        told += ", but so near that chance may have done it"
    return Line(f"{claim.headline}; {goal}: {told}", claim.page)


def _tells(claim: ClaimView, measure: Measure) -> bool:
    return claim.metric == measure.metric and claim.scope == PERIOD and claim.topic_id is None


def _room(digest: Digest) -> Iterator[Line]:
    room = digest.room
    seats = _counted({seat.name: seat.n for seat in room.seats}) or "since when is not known"
    yield Line(f"{quantity(room.n, 'member')}: {seats}{_advocates(room)}.", "people.html")
    if len(room.sources) > 1:
        yield Line(f"They wrote in {_counted(dict(room.sources))}.")
    if room.unlike is not None:
        before = _counted({seat.name: seat.n_before for seat in room.seats})
        yield Line(
            f"As long before: {quantity(room.n_before, 'member')}: {before}. Of 100 now, "
            f"{100 * room.unlike:.0f} would have to be of another sort for the room to be as then."
        )


def _advocates(room: Room) -> str:
    if room.n_advocates is None:
        return f"; advocates: {wording.NOT_TOLD}"
    return f"; {quantity(room.n_advocates, 'advocate')}" if room.n_advocates else ""


def _counted(parts: Mapping[str, int | None]) -> str:
    """Write how many there are of each, where there are any: ``31 new here, 70 …``."""
    told = ", ".join(f"{n:,} {name}" for name, n in parts.items() if n)
    hidden = " and ".join(name for name, n in parts.items() if n is None)
    why = f"{wording.NOT_TOLD}: {hidden} ({wording.SMALL})" if hidden else ""
    return "; ".join(filter(None, (told, why)))


def _is_split(topic: TopicView) -> bool:
    lows = [topic.share_of(side).low for side in SIDES]
    return not topic.is_weak and all(low is not None and low >= LEAST_SIDE for low in lows)


def _unsurprising(digest: Digest) -> str:
    if not digest.period.n_before:
        return "There is no time before to hold it against."
    return "Nothing changed by more than chance does."


def _unknown(digest: Digest) -> Iterator[str]:
    """Say what these members cannot tell."""
    sources = ", ".join(source for source, _ in digest.room.sources)
    yield (
        f"What those think who read and do not write, and customers who are not in {sources}."
        if sources
        else "What those think who read and do not write."
    )
    lost = [one for one in digest.provenance.accounts if one.stage in LOSSY]
    if dropped := sum(n for one in lost for n in one.dropped.values()):
        yield f"What stood in {dropped:,} rows that were not read; the method page says why."
    if unsaid := wording.coverage(digest.problems):
        yield unsaid
