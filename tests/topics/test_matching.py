"""A topic keeps its id while its centre stays where it was; no id is ever used twice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.topics.labels import UNSORTED, Labels
from feedbackminer.topics.matching import PreviousLabels, lineage_events, match, new_ids
from feedbackminer.vectors import Matrix, from_bytes, to_bytes, unit

AXES = np.eye(4, dtype=np.float32)
IDS = ["t001", "t002", "t003", "t004"]
NOBODY: Labels = np.zeros(0, dtype=np.int64)


def noisy(centres: Matrix, seed: int) -> Matrix:
    noise = np.random.default_rng(seed).normal(0, 0.05, centres.shape)
    return unit((centres + noise).astype(np.float32))


def by_meaning(new: Matrix, old: Matrix) -> list[str | None]:
    """Match topics of which no post is known."""
    return match(NOBODY, new, PreviousLabels(IDS[: len(old)], old, NOBODY))


def by_posts(new: list[int], old: list[int], *, topics: int) -> list[str | None]:
    """Match topics of like meaning by the posts they hold."""
    earlier = PreviousLabels(IDS[: max(old) + 1], AXES[: max(old) + 1], np.array(old))
    return match(np.array(new), np.repeat(AXES[3:], topics, axis=0), earlier)


@given(st.permutations(range(4)), st.integers(0, 1_000))
def test_topics_keep_their_ids_in_another_order_and_a_little_moved(
    order: list[int], seed: int
) -> None:
    assert by_meaning(noisy(AXES[order], seed), AXES) == [IDS[i] for i in order]


def test_a_topic_elsewhere_is_a_new_one() -> None:
    assert by_meaning(AXES[[0, 3]], AXES[:3]) == ["t001", None]


def test_a_topic_that_has_moved_too_far_is_a_new_one() -> None:
    assert by_meaning(unit(AXES[:1] + 0.5 * AXES[1:2]), AXES[:1]) == [None]  # a cosine of 0.89


def test_a_topic_is_the_one_that_held_its_posts_whatever_it_means() -> None:
    assert by_posts([1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1], topics=2) == ["t002", "t001"]


def test_new_posts_make_no_topic_another_one() -> None:
    known, new = [0, 0, 0], [UNSORTED] * 30
    assert by_posts([0] * 33, [*known, *new], topics=1) == ["t001"]


def test_when_a_topic_splits_only_the_larger_half_keeps_its_id() -> None:
    assert by_posts([0, 0, 1, 1, 1, 1], [0] * 6, topics=2) == [None, "t001"]


def test_centres_of_another_encoder_match_nothing_unless_by_posts() -> None:
    other = np.eye(3, dtype=np.float32)
    assert by_meaning(AXES, other) == [None] * 4
    held = np.array([0, 0, 1, 1])
    assert match(held, AXES[:2], PreviousLabels(IDS[:2], other[:2], held)) == ["t001", "t002"]


def test_without_earlier_topics_all_are_new() -> None:
    assert by_meaning(AXES, from_bytes([])) == [None] * 4
    assert by_meaning(from_bytes([]), AXES) == []


def events(new: list[int], ids: list[str], old: list[int]) -> list[tuple[str, str, str]]:
    earlier = PreviousLabels(IDS[: max(old, default=-1) + 1], AXES, np.array(old, dtype=np.int64))
    told = lineage_events(np.array(new, dtype=np.int64), ids, earlier)
    return [(event.event, event.from_id, event.to_id) for event in told]


def test_a_topic_that_took_over_from_another_was_split_off() -> None:
    assert events([0, 0, 0, 1, 1], ["t001", "t009"], [0] * 5) == [("split", "t001", "t009")]


def test_a_topic_whose_posts_went_elsewhere_was_merged() -> None:
    assert events([0] * 5, ["t001"], [0, 0, 0, 1, 1]) == [("merge", "t002", "t001")]


def test_a_topic_of_posts_that_had_none_is_born() -> None:
    assert events([0, 1, 1], ["t001", "t002"], [0, -1, -1]) == [("birth", "", "t002")]


def test_a_topic_that_lost_all_its_posts_is_retired() -> None:
    assert events([0, -1, -1], ["t001"], [0, 1, 1]) == [("retirement", "t002", "")]


@pytest.mark.parametrize(
    ("count", "used", "want"),
    [
        (2, [], ["t001", "t002"]),
        (2, ["t001", "t007"], ["t008", "t009"]),
        (1, ["named-by-hand"], ["t001"]),
        (1, ["t999"], ["t1000"]),
        (1, ["t1000", "t002"], ["t1001"]),
        (0, ["t001"], []),
    ],
)
def test_new_ids_go_on_after_the_highest(count: int, used: list[str], want: list[str]) -> None:
    assert new_ids(count, used) == want


@given(st.integers(0, 20), st.lists(st.from_regex(r"t\d{3,5}", fullmatch=True)))
def test_an_id_is_never_used_twice(count: int, used: list[str]) -> None:
    fresh = new_ids(count, used)
    assert len(set(fresh)) == count
    assert not set(fresh) & set(used)


def test_centres_come_back_from_the_store() -> None:
    np.testing.assert_allclose(from_bytes(to_bytes(noisy(AXES, 1))), noisy(AXES, 1), atol=1e-3)
