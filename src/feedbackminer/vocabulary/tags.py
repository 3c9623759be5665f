"""What a tag can be: sentiments, kinds, roles, levels, and the checks of health."""

from __future__ import annotations

SENTIMENTS = ("negative", "neutral", "positive")
UNSURE = "unsure"  # instead of a sentiment: none is likely enough
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
ROLES = ("member", "staff", "bot", "unknown")
PROBLEMS = ("bug", "complaint", "usability", "performance", "documentation")  # can be severe
