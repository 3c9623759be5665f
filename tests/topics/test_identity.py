"""A topic keeps its id while its centre stays where it was; no id is ever used twice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.topics.cluster import Matrix, unit
from feedbackminer.topics.identity import from_bytes, match, new_ids, to_bytes

AXES = np.eye(4, dtype=np.float32)
IDS = ["t001", "t002", "t003", "t004"]


def noisy(centres: Matrix, seed: int) -> Matrix:
    noise = np.random.default_rng(seed).normal(0, 0.1, centres.shape)
    return unit((centres + noise).astype(np.float32))


@given(st.permutations(range(4)), st.integers(0, 1_000))
def test_topics_keep_their_ids_in_another_order_and_a_little_moved(
    order: list[int], seed: int
) -> None:
    assert match(noisy(AXES[order], seed), AXES, IDS) == [IDS[i] for i in order]


def test_a_topic_elsewhere_is_a_new_one() -> None:
    assert match(AXES[[0, 3]], AXES[:3], IDS[:3]) == ["t001", None]


def test_a_topic_that_has_moved_too_far_is_a_new_one() -> None:
    moved = unit(AXES[:1] + 0.8 * AXES[1:2])  # a cosine of 0.78
    assert match(moved, AXES[:1], ["t001"]) == [None]


def test_when_a_topic_splits_only_the_nearer_half_keeps_its_id() -> None:
    near, nearer = unit(AXES[:1] + 0.4 * AXES[1:2]), unit(AXES[:1] + 0.1 * AXES[1:2])
    assert match(np.vstack([near, nearer]), AXES[:1], ["t001"]) == [None, "t001"]


def test_centres_of_another_encoder_match_nothing() -> None:
    assert match(AXES, np.eye(3, dtype=np.float32), IDS[:3]) == [None] * 4


def test_without_earlier_topics_all_are_new() -> None:
    assert match(AXES, from_bytes([]), []) == [None] * 4
    assert match(from_bytes([]), AXES, IDS) == []


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
