"""What an alert can be: its rules, its causes, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from feedbackminer.vocabulary.tags import LABEL_TITLES


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One thing to be alerted of.

    Attributes:
        title: one plain line that stays the same as long as the alert does.
        action: what to do first.
        falls: fewer members than usual are alerted of, not more.
        needs_end: what is missing at the end of what was read looks like it.
    """

    title: str
    action: str
    falls: bool = False
    needs_end: bool = False


NEW, RISING, LEAVING, UNANSWERED, SILENT = "new", "rising", "leaving", "unanswered", "silent"
RULES: Mapping[str, Rule] = {
    NEW: Rule(title="New: {subject}", action="Read the posts: what began?"),
    RISING: Rule(title="More members than usual: {subject}", action="Read the posts: what began?"),
    LEAVING: Rule(
        title="More members than usual talk of leaving",
        action="Read why they leave, and who answers them.",
    ),
    UNANSWERED: Rule(
        title="More questions than usual wait for an answer",
        action="See who usually answers, and whether they are away.",
        needs_end=True,
    ),
    SILENT: Rule(
        title="Fewer members than usual: {subject}",
        action="Check whether it is still read, and whether people can still write there.",
        falls=True,
        needs_end=True,
    ),
}

REAL, MIX, MEMBER, THREAD, INCOMPLETE, MODEL = CAUSES = (
    "real", "mix", "member", "thread", "incomplete", "model",
)  # fmt: skip
CAUSE_TITLES = {  # only what is real is sent
    REAL: "real",
    MIX: "another mix of sources",
    MEMBER: "one loud member",
    THREAD: "one thread",
    INCOMPLETE: "the end is missing",
    MODEL: "a new model",
}
OPEN, ACKNOWLEDGED, SNOOZED, CLOSED = STATUSES = ("open", "acknowledged", "snoozed", "closed")
# Of the log; a message is written when an alert is opened, grows or is opened again.
EVENTS = (*STATUSES, "told")

CHURN = "churn"
NO_TROUBLE = ("praise", "good", "feature_request")  # labels that nobody is to be called for
TROUBLE_TITLES = {
    label: title for label, title in LABEL_TITLES.items() if label not in {*NO_TROUBLE, CHURN}
}
