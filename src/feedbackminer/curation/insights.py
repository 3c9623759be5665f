"""What a team decides on what it was told, and whom it has to tell of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from feedbackminer.digest.decided import name_of, topics_of
from feedbackminer.engine.run import Run
from feedbackminer.errors import InputError, suggest
from feedbackminer.insight.finders.outcomes import SHIPPABLE
from feedbackminer.project.project import Project
from feedbackminer.project.store import TableStore
from feedbackminer.steps.republish import published
from feedbackminer.tables import Decisions, check, column_types
from feedbackminer.text.visible import visible
from feedbackminer.vocabulary.claims import CLAIM_KINDS, OUTCOME
from feedbackminer.vocabulary.decisions import (
    ASSIGN,
    BEFORE_DAY,
    NOTE,
    PLAN,
    REJECT,
    REJECTED,
    SHIP,
    SHIPPED,
    STATUS_AFTER,
    STATUSES,
    UNDO,
    Decision,
    Insight,
    insight_id,
    insights_of,
    subject_of,
)
from feedbackminer.vocabulary.moments import midnight

ABOUT = ("kind", "topic_id", "key_point_id", "subject")
STANDING = ("decisions", "topics", "lineage", "key_points")
GONE = "no topic or key point of today"
NEEDS_TEXT = {REJECT: "why", NOTE: "what to note", ASSIGN: "a name after --to"}


@dataclass(frozen=True)
class Order:
    """What somebody decides.

    Attributes:
        action: one of ``ACTIONS``.
        target: the id of a claim, or of an insight, or ``kind/topic``.
        by: who decides.
        on: the day of shipping, or the one it is planned for.
        text: why, a note, or to whom it is assigned.
        threads: in which it was told what was done.
    """

    action: str
    target: str
    by: str
    on: datetime | None = None
    text: str = ""
    threads: tuple[str, ...] = ()


def decide(run: Run, order: Order) -> tuple[str, str]:
    """Store a decision; returns the id of its insight, and what was done.

    What somebody decided before stays a row, and is told.

    Raises:
        InputError: nothing is called so, the day cannot be, or it contradicts what stands.
    """
    store = run.project.store
    about = about_of(run.project, order.target)
    before = insight_now(store, about["insight_id"])
    if order.action == SHIP and about["kind"] not in SHIPPABLE:
        raise InputError(
            f"ship {order.target}: whether fewer who speak of it is better nobody can say of a "
            f"{about['kind']}; ship the problem, question or wish that it is about, such as "
            f"problem/{about['topic_id'] or 'TOPIC'}"
        )
    _refuse_contradiction(order, before, run.started_at)
    on = run.started_at if order.action == SHIP and order.on is None else order.on
    row = about | {
        "action": order.action,
        "undoes": None,
        "by": visible(order.by),
        "at": run.started_at,
        "on": midnight(on) if on else None,
        "text": visible(order.text),
        "threads": list(order.threads),
    }
    number = _append(store, row)
    told = f"Decision {number}: {order.action} {about['insight_id']}"
    told += f" on {on:%-d %B %Y}" if on else ""
    last = before.last if before else None
    if last and order.action in STATUS_AFTER:
        told += f". Before that: {_written(last)}"
    return about["insight_id"], told


def undo(run: Run, by: str, number: int | None) -> tuple[str, str]:
    """Take a decision back, the last one unless another is named; it stays a row.

    Raises:
        InputError: there is none, none of that number that stands, or nobody takes it back.
    """
    _refuse_nobody(UNDO, by)
    rows = run.project.store.read("decisions").sort("number")
    undone = rows["undoes"].drop_nulls().to_list()
    standing = rows.filter(pl.col("action") != UNDO, ~pl.col("number").is_in(undone))
    numbers = standing["number"].to_list()
    number = max(numbers, default=0) if number is None else number
    if number not in numbers:
        told = ", ".join(map(str, numbers)) or "none"
        raise InputError(f"undo: no decision {number} stands (there is: {told})")
    back = standing.row(by_predicate=pl.col("number") == number, named=True)
    _append(
        run.project.store,
        {
            **back,
            "claim_id": "",
            "action": UNDO,
            "undoes": number,
            "by": visible(by),
            "at": run.started_at,
            "on": None,
            "text": "",
            "threads": [],
        },
    )
    told = (
        f"Decision {number} ({back['action']} {back['insight_id']} by {back['by']}) is taken back"
    )
    return back["insight_id"], told


def _append(store: TableStore, row: Mapping[str, Any]) -> int:
    number = int(store.read("decisions")["number"].max() or 0) + 1  # type: ignore[arg-type]
    frame = pl.DataFrame([{**row, "number": number}], schema=column_types(Decisions))
    store.append("decisions", check(frame, Decisions, where="decisions"))
    return number


def insight_now(store: TableStore, name: str) -> Insight | None:
    """Return an insight as it stands; None: nothing was decided on it."""
    known = {one.insight_id: one for one in insights_of(store.read("decisions"))}
    return known.get(name)


def _written(decision: Decision) -> str:
    status = STATUS_AFTER[decision.action]
    on = f" {BEFORE_DAY[decision.action]} {decision.on:%-d %B %Y}" if decision.on else ""
    return f"{status}{on} by {decision.by}, {decision.at:%-d %B %Y}"


def _refuse_nobody(action: str, by: str) -> None:
    if not visible(by):
        raise InputError(f"{action}: nobody decides; want a name after --by")


def _refuse_contradiction(order: Order, before: Insight | None, now: datetime) -> None:
    """Raise InputError where an order cannot be, or contradicts what stands."""
    name = order.target
    _refuse_nobody(order.action, order.by)
    if order.action in NEEDS_TEXT and not visible(order.text):
        raise InputError(f"{order.action} {name}: want {NEEDS_TEXT[order.action]}")
    if order.action == SHIP and order.on and order.on > now:
        raise InputError(
            f"ship {name}: {order.on:%-d %B %Y} is still to come; `feedbackminer insight plan "
            f"{name} --date {order.on:%F}` says so, and ship it when the day has come"
        )
    status = before.status if before else ""
    contradicts = {(SHIP, REJECTED), (PLAN, REJECTED), (REJECT, SHIPPED)}
    if before and before.last and (order.action, status) in contradicts:
        raise InputError(
            f"{order.action} {name}: it was {_written(before.last)}; if that is so no more, accept "
            "it again first (the day stays known); if it never was, take it back with "
            f"`feedbackminer insight undo {before.last.number}`"
        )


def about_of(project: Project, target: str) -> dict[str, Any]:
    """Return what an insight is about, by its id or that of a claim.

    Raises:
        InputError: nothing is called so, or the claim is on nothing that lasts.
    """
    store = project.store
    rows = store.read("decisions").filter(insight_id=target).sort("number")
    if len(rows):
        first = rows.row(0, named=True)
        return {name: first[name] for name in ("insight_id", *ABOUT)} | {"claim_id": ""}
    if "/" in target:
        return _named(store, *target.split("/", 1))
    claims = store.read("claims").select("claim_id", *ABOUT).to_dicts()
    for claim in (*claims, *_of_digests(store)):
        if claim["kind"] == OUTCOME and target == claim["claim_id"]:
            return about_of(project, claim["subject"])
        if target not in (claim["claim_id"], insight_id(claim)):
            continue
        name = insight_id(claim)
        if name is None:
            raise InputError(
                f"{target}: is about no topic, key point or part of the product, so nothing lasts "
                "of it that could be done; decide on a claim about one"
            )
        about = {field: claim[field] for field in ABOUT} | {"subject": subject_of(claim)}
        return {"insight_id": name, **about, "claim_id": claim["claim_id"]}
    known = [claim["claim_id"] for claim in claims]
    hint = suggest(target, known, "ids stand on the pages of claims, in digest.json")
    raise InputError(f"{project.folder}: there is no claim or insight {target!r}; {hint}")


def _named(store: TableStore, kind: str, topic_id: str) -> dict[str, Any]:
    """Return what an insight is about that is named by a kind of claim and a topic."""
    topics = store.read("topics")["topic_id"].to_list()
    kinds = [name for name in CLAIM_KINDS if name != OUTCOME]  # that is of another insight
    for what, name, names in (("kind of claim", kind, kinds), ("topic", topic_id, topics)):
        if name not in names:
            hint = suggest(name, names, f"there are {', '.join(names)}")
            raise InputError(f"{kind}/{topic_id}: there is no {what} {name!r}; {hint}")
    about = {"kind": kind, "topic_id": topic_id, "key_point_id": None, "subject": ""}
    return {"insight_id": insight_id(about), **about, "claim_id": ""}


def _of_digests(store: TableStore) -> Iterable[dict[str, Any]]:
    """Yield the claims of published digests, the latest first: who reads one decides on it."""
    for folder in reversed(published(store.read("audit"))):
        try:
            claims = json.loads((folder / "digest.json").read_text("utf-8"))["claims"]
            rows = [{name: claim[name] for name in ("claim_id", *ABOUT)} for claim in claims]
        except (OSError, ValueError, KeyError, TypeError):
            continue  # moved, or of an older version
        yield from (row for row in rows if row["kind"] in CLAIM_KINDS)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """An insight as it stands."""

    insight_id: str
    status: str
    since: datetime | None  # the day of shipping, or the one it is planned for, or of the decision
    by: str
    owner: str
    about: str
    topics: tuple[str, ...]  # of today, that have its posts
    verdict: str | None  # of VERDICTS
    outcome: str
    decisions: tuple[Decision, ...]


def listed(store: TableStore) -> list[Listed]:
    """Return what was decided on, first what was shipped."""
    tables = {name: store.read(name) for name in (*STANDING, "claims")}
    outcomes = {row["subject"]: row for row in tables["claims"].filter(kind=OUTCOME).to_dicts()}
    insights = insights_of(tables["decisions"])
    return [
        _listed(one, tables, outcomes.get(one.insight_id) if one.shipped_on else None)
        for one in sorted(insights, key=lambda one: STATUSES.index(one.status))
    ]


def _listed(
    insight: Insight, tables: Mapping[str, pl.DataFrame], outcome: Mapping[str, Any] | None
) -> Listed:
    last = insight.last
    points = dict(tables["key_points"].select("key_point_id", "text").iter_rows())
    about = name_of(insight, tables, points) or GONE
    kind = CLAIM_KINDS[insight.kind].title
    return Listed(
        insight_id=insight.insight_id,
        status=insight.status,
        since=(last.on or last.at) if last else None,
        by=last.by if last else "",
        owner=insight.owner,
        about=f"{kind}: {about}",
        topics=tuple(topics_of(insight, tables)),
        verdict=outcome["verdict"] if outcome else None,
        outcome=outcome["headline"] if outcome else "",
        decisions=insight.decisions,
    )
