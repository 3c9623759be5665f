"""How likely a post does something: kinds, any problem, how it goes for its writer."""

from __future__ import annotations

import polars as pl

from feedbackminer.vocabulary.given import BOTH_SIDES, is_given
from feedbackminer.vocabulary.tags import (
    ANY_PROBLEM,
    EXPERIENCES,
    HEADLINES,
    KINDS,
    PROBLEMS,
    SIDES,
    UNSURE,
)


def chance_column(label: str) -> str:
    """Return the column of facts that holds the chance of one of ``SHARES``."""
    return f"p_{label}"


def chance_of(label: str) -> pl.Expr:
    """Return how likely a row of ``tags`` does one of ``SHARES``, 0 to 1.

    Where there are no probabilities, what is given is certain and nothing else is there; null
    where the tagger could not tell.
    """
    if label == ANY_PROBLEM:
        return _of_any_problem()
    return _of_side(label) if label in SIDES else _of_kind(label)


def _of_any_problem() -> pl.Expr:
    """Take that of the likeliest kind: kinds of problems come together."""
    return pl.max_horizontal(chance_of(kind) for kind in PROBLEMS)


def _of_kind(kind: str) -> pl.Expr:
    chances = pl.col("kind_chances")
    return (
        pl.when(chances.list.len() > 0)
        .then(_at(chances, KINDS.index(kind)))
        .when(~pl.col("unsure").list.contains(kind))
        .then(is_given(kind).cast(pl.Float64))
    )


def _of_side(side: str) -> pl.Expr:
    chances = pl.col("experience_chances")
    either = [_at(chances, EXPERIENCES.index(name)) for name in (side, BOTH_SIDES)]
    return (
        pl.when(chances.list.len() > 0)
        .then(pl.sum_horizontal(either).clip(upper_bound=1.0))
        .when(pl.col("experience").cast(pl.String) != UNSURE)
        .then(is_given(side).cast(pl.Float64))
    )


def _at(chances: pl.Expr, index: int) -> pl.Expr:
    return chances.list.get(index, null_on_oob=True)


def headline_chance(name: str) -> pl.Expr:
    """Return the chance of a sentence to say, or be, one of ``HEADLINES``; null: it was erased."""
    return _at(pl.col("chances"), HEADLINES.index(name))
