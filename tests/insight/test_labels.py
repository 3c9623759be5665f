"""Chances of labels: those of the heads, certain where a person or a rule said it, else unknown."""

from typing import Any

import pytest

from feedbackminer.insight.labels import chance_of
from feedbackminer.vocabulary.given import is_given
from feedbackminer.vocabulary.tags import KINDS, SHARES, SIDES, UNSURE
from tests.support.builders import tags


def chances(**tag: Any) -> dict[str, float | None]:
    """Return the chance of every label of one post."""
    frame = tags({"post_id": "p0"} | tag)
    (row,) = frame.select(**{label: chance_of(label) for label in SHARES}).to_dicts()
    return row


def of_kinds(**likely: float) -> list[float]:
    """Return probabilities of kinds; of those that are not named 0.01."""
    return [likely.get(kind, 0.01) for kind in KINDS]


def test_a_kind_is_as_likely_as_the_head_says_whether_it_was_given_or_not() -> None:
    tag = {
        "kinds": ["bug"],
        "kind_chances": of_kinds(bug=0.9, question=0.3),
        "unsure": ["question"],
    }
    likely = chances(**tag)
    assert (likely["bug"], likely["question"], likely["churn"]) == (0.9, 0.3, 0.01)


def test_what_a_rule_found_is_certain_and_nothing_else_is_there() -> None:
    likely = chances(kinds=["bug"], experience="bad")
    assert {label for label, p in likely.items() if p == 1} == {"bug", "any_problem", "bad"}
    assert {label for label, p in likely.items() if p == 0} == {*SHARES} - {
        "bug", "any_problem", "bad",
    }  # fmt: skip


def test_praise_that_sounds_bad_is_none_unless_a_head_says_so() -> None:
    ironic = {"kinds": ["praise"], "sentiment": "negative"}
    assert chances(**ironic)["praise"] == 0
    assert chances(**ironic, kind_chances=of_kinds(praise=0.8))["praise"] == 0.8


def test_where_no_head_could_tell_nothing_is_known() -> None:
    likely = chances(experience=UNSURE, unsure=["sentiment", "experience", *KINDS])
    assert set(likely.values()) == {None}


def test_any_problem_is_as_likely_as_the_likeliest_kind_of_problem() -> None:
    likely = chances(kind_chances=of_kinds(bug=0.4, performance=0.6, praise=0.9))
    assert likely["any_problem"] == 0.6


def test_an_experience_that_is_mixed_is_bad_and_good() -> None:
    likely = chances(experience=UNSURE, experience_chances=[0.5, 0.1, 0.2, 0.2])
    assert (likely["bad"], likely["good"]) == pytest.approx((0.7, 0.3))
    by_rules = chances(experience="mixed")
    assert (by_rules["bad"], by_rules["good"]) == (1, 1)


@pytest.mark.parametrize("label", SIDES)
def test_a_sum_of_chances_is_no_more_than_certain(label: str) -> None:
    likely = chances(experience_chances=[0.5, 0.5, 0.5 + 1e-12, 0.0])
    assert likely[label] == 1


@pytest.mark.parametrize(
    ("tag", "given"),
    [
        ({}, set[str]()),
        ({"kinds": ["bug", "praise"]}, {"bug", "praise", "any_problem"}),
        ({"kinds": ["churn"], "experience": "mixed"}, {"churn", "bad", "good"}),
        ({"experience": UNSURE, "kind_chances": of_kinds(bug=0.6)}, set[str]()),
    ],
)
def test_what_is_given_is_what_surely_is_so(tag: dict[str, Any], given: set[str]) -> None:
    frame = tags({"post_id": "p0"} | tag)
    (row,) = frame.select(**{label: is_given(label) for label in SHARES}).to_dicts()
    assert {label for label, is_so in row.items() if is_so} == given
