"""A key point keeps its id as long as the same posts say it; no id is used twice."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.keypoints.identity import Behind, key_point_ids

POSTS = st.frozensets(st.sampled_from("abcdefgh"), min_size=1)


def said(post_ids: Iterable[str]) -> Behind:
    """Return what is behind a point that each of some posts says in words of its own."""
    ids = frozenset(post_ids)
    return Behind(ids, frozenset(f"As {i} says." for i in ids))


def test_an_id_tells_nothing_of_the_post_that_heads_a_point() -> None:
    (one,) = key_point_ids({("problem", "p1", 1): said("abc")}, {}).values()
    (other,) = key_point_ids({("problem", "p2", 7): said("abc")}, {}).values()
    assert one == other


def test_the_same_posts_keep_the_id_though_another_sentence_heads_them() -> None:
    (first,) = key_point_ids({("problem", "p1", 1): said("abc")}, {}).values()
    again = key_point_ids({("problem", "p2", 4): said("abcd")}, {first: frozenset("abc")})
    assert again == {("problem", "p2", 4): first}


def test_other_posts_get_another_id_though_the_same_sentence_heads_them() -> None:
    (first,) = key_point_ids({("problem", "p1", 1): said("abc")}, {}).values()
    (other,) = key_point_ids(
        {("problem", "p1", 1): said("xyz")}, {first: frozenset("abc")}
    ).values()
    assert other != first


def test_a_question_is_no_problem_though_the_same_posts_say_it() -> None:
    (first,) = key_point_ids({("problem", "p1", 1): said("abc")}, {}).values()
    (other,) = key_point_ids(
        {("question", "p1", 2): said("abc")}, {first: frozenset("abc")}
    ).values()
    assert other.startswith("question-")


@given(st.lists(POSTS, max_size=5), st.lists(POSTS, max_size=5))
def test_every_point_has_an_id_of_its_own(
    now: list[frozenset[str]], before: list[frozenset[str]]
) -> None:
    earlier = key_point_ids({("problem", f"o{i}", 1): said(p) for i, p in enumerate(before)}, {})
    was = {earlier["problem", f"o{i}", 1]: posts for i, posts in enumerate(before)}
    ids = key_point_ids({("problem", f"n{i}", 1): said(posts) for i, posts in enumerate(now)}, was)
    assert len({*ids.values()}) == len(now)
    assert key_point_ids({}, was) == {}
