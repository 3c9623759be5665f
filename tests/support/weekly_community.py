"""A steady community to plant drifts in: half a year of weeks that are alike but for chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from feedbackminer.health.weeks import Recent
from tests.support.builders import day

WEEKS, WEEKLY = 27, 60
END = day(7 * WEEKS)
SIZE = 16  # of a vector


def community(
    weekly: Sequence[int] = (WEEKLY,) * WEEKS,
    *,
    seed: int = 0,
    foreign: float = 0.02,
    unsorted: float = 0.1,
    unsure: float = 0.5,
    elsewhere: float = 0.0,
) -> Recent:
    """Return a community whose latest week is as given; the weeks before are as the defaults.

    Args:
        weekly: posts of each week, the latest first.
        foreign: share of posts in French, which cleaning drops.
        unsorted: share of texts without a topic; ``unsure``: with a tag that is unsure.
        elsewhere: share of texts about another subject.
    """
    chance = np.random.default_rng(seed)
    weeks = np.repeat(np.arange(len(weekly)), weekly)

    def drawn(usual: float, latest: float) -> pl.Series:
        return pl.Series(
            chance.random(len(weeks)) < np.where(weeks == 0, latest, usual), dtype=pl.Boolean
        )

    is_foreign, is_elsewhere = drawn(0.02, foreign), drawn(0.0, elsewhere).to_numpy()
    ages = weeks * 7 + chance.uniform(0.001, 6.999, len(weeks))
    posts = pl.DataFrame({
        "post_id": [f"p{number}" for number in range(len(weeks))],
        "source": ["forum"] * len(weeks),
        "created_at": pl.Series(
            [day(7 * WEEKS - age) for age in ages.tolist()], dtype=pl.Datetime("us", "UTC")
        ),
        "week": weeks,
        "language": is_foreign.replace_strict({True: "fr", False: "en"}, return_dtype=pl.String),
        "is_dropped": is_foreign,
        "is_unsorted": drawn(0.1, unsorted),
        "is_unsure": drawn(0.5, unsure),
    }, schema_overrides={"post_id": pl.String, "source": pl.String})  # fmt: skip
    subjects = np.where(is_elsewhere[:, None], np.eye(SIZE)[1], np.eye(SIZE)[0])
    vectors = subjects + chance.normal(0, 0.3, (len(weeks), SIZE))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Recent(
        posts=posts,
        vectors=vectors.astype(np.float32),
        vector_weeks=weeks,
        end=END,
        n_weeks=max(len(weekly) - 1, 0),
    )
