"""What a team decided on what it was told: words, and what stands after all that was decided.

An insight is what lasts of a claim: its kind, and what it is about. Claims are of a period, and
the next digest makes others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from feedbackminer.vocabulary.claims import CLAIM_KINDS

if TYPE_CHECKING:
    import polars as pl

ACCEPT, ASSIGN, PLAN, SHIP, REJECT = "accept", "assign", "plan", "ship", "reject"
NOTE, TELL, UNDO = "note", "tell", "undo"
ACTIONS = (ACCEPT, ASSIGN, PLAN, SHIP, REJECT, NOTE, TELL, UNDO)
# What an insight is after an action; the others leave it as it is.
STATUS_AFTER: Mapping[str, str] = {
    ACCEPT: "accepted",
    PLAN: "planned",
    SHIP: "shipped",
    REJECT: "rejected",
}
BEFORE_DAY: Mapping[str, str] = {SHIP: "on", PLAN: "for"}  # that something is shipped, or planned
OPEN, SHIPPED, REJECTED = "open", STATUS_AFTER[SHIP], STATUS_AFTER[REJECT]
# In the order in which they are listed.
STATUSES = (SHIPPED, STATUS_AFTER[PLAN], STATUS_AFTER[ACCEPT], REJECTED, OPEN)
MERGE, SPLIT = "merge", "split"  # events of a lineage after which posts are elsewhere

HELPED, WORSE, CAME_BACK = "helped", "worse", "came_back"
NO_DIFFERENCE, TOO_EARLY, TOO_FEW = "no_difference", "too_early", "too_few"
VERDICTS = (HELPED, WORSE, CAME_BACK, NO_DIFFERENCE, TOO_EARLY, TOO_FEW)


@dataclass(frozen=True)
class Decision:
    """Something that somebody decided, or noted."""

    number: int
    action: str
    by: str
    at: datetime
    on: datetime | None  # the day of shipping, or the one it is planned for
    text: str  # why, a note, or to whom it was assigned


@dataclass(frozen=True, kw_only=True)
class Insight:
    """What a team decided about one thing, as it stands.

    Attributes:
        kind: of the claims that say it, when it was decided on first.
        subject: what it is about that is no topic; empty: it has a topic, or a key point.
        owner: to whom it was assigned; empty: to nobody.
        decisions: that stand, in their order.
        told: threads in which it was told what was done.
    """

    insight_id: str
    kind: str
    topic_id: str | None
    key_point_id: str | None
    subject: str
    owner: str = ""
    decisions: tuple[Decision, ...] = ()
    told: tuple[str, ...] = ()

    @property
    def last(self) -> Decision | None:
        """Return what made it what it is; None: it is open."""
        made = [one for one in self.decisions if one.action in STATUS_AFTER]
        return made[-1] if made else None

    @property
    def status(self) -> str:
        """Return one of ``STATUSES``."""
        return STATUS_AFTER[self.last.action] if self.last else OPEN

    @property
    def shipped_on(self) -> datetime | None:
        """Return the day on which it was shipped; None: it is not."""
        return self.last.on if self.last and self.status == SHIPPED else None

    @property
    def touched_on(self) -> tuple[datetime, ...]:
        """Return all days on which something was shipped, whatever was decided since."""
        return tuple(one.on for one in self.decisions if one.action == SHIP and one.on)


def insight_id(claim: Mapping[str, Any]) -> str | None:
    """Return the id of what a claim is about, the same in every period; None: it lasts in none.

    Args:
        claim: kind, key_point_id, topic_id and subject.
    """
    point, topic, subject = claim["key_point_id"], claim["topic_id"], subject_of(claim)
    if not (point or topic or subject):
        return None
    # Of a key point it is told now as a problem, now as a severe one: it is one matter.
    what = point or f"{claim['kind']}|{topic or subject}"
    return f"i-{hashlib.sha256(what.encode()).hexdigest()[:6]}"


def subject_of(claim: Mapping[str, Any]) -> str:
    """Return the subject of a claim as it may be kept: no words of a member."""
    return claim["subject"] if CLAIM_KINDS[claim["kind"]].is_subject_a_name else ""


def insights_of(decisions: pl.DataFrame) -> list[Insight]:
    """Return what stands of the table ``decisions``, in the order of what was decided first."""
    rows = decisions.sort("number").to_dicts()
    undone = {row["undoes"] for row in rows if row["action"] == UNDO}
    insights: dict[str, Insight] = {}
    for row in rows:
        about = {name: row[name] for name in ("kind", "topic_id", "key_point_id", "subject")}
        insight = insights.get(row["insight_id"]) or Insight(insight_id=row["insight_id"], **about)
        if row["action"] != UNDO and row["number"] not in undone:
            insight = _after(insight, row)
        insights[row["insight_id"]] = insight
    return list(insights.values())


def _after(insight: Insight, row: Mapping[str, Any]) -> Insight:
    if row["action"] == TELL:
        return replace(insight, told=tuple(dict.fromkeys([*insight.told, *row["threads"]])))
    decision = Decision(*(row[name] for name in ("number", "action", "by", "at", "on", "text")))
    owner = row["text"] if row["action"] == ASSIGN else insight.owner
    return replace(insight, owner=owner, decisions=(*insight.decisions, decision))


def topics_today(topic_id: str, topics: pl.DataFrame, lineage: pl.DataFrame) -> list[str]:
    """Return the active topics that have the posts of one: itself, or where they went.

    Args:
        topics: the table ``topics``.
        lineage: the table ``lineage``, which tells of merges and splits.
    """
    import polars as pl  # late: a command line needs the words above alone

    active = set(topics.filter(pl.col("status") == "active")["topic_id"])
    moves = lineage.filter(pl.col("event").cast(pl.String).is_in([MERGE, SPLIT])).sort("run_id")
    ends: dict[str, dict[str, list[str]]] = {}
    for run_id, start, end in moves.select("run_id", "from_id", "to_id").iter_rows():
        ends.setdefault(start, {}).setdefault(run_id, []).append(end)
    latest = {start: by_run[max(by_run)] for start, by_run in ends.items()}
    return sorted(set(_followed(topic_id, active, latest, frozenset())))


def _followed(
    topic_id: str, active: set[str], ends: Mapping[str, list[str]], seen: frozenset[str]
) -> Iterator[str]:
    if topic_id in active:
        yield topic_id
    elif topic_id not in seen:
        for end in ends.get(topic_id, ()):
            yield from _followed(end, active, ends, seen | {topic_id})
