"""Members: how long they have been here, whom they help, and who thanks them."""

from typing import Any

import polars as pl
import pytest

from feedbackminer.settings.sections import SegmentSettings
from feedbackminer.signals.stage import read_conversation
from tests.support.builders import day, posts, tags, texts

Post = dict[str, Any]
END = 400  # the last day of the export


def member(name: str, *written: Post) -> dict[str, Any]:
    """Read what is known of one member of a small community."""
    rows = read_conversation(posts(*written), tags(), texts()).members
    return rows.row(named=True, index=rows["author_id"].to_list().index(name))


def wrote(days: list[float], who: str = "ann") -> list[Post]:
    """Let a member write on some days; somebody else writes on the last."""
    posts_of_one = [
        {
            "post_id": f"{who}{i}",
            "author_id": who,
            "created_at": day(when),
            "body": f"{when} {'x' * i}",
        }
        for i, when in enumerate(days)
    ]
    return [*posts_of_one, {"post_id": "end", "author_id": "zoe", "created_at": day(END)}]


def evenly(count: int, first: float, last: float) -> list[float]:
    return [first + (last - first) * i / (count - 1) for i in range(count)]


@pytest.mark.parametrize(
    ("days", "segment"),
    [
        ([END - 30], "newcomer"),
        ([END - 31], "occasional"),
        (evenly(30, END - 20, END), "newcomer"),
        (evenly(5, END - 100, END - 90), "regular"),
        (evenly(4, END - 100, END - 90), "occasional"),
        (evenly(20, END - 270, END - 90), "veteran"),
        (evenly(19, END - 270, END - 90), "regular"),
        (evenly(20, END - 269, END - 90), "regular"),
        (evenly(3, 0, END - 91), "lapsed"),
        (evenly(2, 0, END - 91), "occasional"),
        (evenly(50, 0, END - 91), "lapsed"),
    ],
)
def test_a_member_belongs_to_a_segment_by_tenure_and_activity(
    days: list[float], segment: str
) -> None:
    assert member("ann", *wrote(days))["segment"] == segment


def test_the_settings_say_who_is_of_which_segment_and_an_advocate() -> None:
    rules = SegmentSettings(
        newcomer_days=10, active_days=40, regular_posts=2, veteran_posts=3, veteran_days=60,
        lapsed_posts=2, advocate_helped=2, advocate_thanks=2,
    )  # fmt: skip
    written = [
        *wrote([END - 9], "new"), *wrote([END - 11, END - 12], "regular"),
        *wrote([END - 101, END - 50, END - 40], "veteran"), *wrote([0, END - 41], "gone"),
    ]  # fmt: skip
    by_id = {post["post_id"]: post for post in [*written, *helped(2)]}
    rows = read_conversation(posts(*by_id.values()), tags(), texts(), segments=rules).members
    found = dict(rows.select("author_id", pl.col("segment").cast(pl.String)).iter_rows())
    assert [found[who] for who in ("new", "regular", "veteran", "gone")] == [
        "newcomer", "regular", "veteran", "lapsed",
    ]  # fmt: skip
    early = read_conversation(posts(*helped(2)), tags(), texts(), segments=rules).members
    assert not early["advocate"].any()  # a newcomer is none
    later = {"post_id": "end", "author_id": "zoe", "created_at": day(20)}
    thanked = read_conversation(posts(*helped(2), later), tags(), texts(), segments=rules).members
    assert thanked.filter("advocate")["author_id"].to_list() == ["ann"]


def test_without_dates_everybody_is_occasional() -> None:
    written = [{"post_id": f"p{i}", "created_at": None} for i in range(9)]
    row = member("ann", *written)
    assert (row["segment"], row["first_at"], row["n_posts"]) == ("occasional", None, 9)


def answer(
    number: int, helper: str, reply: str = "Press reset.", after: str = "Thanks!"
) -> list[Post]:
    """Let a member help somebody of their own thread, who then says something."""
    turns = (
        (f"asker{number}", "How?"),
        (helper, f"{reply} {'!' * number}"),
        (f"asker{number}", after),
    )
    return [
        {
            "post_id": f"{number}-{i}",
            "thread_id": f"t{number}",
            "author_id": who,
            "body": body,
            "created_at": day(number + i / 24),
        }
        for i, (who, body) in enumerate(turns)
    ]


def helped(times: int, helper: str = "ann", **how: str) -> list[Post]:
    return [post for number in range(times) for post in answer(number, helper, **how)]


