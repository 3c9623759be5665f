"""Alerts over time: what stands out is taken up where it was left, and told once.

Pure: from the alerts of before and what stands out now to the alerts of now.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from feedbackminer.insight.alerts import Sighting
from feedbackminer.settings.sections import AlertSettings
from feedbackminer.tables import finite_or_none
from feedbackminer.vocabulary.alerts import (
    ACKNOWLEDGED,
    CLOSED,
    MODEL,
    OPEN,
    REAL,
    RULES,
    SNOOZED,
    STATUSES,
)

OVERLAP = 0.5  # of the members of the smaller one: both are one alert
GROWTH, LEAST_GROWTH = 1.5, 2  # since it was told last: times, and members more


@dataclass(frozen=True, kw_only=True)
class Alert:
    """A row of ``alerts``."""

    alert_id: str
    rule: str
    subject: str
    also: tuple[str, ...] = ()
    topic_id: str | None
    key_point_id: str | None
    cause: str
    why: str
    status: str = OPEN
    owner: str = ""
    snoozed_until: datetime | None = None
    opened_at: datetime
    seen_at: datetime
    since: datetime
    n_affected: int
    n_members: int
    usual: float
    low: float | None
    high: float | None
    n_known: int
    message: int = 0
    told_at: datetime | None = None
    evidence: tuple[str, ...] = ()

    @property
    def subjects(self) -> tuple[str, ...]:
        """Return all that it is about."""
        return self.subject, *self.also

    @property
    def has_grown(self) -> bool:
        """Tell whether far more are affected than when it was told last."""
        return self.n_affected >= max(GROWTH * self.n_known, self.n_known + LEAST_GROWTH)


@dataclass(frozen=True)
class Event:
    """What became of an alert."""

    alert_id: str
    event: str
    at: datetime
    by: str = ""


def carry_on(
    alerts: Sequence[Alert],
    seen: Sequence[Sighting],
    *,
    now: datetime,
    since: datetime,
    settings: AlertSettings,
    known_before: Collection[str] = (),
) -> tuple[list[Alert], list[Event]]:
    """Return the alerts of now, and what became of them.

    Args:
        alerts: of before.
        seen: what stands out, strongest first, what is real before all else.
        since: when the window begins.
        known_before: keys of what a new model already saw at the check before: models differ, not
            people.
    """
    over = max(timedelta(days=settings.days), timedelta(hours=settings.cooldown))
    found: dict[str, Alert] = {}
    events: list[Event] = []
    ended = {alert.alert_id for alert in alerts if _is_over(alert, now, over)}
    for before, group in _grouped(alerts, seen, ended, now):
        going = before if before and before.alert_id not in ended else None
        alert = _seen(before, going, group, now=now, since=since, known_before=known_before)
        alert = _told(alert, now=now, settings=settings)
        found[alert.alert_id] = alert
        events += _events(before, alert, now)
    for alert in alerts:
        if alert.alert_id not in found:
            ends = alert.status != CLOSED and _is_past(alert, now, over)
            found[alert.alert_id] = closed(alert) if ends else alert
            events += [Event(alert.alert_id, CLOSED, now)] if ends else []
    return list(found.values()), events


def _grouped(
    alerts: Sequence[Alert], seen: Sequence[Sighting], ended: Collection[str], now: datetime
) -> list[tuple[Alert | None, list[Sighting]]]:
    """Put together what is one: what an alert is about, then what much the same members say.

    Nothing new joins what is snoozed or was closed: it would be silent as well.

    Args:
        ended: ids of alerts that are about nothing but their subject any more.
    """
    of_key: dict[str, Alert] = {}
    for alert in sorted(alerts, key=lambda one: (one.status == CLOSED, one.opened_at)):
        for key in () if alert.alert_id in ended else alert.subjects:
            of_key.setdefault(key, alert)
    for alert in alerts:
        of_key.setdefault(alert.subject, alert)

    groups: dict[str, tuple[Alert | None, list[Sighting]]] = {}
    others: list[Sighting] = []
    for one in seen:
        known = of_key.get(one.subject.key)
        if known is None:
            others.append(one)
        else:
            groups.setdefault(known.alert_id, (known, []))[1].append(one)
    for one in others:
        awake = (of_one for known, of_one in groups.values() if _takes_more(known, ended, now))
        group = next((g for g in awake if _is_one(g[0], one)), None)
        if group is not None:
            group.append(one)
        else:
            groups.setdefault(id_of(one.subject.key), (None, []))[1].append(one)
    return list(groups.values())


def _takes_more(known: Alert | None, ended: Collection[str], now: datetime) -> bool:
    if known is None or known.alert_id in ended:
        return True
    return known.status != CLOSED and not _is_resting(known, now)


def _is_one(one: Sighting, other: Sighting) -> bool:
    if RULES[one.rule].falls != RULES[other.rule].falls:
        return False
    fewest = min(len(one.members), len(other.members))
    return bool(fewest) and len(one.members & other.members) >= OVERLAP * fewest


def id_of(key: str) -> str:
    """Return the id of the alert of something: the same whenever it stands out."""
    return f"a-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def _seen(
    before: Alert | None,
    going: Alert | None,
    group: Sequence[Sighting],
    *,
    now: datetime,
    since: datetime,
    known_before: Collection[str],
) -> Alert:
    """Return an alert with the numbers of now.

    Args:
        before: the alert as it was.
        going: likewise, unless it was over: then this is another time.
    """
    lead = min(group, key=Sighting.rank)
    subject = before.subject if before else lead.subject.key
    keys = dict.fromkeys([*(going.also if going else ()), *(one.subject.key for one in group)])
    own = next((one for one in group if one.subject.key == subject), lead)
    alert = Alert(
        alert_id=id_of(subject),
        rule=before.rule if before and before.status != CLOSED else own.rule,
        subject=subject,
        also=tuple(key for key in keys if key != subject),
        topic_id=before.topic_id if before else own.subject.topic_id,
        key_point_id=before.key_point_id if before else own.subject.key_point_id,
        cause=lead.cause,
        why=lead.why,
        opened_at=now,
        seen_at=now,
        since=since,
        n_affected=lead.affected,
        n_members=lead.n,
        usual=lead.usual,
        low=finite_or_none(lead.ratio.low),
        high=finite_or_none(lead.ratio.high),
        n_known=lead.affected,
        message=before.message if before else 0,
        evidence=tuple(lead.posts["post_id"]),
    )
    if going:
        alert = replace(
            alert,
            status=going.status,
            owner=going.owner,
            snoozed_until=going.snoozed_until,
            opened_at=going.opened_at,
            n_known=going.n_known,
            told_at=going.told_at,
        )
    if alert.cause == REAL and _is_relabelled(going, alert, known_before):
        alert = replace(alert, cause=MODEL, why="a new model reads the posts, old ones too")
    return alert


def _is_past(alert: Alert, now: datetime, over: timedelta) -> bool:
    """Tell whether it stood out no more for so long that it would be another time."""
    return abs(now - alert.seen_at) >= over and not _is_resting(alert, now)


def _is_over(alert: Alert, now: datetime, over: timedelta) -> bool:
    return alert.status == CLOSED and _is_past(alert, now, over)


def _is_resting(alert: Alert, now: datetime) -> bool:
    return alert.snoozed_until is not None and now < alert.snoozed_until


def _is_relabelled(going: Alert | None, alert: Alert, known_before: Collection[str]) -> bool:
    """Tell whether a new model makes it stand out, and not more people since."""
    if going and going.cause == MODEL:
        return not alert.has_grown
    is_known = going is not None and going.told_at is not None
    return not is_known and alert.subject in known_before


def _told(alert: Alert, *, now: datetime, settings: AlertSettings) -> Alert:
    """Have a message written, where there is something to tell and it was not just told."""
    if alert.cause != REAL or _is_resting(alert, now):
        return alert
    is_untold = alert.told_at is None and alert.status == OPEN
    if not (is_untold or alert.has_grown or alert.status == SNOOZED):
        return alert
    if alert.told_at and abs(now - alert.told_at) < timedelta(hours=settings.cooldown):
        return alert
    return replace(
        alert,
        status=OPEN,
        snoozed_until=None,
        n_known=alert.n_affected,
        message=alert.message + 1,
        told_at=now,
    )


def _events(before: Alert | None, alert: Alert, now: datetime) -> list[Event]:
    events = []
    if before is None or before.status != alert.status:
        events.append(Event(alert.alert_id, alert.status, now))
    if alert.message > (before.message if before else 0):
        events.append(Event(alert.alert_id, "told", now))
    return events


def acknowledged(alert: Alert, owner: str, *, take: bool = False) -> Alert:
    """Return an alert that somebody has taken; who was first keeps it, unless it is taken."""
    is_theirs = take or alert.status != ACKNOWLEDGED
    return replace(
        alert,
        status=ACKNOWLEDGED,
        owner=owner if is_theirs else alert.owner,
        snoozed_until=None,
        n_known=alert.n_affected,
    )


def snoozed(alert: Alert, until: datetime) -> Alert:
    """Return an alert that is told no more before a moment."""
    return replace(alert, status=SNOOZED, snoozed_until=until, n_known=alert.n_affected)


def closed(alert: Alert) -> Alert:
    """Return an alert that is done with, until far more are affected or it stands out anew."""
    return replace(alert, status=CLOSED, snoozed_until=None, n_known=alert.n_affected)


def by_urgency(alerts: Iterable[Alert]) -> list[Alert]:
    """Return alerts in the order to look at them: real and open ones first, the latest first."""
    return sorted(
        alerts,
        key=lambda one: (
            one.cause != REAL,
            STATUSES.index(one.status),
            -one.seen_at.timestamp(),
            one.alert_id,
        ),
    )
