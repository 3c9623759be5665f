"""Alerts: look at what was read, keep the list, and let people take them up."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import polars as pl

from feedbackminer.digest import wording
from feedbackminer.digest.quotes import Quote, choose, quotable_sentences
from feedbackminer.digest.render.alert import AlertView
from feedbackminer.engine.run import Run
from feedbackminer.errors import InputError, suggest
from feedbackminer.insight import conversations
from feedbackminer.insight.alerts import (
    ANSWER_DAYS,
    Levels,
    Watch,
    last_moment,
    levels_of,
    levels_row,
    recent_facts,
)
from feedbackminer.insight.conversations import Alert, Event
from feedbackminer.insight.stage import READS
from feedbackminer.project.project import Project
from feedbackminer.publish.channel import Parcel
from feedbackminer.settings.sections import AlertedChannelSettings
from feedbackminer.steps.digest import refuse_unmined
from feedbackminer.steps.parcels import alert_name, alert_parcel
from feedbackminer.steps.publish import Delivery, Sender, Shipment
from feedbackminer.tables import AlertChecks, AlertLog, Alerts, column_types
from feedbackminer.text.words import on_one_line
from feedbackminer.vocabulary.alerts import ACKNOWLEDGED, CLOSED, OPEN, REAL, SNOOZED
from feedbackminer.vocabulary.claims import SURGE
from feedbackminer.vocabulary.moments import as_utc
from feedbackminer.vocabulary.tags import LABEL_TITLES

MOST_QUOTES = 2
LABELS = {  # of what is no topic and no key point
    **{f"label:{label}": title for label, title in LABEL_TITLES.items()},
    "unanswered": f"Questions without an answer within {ANSWER_DAYS} days",
}
LONGEST_SNOOZE = timedelta(days=365)


@dataclass(frozen=True)
class Checked:
    """What a check found.

    Attributes:
        at: the moment that it looked at.
        alerts: that stand out, those to look at first.
        notices: what whoever reads it should know.
    """

    at: datetime
    alerts: list[Alert]
    notices: tuple[str, ...] = ()


def check_alerts(run: Run, at: datetime | None = None) -> Checked:
    """Look at what stands out, and take it up where it was left.

    A moment before that of the last check is only looked at: what was told since stays told.

    Args:
        at: the moment to look at; none: now, where sources are read, else the end of the posts.
    Raises:
        InputError: nothing was mined yet, or that moment is still to come.
    """
    project, settings = run.project, run.project.settings.alerts
    refuse_unmined(project)
    if at and as_utc(at) > run.started_at:  # up to then all would have fallen silent
        raise InputError(f"alerts check: {as_utc(at):%Y-%m-%d %H:%M} UTC is still to come")
    tables = {name: project.store.read(name) for name in READS}
    now = as_utc(at) if at else _moment(run, tables["posts"])
    checks = project.store.read("alert_checks").sort("at")
    is_past = bool((checks["at"] > now).any())
    notices = list(_notices_of_time(tables["posts"], checks, now))
    watch = Watch.of(recent_facts(tables, now, settings.days), settings)
    if not watch.is_enough:
        why = "too little was written to tell what is usual; alerts begin after eleven weeks"
        return Checked(now, [], (*notices, why))

    levels = levels_of(project.store.read("alert_levels"))
    if levels is None or not watch.fits(levels, now):
        levels = watch.calibrate()
        if not is_past:
            project.store.replace("alert_levels", levels_row(watch, levels, settings.false_alarms))
        notices.append("other things, or another time, than were measured: measured anew")
    seen = watch.standing_out(now, levels, settings.false_alarms)
    read_by = _mark(tables)
    alerts, events = conversations.carry_on(
        [] if is_past else alerts_of(project),
        seen,
        now=now,
        since=watch.edges(now)[-2],
        settings=settings,
        known_before=_known_before(watch, levels, checks, read_by, now, settings.false_alarms),
    )
    if is_past:
        return Checked(now, conversations.by_urgency(alerts), tuple(notices))
    _store(project, alerts, events)
    standing = [alert for alert in alerts if alert.seen_at == now]
    n_real = sum(alert.cause == REAL for alert in standing)
    row = {
        "run_id": run.run_id,
        "at": now,
        "read_by": read_by,
        "n_real": n_real,
        "n_others": len(standing) - n_real,
    }
    frame = pl.DataFrame([row], schema=column_types(AlertChecks))
    project.store.merge("alert_checks", frame)
    return Checked(now, conversations.by_urgency(standing), tuple(notices))


def send_alerts(run: Run) -> list[Delivery]:
    """Send what is open and real to the channels that want alerts, each message to each once.

    What failed is tried again at the next check, as long as it is news; what may be out is told
    once, and left to whoever reads it.
    """
    channels = {
        name: settings
        for name, settings in run.project.settings.channels.items()
        if isinstance(settings, AlertedChannelSettings) and settings.alerts
    }
    deliveries: list[Delivery] = []
    for alert in alerts_of(run.project) if channels else ():
        if alert.status == OPEN and alert.cause == REAL and alert.told_at:
            shipment = _shipment(run, alert)
            deliveries += Sender(run, channels, shipment).send()
    return [one for one in deliveries if one.is_tried]


def _shipment(run: Run, alert: Alert) -> Shipment:
    def parcel(_part: str, kind: str) -> Parcel:
        # An issue was opened after this, whatever moment was looked at.
        first = log_of(run.project, alert.alert_id)["at"].min()
        since = min(first, alert.opened_at) if isinstance(first, datetime) else alert.opened_at
        return alert_parcel(run.project, view_of(run.project, alert), since, kind)

    return Shipment(
        name=alert_name(alert.alert_id),
        parts=lambda _settings: (str(alert.message),),
        parcel=cache(parcel),
        run_id=run.run_id,
        since=alert.since,
        until=alert.seen_at,
    )


def alerts_of(project: Project) -> list[Alert]:
    """Return the alerts of a project, those to look at first."""
    rows = project.store.read("alerts").iter_rows(named=True)
    made = [
        Alert(**{**row, "also": tuple(row["also"]), "evidence": tuple(row["evidence"])})
        for row in rows
    ]
    return conversations.by_urgency(made)


def find_alert(project: Project, alert_id: str) -> Alert:
    """Return an alert.

    Raises:
        InputError: there is no such alert.
    """
    alerts = {alert.alert_id: alert for alert in alerts_of(project)}
    if alert_id in alerts:
        return alerts[alert_id]
    hint = suggest(alert_id, alerts, "`feedbackminer alerts list` names all")
    raise InputError(f"{project.folder}: there is no alert {alert_id!r}; {hint}")


def views_of(project: Project, alerts: Sequence[Alert]) -> list[AlertView]:
    """Return alerts as they are told; what they are about is looked up, since it may be gone."""
    topics = dict(project.store.read("topics", ["topic_id", "label"]).iter_rows())
    points = dict(project.store.read("key_points", ["key_point_id", "text"]).iter_rows())
    settings = project.settings

    def label(alert: Alert, key: str) -> str:
        kind, _, name = key.partition(":")
        if kind in ("source", "channel"):
            return name or "everywhere"
        if key == alert.key_point_id or key in points:
            return f"“{points[key]}”" if key in points else "a key point that is no more"
        return LABELS.get(key) or topics.get(key, "a topic that is no more")

    return [
        AlertView(
            alert_id=alert.alert_id,
            product=settings.digest.product,
            rule=alert.rule,
            label=label(alert, alert.subject),
            also=tuple(label(alert, key) for key in alert.also),
            cause=alert.cause,
            why=alert.why,
            n_members=alert.n_members,
            usual=alert.usual,
            low=alert.low,
            high=alert.high,
            days=settings.alerts.days,
            seen_at=alert.seen_at,
            opened_at=alert.opened_at,
            message=alert.message,
            link=settings.digest.link,
        )
        for alert in alerts
    ]


def view_of(project: Project, alert: Alert) -> AlertView:
    """Return an alert as it is told, with quotes of members."""
    (view,) = views_of(project, [alert])
    return replace(view, quotes=tuple(quote.text for quote in _quotes(project, alert)))


def posts_of(project: Project, alert: Alert) -> list[dict[str, Any]]:
    """Return the posts behind an alert that are still there, the latest first."""
    columns = ["post_id", "thread_id", "created_at", "title", "body", "url"]
    posts = project.store.read("posts", columns).filter(pl.col("post_id").is_in(alert.evidence))
    return posts.sort("created_at", "post_id", descending=True).to_dicts()


def promise(project: Project) -> list[str]:
    """Say how often an alert is false, and from where a rise is seen, in this very history."""
    levels = next(project.store.read("alert_levels").iter_rows(named=True), None)
    return wording.alarms(levels, project.settings.alerts.false_alarms)


def _quotes(project: Project, alert: Alert) -> list[Quote]:
    store = project.store
    is_behind = pl.col("post_id").is_in(alert.evidence)
    names = ("posts", "tags", "assignments", "threads", "repeats")
    tables = {name: store.read(name) for name in names}
    tables["posts"] = tables["posts"].filter(is_behind)
    tables["assignments"] = tables["assignments"].filter(pl.col("rank") == 1)
    topics = store.read("topics").filter(topic_id=alert.topic_id or "")
    keywords: list[str] = next(iter(topics["keywords"].to_list()), [])
    sentences = quotable_sentences(tables)
    return choose(sentences, alert.evidence, kind=SURGE, keywords=keywords, count=MOST_QUOTES)


def acknowledge(run: Run, alert_id: str, owner: str, *, take: bool = False) -> Alert:
    """Note that somebody has taken an alert; who was first keeps it, unless it is taken.

    Raises:
        InputError: there is no such alert, or nobody took it.
    """
    owner = on_one_line(owner)
    if not owner:
        raise InputError("alerts ack: want who has taken it: --owner NAME")

    def change(alert: Alert) -> Alert:
        return conversations.acknowledged(alert, owner, take=take)

    return _decide(run, alert_id, change, ACKNOWLEDGED, owner)


def snooze(run: Run, alert_id: str, length: timedelta) -> Alert:
    """Have an alert told no more for some time.

    Raises:
        InputError: there is no such alert, or the time is over already, or longer than a year.
    """
    if not timedelta(0) < length <= LONGEST_SNOOZE:
        raise InputError(f"alerts snooze: want from a minute to a year from now, got {length}")
    until = run.started_at + length
    return _decide(run, alert_id, lambda alert: conversations.snoozed(alert, until), SNOOZED)


def close(run: Run, alert_id: str) -> Alert:
    """Be done with an alert, until far more members are affected or it stands out anew.

    Raises:
        InputError: there is no such alert.
    """
    return _decide(run, alert_id, conversations.closed, CLOSED)


def log_of(project: Project, alert_id: str) -> pl.DataFrame:
    """Return what became of an alert, earliest first."""
    return project.store.read("alert_log").filter(alert_id=alert_id).sort("number")


def _decide(
    run: Run, alert_id: str, change: Callable[[Alert], Alert], event: str, by: str = ""
) -> Alert:
    alert = change(find_alert(run.project, alert_id))
    _store(run.project, [alert], [Event(alert_id, event, run.started_at, by)])
    return alert


def _moment(run: Run, posts: pl.DataFrame) -> datetime:
    """Return the moment to look at: of what is only imported, the end."""
    if run.project.settings.sources:
        return run.started_at
    return last_moment(posts, run.started_at)


def _notices_of_time(posts: pl.DataFrame, checks: pl.DataFrame, now: datetime) -> Iterable[str]:
    if posts["created_at"].null_count() == len(posts):
        yield "no post has a date, so nothing can stand out"
    elif n := posts["created_at"].null_count():
        yield f"posts without a date, which no alert can count: {n:,}"
    last = checks["at"].max()
    if isinstance(last, datetime) and now < last:
        yield (
            f"{now:%Y-%m-%d %H:%M} UTC is before the last check, {last:%Y-%m-%d %H:%M} UTC: the "
            "list stays as it is"
        )


def _mark(tables: dict[str, pl.DataFrame]) -> str:
    """Return what stands for the models that have read the posts."""
    names = [
        *tables["tags"]["tagger"].unique().sort(),
        *tables["topics"]["fitted_as"].unique().sort(),
        *tables["topics"]["fitted_in"].unique().sort(),
    ]
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]


def _known_before(
    watch: Watch,
    levels: Levels,
    checks: pl.DataFrame,
    read_by: str,
    now: datetime,
    promised: float,
) -> Collection[str]:
    """Return what a new model sees stand out at the last check already, when an old one read."""
    last = checks.filter(pl.col("at") < now).tail(1).to_dicts()
    if not last or last[0]["read_by"] == read_by:
        return ()
    return watch.shown(last[0]["at"], levels, promised)


def _store(project: Project, alerts: Sequence[Alert], events: Sequence[Event]) -> None:
    """Keep alerts, and then what became of them."""
    rows = [asdict(alert) for alert in alerts]
    project.store.merge("alerts", pl.DataFrame(rows, schema=column_types(Alerts)))
    numbers = dict(project.store.read("alert_log").group_by("alert_id").agg(pl.len()).iter_rows())
    log = []
    for event in events:
        number = numbers[event.alert_id] = numbers.get(event.alert_id, 0) + 1
        log.append({"number": number, **asdict(event)})
    project.store.append("alert_log", pl.DataFrame(log, schema=column_types(AlertLog)))