def test_help_is_counted_in_people_and_thanks() -> None:
    row = member("ann", *helped(6))
    assert (row["n_people_helped"], row["n_thanks"], row["n_replies_to_others"]) == (6, 6, 6)
    assert (row["n_replies_received"], row["n_threads_opened"]) == (6, 0)


def test_the_same_person_helped_twice_is_one_person() -> None:
    again = [
        post | {"author_id": post["author_id"].replace("asker1", "asker0")} for post in helped(2)
    ]
    assert member("ann", *again)["n_people_helped"] == 1


def test_an_accepted_answer_is_a_thank_you() -> None:
    written = [post | {"accepted": post["author_id"] == "ann"} for post in helped(2, after="Hm.")]
    assert member("ann", *written)["n_thanks"] == 2


def test_accepting_ones_own_answer_is_none() -> None:
    written: list[Post] = [
        {"post_id": "p0", "thread_id": "t"},
        {"post_id": "p1", "thread_id": "t", "accepted": True},
    ]
    assert member("ann", *written)["n_thanks"] == 0


def test_thanks_go_to_the_post_that_is_answered() -> None:
    written: list[Post] = [
        {"post_id": "p0", "thread_id": "t", "author_id": "ann"},
        {"post_id": "p1", "thread_id": "t", "author_id": "ben"},
        {"post_id": "p2", "thread_id": "t", "author_id": "cat"},
        {"post_id": "p3", "thread_id": "t", "parent_id": "p1", "body": "Thank you!"},
    ]
    assert [member(name, *written)["n_thanks"] for name in ("ben", "cat")] == [1, 0]


def test_without_a_parent_thanks_go_to_the_post_before() -> None:
    written = [post | {"parent_id": "gone"} for post in answer(0, "ann")]
    assert member("ann", *written)["n_thanks"] == 1


def test_nobody_can_answer_a_later_post() -> None:
    written: list[Post] = [
        {"post_id": "p0", "thread_id": "t", "author_id": "ben"},
        {"post_id": "p1", "thread_id": "t", "parent_id": "p2", "body": "Thank you!"},
        {"post_id": "p2", "thread_id": "t", "author_id": "cat"},
    ]
    assert [member(name, *written)["n_thanks"] for name in ("ben", "cat")] == [1, 0]


def test_who_still_comes_helps_five_and_is_thanked_is_an_advocate() -> None:
    later = [*helped(8), {"post_id": "end", "author_id": "zoe", "created_at": day(60)}]
    assert member("ann", *later)["advocate"]


@pytest.mark.parametrize(
    ("written", "because"),
    [
        (helped(4), "too few people helped"),
        (helped(8, after="Hm."), "nobody thanked"),
        (helped(8), "a newcomer"),
        ([post | {"author_role": "staff"} for post in helped(8)], "the staff"),
    ],
)
def test_who_is_no_advocate(written: list[Post], because: str) -> None:
    last = 20 if because == "a newcomer" else 60
    end = {"post_id": "end", "author_id": "zoe", "created_at": day(last)}
    assert not member("ann", *written, end)["advocate"], because


def test_who_praises_the_product_all_day_is_no_advocate() -> None:
    written = [
        {"post_id": f"p{i}", "body": f"I love it, {'very ' * i}much", "created_at": day(i * 4)}
        for i in range(20)
    ]
    assert not member("ann", *written)["advocate"]


def alike(posts: int, same: int) -> list[Post]:
    return [
        {
            "post_id": f"p{i}",
            "body": f"Build {i} has passed, see the log for {i}."
            if i < same
            else f"{'so ' * i} what?",
        }
        for i in range(posts)
    ]


@pytest.mark.parametrize(
    ("written", "role"),
    [
        (alike(20, 20), "bot"),
        (alike(20, 18), "bot"),
        (alike(20, 17), "member"),
        (alike(19, 19), "member"),
    ],
)
def test_an_account_whose_many_posts_begin_alike_is_a_bot(written: list[Post], role: str) -> None:
    assert member("ann", *written)["role"] == role


def test_posts_of_nobody_known_make_no_bot_and_no_member() -> None:
    written = [post | {"author_id": None} for post in alike(30, 30)]
    signals = read_conversation(posts(*written), tags(), texts())
    assert signals.members.is_empty()
    assert signals.threads["n_voices"].sum() == 0


def test_a_role_is_the_one_most_posts_name() -> None:
    roles = ["staff", "staff", "member"]
    written = [{"post_id": f"p{i}", "author_role": role} for i, role in enumerate(roles)]
    assert member("ann", *written)["role"] == "staff"
