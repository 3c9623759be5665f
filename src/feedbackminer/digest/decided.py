"""What was done about what was said before: decisions, as a digest tells of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import polars as pl

from feedbackminer.digest.views import ClaimView, DecidedView, Mark
from feedbackminer.vocabulary.claims import OUTCOME
from feedbackminer.vocabulary.decisions import (
    OPEN,
    REJECTED,
    STATUSES,
    Insight,
    insights_of,
    topics_today,
)

SHIPPED_MARK = "shipped"  # the kind of a mark on a timeline


def decided_views(
    tables: Mapping[str, pl.DataFrame], views: Sequence[ClaimView]
) -> list[DecidedView]:
    """Return what was decided and stands, first what was shipped, the latest of each first.

    Args:
        tables: decisions, topics and lineage.
        views: claims that are shown; what of a key point is told is what one of these quotes.
    """
    words = {view.key_point_id: view.quoted for view in views if view.key_point_id and view.quoted}
    outcomes = {view.subject: view for view in views if view.kind == OUTCOME}
    decided = [
        DecidedView(
            insight=insight,
            about=name_of(insight, tables, words),
            topic_ids=topics_of(insight, tables),
            outcome=outcomes.get(insight.insight_id) if insight.shipped_on else None,
        )
        for insight in insights_of(tables["decisions"])
        if insight.decisions
    ]
    return sorted(decided, key=_order)


def _order(view: DecidedView) -> tuple[int, float]:
    last = view.last
    moment = (last.on or last.at) if last else None
    return STATUSES.index(view.insight.status), -moment.timestamp() if moment else 0.0


def topics_of(insight: Insight, tables: Mapping[str, pl.DataFrame]) -> list[str]:
    """Return the topics of today that have the posts of an insight; of a key point none."""
    if insight.key_point_id or not insight.topic_id:
        return []
    return topics_today(insight.topic_id, tables["topics"], tables["lineage"])


def name_of(insight: Insight, tables: Mapping[str, pl.DataFrame], words: Mapping[str, str]) -> str:
    """Return what an insight is about, as it is called today; empty: nothing of today is it.

    Args:
        tables: topics and lineage.
        words: by key point, how a member says it.
    """
    if insight.key_point_id:
        said = words.get(insight.key_point_id)
        return f"“{said}”" if said else ""
    if not insight.topic_id:
        return insight.subject
    labels = dict(tables["topics"].select("topic_id", "label").iter_rows())
    return " and ".join(labels[name] for name in topics_of(insight, tables))


def news(decided: Sequence[DecidedView], since: datetime | None) -> list[DecidedView]:
    """Return what whoever decides has to know: all but what was rejected before, or only noted."""
    return [
        view
        for view in decided
        if view.insight.status not in (OPEN, REJECTED)
        or (view.last and (since is None or view.last.at >= since))
    ]


def marks_of(decided: Sequence[DecidedView]) -> dict[str, list[Mark]]:
    """Return by topic the days on which something about it was shipped."""
    marks: dict[str, list[Mark]] = {}
    for topic_id, mark in _marks(decided):
        marks.setdefault(topic_id, []).append(mark)
    return marks


def _marks(decided: Sequence[DecidedView]) -> Iterator[tuple[str, Mark]]:
    for view in decided:
        day, last = view.insight.shipped_on, view.last
        if day and last:
            of_point = view.outcome.topic_id if view.outcome else None
            name = f"Shipped: {last.text or view.title.lower()} ({last.by})"
            for topic_id in view.topic_ids or filter(None, [of_point]):
                yield topic_id, Mark(day, name, SHIPPED_MARK)
