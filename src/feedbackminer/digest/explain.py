"""Say in words what a claim's number is, how sure it is and who is behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

METRICS: Mapping[str, str] = {
    "share_of_members": "of the members who wrote in this period",
    "share_of_topic_voices": "of the members who speak on this topic",
    "ratio_of_voice_rates": "times the previous window's share of active members",
    "ratio_to_usual_share": "times this topic's usual share of active members",
    "ratio_first_posts_to_others": "times as common in first posts as in other posts",
    "share_of_question_threads": "of the threads that open with a question",
    "share_of_component_voices": "of the members who speak of this part of the product",
    "share_of_topic_posts": "of the members' posts on this topic",
    "members": "members",
    "share_of_top_10": "of all members' posts",
    "share_of_answered_questions": "of answered questions",
    "median_hours": "hours until the first reply, half of them within the range",
}
# A ratio to nothing has no value; this is what it says.
UNBOUNDED: Mapping[str, str] = {
    "ratio_of_voice_rates": "up from nobody in the previous window",
    "ratio_first_posts_to_others": "in first posts only, never in other posts",
}
FORMULAS: Mapping[str, str] = {
    "share_of_members": (
        "distinct members behind the claim / distinct members of the period; Wilson interval"
    ),
    "share_of_topic_voices": (
        "distinct members behind the claim / distinct members on the topic; Wilson interval"
    ),
    "ratio_of_voice_rates": (
        "(voices now / active now) / (voices before / active before); exact binomial interval; "
        "q is the p-value corrected for all topics compared (Benjamini-Hochberg)"
    ),
    "ratio_to_usual_share": (
        "share of active members in the peak / mean share over the period; p from the binomial "
        "tail, times the number of bins; q corrected for all topics"
    ),
    "ratio_first_posts_to_others": (
        "share of members' first posts / share of their other posts; exact binomial interval"
    ),
    "share_of_question_threads": (
        "question threads without a reply by another person / question threads; Wilson interval"
    ),
    "share_of_component_voices": (
        "distinct members with a clause on this part that sounds negative / distinct members with "
        "a clause on it; Wilson interval"
    ),
    "share_of_topic_posts": (
        "posts of the loudest member / posts of all members on the topic; Wilson interval"
    ),
    "members": "distinct members who wrote in the period; staff and bots are not counted",
    "share_of_top_10": (
        "posts of the ten most active members / posts of all members; Wilson interval"
    ),
    "share_of_answered_questions": (
        "answered questions whose first answer came from a member / answered questions"
    ),
    "median_hours": (
        "median of hours from question to first reply by another person; the range is the "
        "middle half"
    ),
}
KIND_NAMES: Mapping[str, str] = {
    "topic": "Talk", "problem": "Problem", "love": "Loved", "request": "Wish", "churn": "Leaving",
    "change": "Change", "surge": "Surge", "newcomers": "Newcomers", "unanswered": "Unanswered",
    "loud": "Loud voice", "community": "Community", "severe": "Severe", "component": "Part",
    "need": "Need",
}  # fmt: skip
# Which label of the heads a kind of claim rests on, beside those that are always sure enough.
RESTS_ON: Mapping[str, str] = {
    "love": "praise",
    "request": "feature_request",
    "churn": "churn",
    "severe": "3",
    "component": "tone",
}
SEVERITIES: Mapping[int, str] = {
    4: "data lost, security at risk, or the product cannot be used at all",
    3: "an important function does not work for the writer",
    2: "something works badly, in part, or there is a way round",
    1: "cosmetic, a small annoyance",
}
SEGMENTS: Mapping[str, str] = {
    "newcomer": "first post in the last 30 days",
    "regular": "at least 5 posts, the last one in the last 90 days",
    "veteran": "at least 20 posts over at least 180 days, the last one in the last 90 days",
    "lapsed": "at least 3 posts, the last one more than 90 days ago",
    "occasional": "everybody else",
}


def number(claim: Mapping[str, Any]) -> str:
    """Write a claim's value with its interval: ``41 % (33 to 49 %)`` or ``9.0 times``."""
    value, low, high = claim["value"], claim["low"], claim["high"]
    is_share = claim["metric"].startswith("share")
    shown = _one(value, is_share, with_unit=True)
    if low is None or high is None:
        return shown
    lowest = _one(low, is_share, with_unit=False)
    return f"{shown} ({lowest} to {_one(high, is_share, with_unit=True)})"


def sentence(claim: Mapping[str, Any]) -> str:
    """Write the number as a phrase: ``41 % (33 to 49 %) of the members who …``."""
    if claim["value"] is None:
        return UNBOUNDED[claim["metric"]]
    return f"{number(claim)} {METRICS[claim['metric']]}"


def trust(claim: Mapping[str, Any]) -> str:
    """Write who is behind a claim: voices, posts, and how evenly they speak."""
    parts = [_count(claim["n_voices"], "voice"), _count(claim["n_posts"], "post")]
    effective = claim["effective_voices"]
    if effective and claim["n_voices"] >= 2 * effective:
        parts.append(f"as concentrated as {_count(round(effective), 'equally loud member')}")
    if claim["q"] is not None:
        parts.append(f"q {_small(claim['q'])}")
    return " · ".join(parts)


def _one(value: float, is_share: bool, *, with_unit: bool) -> str:
    if is_share:
        digits = 1 if value < 0.1 else 0
        return f"{100 * value:.{digits}f}{' %' if with_unit else ''}"
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _count(n: int, thing: str) -> str:
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"


def _small(q: float) -> str:
    return "< 0.001" if q < 0.001 else f"{q:.3f}"
