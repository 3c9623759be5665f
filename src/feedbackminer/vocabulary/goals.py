"""Measures of a community that a team may follow, and which way each is better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

MeasureName = Literal[
    "members", "welcome", "unanswered", "first_reply", "peer_answers", "helpers", "top_10"
]


@dataclass(frozen=True)
class Measure:
    """A number of the community, by the metric of the claim that tells it.

    Attributes:
        unit: after the number that is to be reached.
        has_interval: the limits of the claim say how sure its number is.
    """

    name: MeasureName
    title: str
    metric: str
    more_is_better: bool
    unit: str = ""
    has_interval: bool = True


MEASURES: Mapping[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure("members", "Members who wrote", "members", True),
        Measure("welcome", "Newcomers answered within a day", "share_of_newcomers", True),
        Measure("unanswered", "Questions without an answer", "share_of_question_threads", False),
        Measure(
            "first_reply", "Hours until half have a reply", "median_hours", False, " hours", False
        ),
        Measure("peer_answers", "Answered by members", "share_of_answered_questions", True),
        Measure("helpers", "Members who write half of the replies", "helpers_of_half", True),
        Measure("top_10", "Posts of the ten most active", "share_of_top_10", False),
    )
}
