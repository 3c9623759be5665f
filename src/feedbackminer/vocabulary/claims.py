"""What a claim can be: its kinds, its metrics, and how each is said."""

from __future__ import annotations

from collections.abc import Mapping

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
# Which kinds a sentence should have to stand for a claim of this kind.
WANTED: Mapping[str, frozenset[str]] = {
    "problem": frozenset({"bug", "complaint", "usability", "performance", "documentation"}),
    "love": frozenset({"praise"}),
    "request": frozenset({"feature_request"}),
    "severe": frozenset({"bug", "complaint", "usability", "performance", "documentation"}),
    "churn": frozenset({"churn"}),
    "newcomers": frozenset({"question", "bug", "usability", "documentation"}),
    "unanswered": frozenset({"question", "bug"}),
}
UNWANTED: Mapping[str, frozenset[str]] = {
    "love": frozenset({"bug", "complaint", "question"}),
    "problem": frozenset({"praise"}),
}
# How much the sentiment of a sentence says for it: praise should sound like it.
FEELING: Mapping[str, float] = {"love": 0.6, "problem": -0.1, "churn": -0.1, "component": -0.5}
# Kinds that count threads or describe the community need no number of voices.
COUNTED_OTHERWISE = ("topic", "unanswered", "loud", "community")
