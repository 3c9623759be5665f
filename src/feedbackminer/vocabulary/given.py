"""What a post was given: expressions over rows of ``tags``."""

from __future__ import annotations

import polars as pl

from feedbackminer.vocabulary.tags import ANY_PROBLEM, PROBLEMS, SIDES

BOTH_SIDES = "mixed"


def has_kind(*kinds: str) -> pl.Expr:
    """Return whether a post was given any of ``kinds``."""
    return pl.col("kinds").list.set_intersection(list(kinds)).list.len() > 0


def is_given(label: str) -> pl.Expr:
    """Return whether a post was given one of ``SHARES``: what it surely does."""
    if label == ANY_PROBLEM:
        return has_kind(*PROBLEMS)
    if label in SIDES:
        return pl.col("experience").cast(pl.String).is_in([label, BOTH_SIDES])
    if label == "praise":  # “great, it crashed again” is none
        return has_kind(label) & (pl.col("sentiment").cast(pl.String) != "negative")
    return has_kind(label)
