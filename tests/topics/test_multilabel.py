"""A long post may be about more than one thing."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from feedbackminer.settings.sections import TopicSettings
from feedbackminer.topics.result import TopicResult
from feedbackminer.topics.stage import find_topics
from feedbackminer.topics.topic_set import Provenance
from feedbackminer.vectors import Matrix, unit
from tests.support.builders import segments
from tests.support.topic_community import EACH, EVERYBODY, corrected, posts_of, tables_of

pytestmark = pytest.mark.slow

# Posts 0 to 19 are about subject 0 and have two parts; those of 0 to 4 have a second one on 1.
LONG, MIXED = 20, 5


def parts(about: int) -> tuple[pl.DataFrame, Matrix]:
    """Return parts of the first posts, and their vectors: the second of a few is ``about``.

    These lie where their subject is plainest; -1 is about nothing that anybody speaks of.
    """
    _, vectors = EVERYBODY
    of_post = np.repeat(np.arange(LONG), 2)
    lies = vectors[of_post].copy()
    second = np.arange(1, 2 * MIXED, 2)
    lies[second] = np.eye(32)[about] if about >= 0 else far(MIXED)
    told = ((f"p{post:04d}", f"part {n}") for n, post in enumerate(of_post))
    return segments(*told), lies


def far(count: int) -> Matrix:
    noise = np.random.default_rng(7).normal(size=(count, 32)).astype(np.float32)
    noise[:, :6] = 0
    return unit(noise)


def find(
    about: int = 1, before: TopicResult | None = None, corrections: pl.DataFrame | None = None
) -> TopicResult:
    table, lies = parts(about)
    return find_topics(
        posts_of(*EVERYBODY, segments=table, segment_vectors=lies),
        tables_of(before, corrections),
        settings=TopicSettings(seed=1),
        provenance=Provenance("axes", "r"),
    )


def further(found: TopicResult) -> dict[str, str]:
    return dict(
        found.assignments.filter(pl.col("rank") > 1).select("post_id", "topic_id").iter_rows()
    )


def main(found: TopicResult) -> dict[str, str]:
    return dict(found.assignments.filter(rank=1).select("post_id", "topic_id").iter_rows())


@pytest.fixture(scope="module")
def first() -> TopicResult:
    return find()


def test_a_part_about_something_else_gives_its_post_a_second_topic(first: TopicResult) -> None:
    other = main(first)[f"p{EACH:04d}"]
    assert set(further(first).values()) == {other}
    assert set(further(first)) == {f"p{n:04d}" for n in range(MIXED)}
    assert first.assignments.filter(rank=2)["score"].min() > 0.5  # type: ignore[operator]


def test_the_account_counts_each_post_once(first: TopicResult) -> None:
    assert first.account.rows_out == len(main(first))
    assert first.topics.filter(level="topic")["size"].sum() == len(main(first))


def test_a_part_that_is_near_no_topic_gives_none() -> None:
    assert further(find(about=-1)) == {}


def test_further_topics_are_the_same_when_posts_join_known_topics(first: TopicResult) -> None:
    again = find(before=first)
    assert "joined known topics" in again.how
    assert further(again) == further(first)


def test_topics_that_people_merged_are_not_a_post_s_first_and_second(first: TopicResult) -> None:
    own, other = main(first)["p0000"], main(first)[f"p{EACH:04d}"]
    merged = corrected({"action": "merge", "topic_id": other, "to": own})
    assert further(find(before=first, corrections=merged)) == {}
