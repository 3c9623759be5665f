"""A key point keeps its id as long as the same posts say it; no id is used twice."""

from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.keypoints.identity import key_point_ids

POSTS = st.frozensets(st.sampled_from("abcdefgh"), min_size=1)


def test_the_same_posts_keep_the_id_though_another_sentence_heads_them() -> None:
    (first,) = key_point_ids({("problem", "p1", 1): frozenset("abc")}, {}).values()
    again = key_point_ids({("problem", "p2", 4): frozenset("abcd")}, {first: frozenset("abc")})
    assert again == {("problem", "p2", 4): first}


def test_other_posts_get_another_id_though_the_same_sentence_heads_them() -> None:
    (first,) = key_point_ids({("problem", "p1", 1): frozenset("abc")}, {}).values()
    (other,) = key_point_ids(
        {("problem", "p1", 1): frozenset("xyz")}, {first: frozenset("abc")}
    ).values()
    assert other != first


def test_a_question_is_no_problem_though_the_same_posts_say_it() -> None:
    (first,) = key_point_ids({("problem", "p1", 1): frozenset("abc")}, {}).values()
    (other,) = key_point_ids(
        {("question", "p1", 2): frozenset("abc")}, {first: frozenset("abc")}
    ).values()
    assert other.startswith("question-")


@given(st.lists(POSTS, max_size=5), st.lists(POSTS, max_size=5))
def test_every_point_has_an_id_of_its_own(
    now: list[frozenset[str]], before: list[frozenset[str]]
) -> None:
    earlier = key_point_ids({("problem", f"o{i}", 1): posts for i, posts in enumerate(before)}, {})
    was = {earlier["problem", f"o{i}", 1]: posts for i, posts in enumerate(before)}
    ids = key_point_ids({("problem", f"n{i}", 1): posts for i, posts in enumerate(now)}, was)
    assert len({*ids.values()}) == len(now)
    assert key_point_ids({}, was) == {}
