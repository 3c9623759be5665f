"""What a tag can be: sentiments, experiences, kinds; roles, levels, heads, checks of health."""

from __future__ import annotations

SENTIMENTS = ("negative", "neutral", "positive")
UNSURE = "unsure"  # instead of a sentiment: none is likely enough
EXPERIENCES = ("bad", "good", "mixed", "none")  # how it goes for the writer, as told
KINDS = (
    "bug",
    "feature_request",
    "question",
    "complaint",
    "praise",
    "usability",
    "performance",
    "documentation",
    "pricing",
    "churn",
)
ASSERTED = "asserted"
# How a sentence speaks of something: only what is asserted counts for a kind.
STATUSES = (ASSERTED, "negated", "over", "hypothetical", "another", "quoted")
PROBLEMS = ("bug", "complaint", "usability", "performance", "documentation")  # can be severe
ANY_PROBLEM = "any_problem"
SIDES = ("bad", "good")  # of an experience; one that is mixed has both
SHARES = (*KINDS, ANY_PROBLEM, *SIDES)  # what a share of members is estimated of
LABEL_TITLES = {  # what posts do, by one of ``SHARES``
    "bug": "Reports of bugs",
    "feature_request": "Wishes",
    "question": "Questions",
    "complaint": "Complaints",
    "praise": "Praise",
    "usability": "Trouble with using it",
    "performance": "Reports that it is slow",
    "documentation": "Trouble with the documentation",
    "pricing": "Talk of prices",
    "churn": "Talk of leaving",
    ANY_PROBLEM: "Problems of any kind",
    "bad": "Bad experiences",
    "good": "Good experiences",
}
NOTHING = "nothing"  # the status of a sentence that speaks of nothing
SPEECH = (*STATUSES, NOTHING)
TONE = "tone"  # the head that tells how a clause sounds, from its words alone
SAYS = ("problem", "request", "question", "praise")  # what a sentence can head a digest with
# The kinds of a post in which a person finds that a sentence of it can say so.
SAID_IN = {
    "problem": (
        "bug",
        "complaint",
        "usability",
        "performance",
        "documentation",
        "pricing",
        "churn",
    ),
    "request": ("feature_request",),
    "question": ("question",),
    "praise": ("praise",),
}
STANDS, FIT = "stands", "fit"  # it can be understood alone, and as a headline
HEADLINE = "headline"  # the head that tells both of single sentences
HEADLINES = (*SAYS, STANDS, FIT)
SENTENCE_HEADS = (TONE, "status", "spoken")  # the last: which kinds a sentence speaks of
POST_HEADS = ("sentiment", "experience", "severity", "kinds")  # read what sentences do as well
KNOWN = "known"  # the head that tells whether texts are like those that the heads know
# In the order in which they are trained; the last is measured with all others.
HEADS = (*SENTENCE_HEADS, HEADLINE, KNOWN, *POST_HEADS)
ANSWERS = ("sentiment", "kinds", "severity")  # what people are asked of a post
FITTED = (*ANSWERS, TONE)  # heads that can be fitted to a project by the answers
PERIOD, HISTORY = SCOPES = ("period", "history")  # what a claim is of: the latest time, or all
LEVELS = ("theme", "topic", "subtopic")
CHECKS = (
    "posts_per_day",
    "silent_source",
    "dropped_share",
    "unsorted_share",
    "unsure_share",
    "language_mix",
    "embedding_drift",
)
ANSWERED_BY = ("link", "quote", "mention", "turn", "order")  # what tells whom a post answers
# What tells that an answer is the best of its thread; the last is a guess.
HELPED = ("accepted", "works", "thanked", "liked", "longest")
ROLES = ("member", "staff", "bot", "unknown")
