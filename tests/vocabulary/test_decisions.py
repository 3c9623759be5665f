"""What stands after all that was decided, and where the posts of a topic are today."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import polars as pl
import pytest

from feedbackminer.tables import Decisions, Lineage, check, column_types
from feedbackminer.vocabulary.decisions import insight_id, insights_of, topics_today
from tests.support.builders import day, topics

ABOUT = {"kind": "problem", "topic_id": "t001", "key_point_id": None, "subject": ""}


def decisions(*rows: dict[str, Any]) -> pl.DataFrame:
    plain: dict[str, Any] = ABOUT | {
        "insight_id": "i-1", "claim_id": "", "undoes": None, "by": "anna", "at": day(1),
        "on": None, "text": "", "threads": [],
    }  # fmt: skip
    frame = [plain | {"number": n} | row for n, row in enumerate(rows, start=1)]
    return check(pl.DataFrame(frame, schema=column_types(Decisions)), Decisions, where="test")


def topics_of(**statuses: str) -> pl.DataFrame:
    status = pl.Series([*statuses.values()])
    return topics(**{name: name for name in statuses}).with_columns(status=status)


def moves(*rows: tuple[str, str, str, str]) -> pl.DataFrame:
    frame = [(event, start, end, run, "human", "") for event, start, end, run in rows]
    built = pl.DataFrame(frame, schema=column_types(Lineage), orient="row")
    return check(built, Lineage, where="test")


def test_the_last_decision_stands_and_notes_leave_it() -> None:
    (insight,) = insights_of(
        decisions(
            {"action": "accept"},
            {"action": "ship", "on": day(9)},
            {"action": "note", "text": "Read the thread of May."},
            {"action": "assign", "text": "dora"},
        )
    )
    assert (insight.status, insight.shipped_on, insight.owner) == ("shipped", day(9), "dora")
    assert [one.action for one in insight.decisions] == ["accept", "ship", "note", "assign"]


def test_what_is_taken_back_stays_a_row_and_counts_no_more() -> None:
    (insight,) = insights_of(
        decisions(
            {"action": "accept"},
            {"action": "ship", "on": day(9)},
            {"action": "undo", "undoes": 2},
        )
    )
    assert (insight.status, insight.shipped_on) == ("accepted", None)


def test_what_is_decided_on_others_in_between_changes_nothing() -> None:
    of_one: list[dict[str, Any]] = [{"action": "accept"}, {"action": "ship", "on": day(3)}]
    of_other: list[dict[str, Any]] = [{"insight_id": "i-2", "action": "accept"}]
    stands = set()
    for order in permutations([0, 1, 2]):
        if order.index(0) < order.index(1):
            rows = [[*of_one, *of_other][place] for place in order]
            stands.add(
                frozenset((one.insight_id, one.status) for one in insights_of(decisions(*rows)))
            )
    assert stands == {frozenset({("i-1", "shipped"), ("i-2", "accepted")})}


def test_an_insight_is_the_same_in_every_period() -> None:
    claim = ABOUT | {"claim_id": "problem-1", "since": day(1)}
    later = ABOUT | {"claim_id": "problem-2", "since": day(30)}
    assert insight_id(claim) == insight_id(later)
    assert insight_id(claim | {"topic_id": "t002"}) != insight_id(claim)
    point = claim | {"key_point_id": "k1"}
    assert insight_id(point | {"kind": "severe", "topic_id": None}) == insight_id(point)


@pytest.mark.parametrize(("kind", "subject"), [("community", ""), ("need", "keep a diary on it")])
def test_a_claim_on_nothing_that_lasts_is_no_insight(kind: str, subject: str) -> None:
    claim = ABOUT | {"kind": kind, "topic_id": None, "subject": subject}
    assert insight_id(claim) is None


def test_a_topic_is_followed_to_where_its_posts_are() -> None:
    known = topics_of(t001="merged", t002="split", t003="active", t004="active", t005="retired")
    lineage = moves(
        ("merge", "t001", "t005", "r1"),
        ("merge", "t001", "t002", "r2"),
        ("split", "t002", "t003", "r3"),
        ("split", "t002", "t004", "r3"),
    )
    assert topics_today("t001", known, lineage) == ["t003", "t004"]
    assert topics_today("t003", known, lineage) == ["t003"]
    assert topics_today("t005", known, lineage) == []


def test_topics_that_went_into_each_other_lead_nowhere() -> None:
    known = topics_of(t001="merged", t002="merged")
    lineage = moves(("merge", "t001", "t002", "r1"), ("merge", "t002", "t001", "r2"))
    assert topics_today("t001", known, lineage) == []
