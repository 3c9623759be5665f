"""Threads: who opened, who answered, how soon, and whether it helped."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbackminer.signals.stage import read_conversation
from tests.support.builders import day, posts, tags

Post = dict[str, Any]
HOUR = 1 / 24


def thread(*turns: Post, asks: bool = True) -> dict[str, Any]:
    """Read one thread; each post comes an hour after the one before."""
    told = [
        {"post_id": f"p{i}", "thread_id": "t", "created_at": day(i * HOUR)} | dict(turn)
        for i, turn in enumerate(turns)
    ]
    tagged = tags({"post_id": "p0", "kinds": ["question"] if asks else []})
    rows = read_conversation(posts(*told), tagged).threads.to_dicts()
    assert len(rows) == 1
    return rows[0]


ANN: Post = {"author_id": "ann"}
BEN: Post = {"author_id": "ben"}
STAFF: Post = {"author_id": "sue", "author_role": "staff"}
BOT: Post = {"author_id": "hal", "author_role": "bot"}
NOBODY: Post = {"author_id": None, "author_role": "unknown"}


def test_a_reply_by_another_person_answers() -> None:
    found = thread(ANN, ANN, BEN)
    assert (found["answered_by"], found["first_reply_hours"]) == ("member", 2.0)


def test_who_answers_first_counts() -> None:
    assert thread(ANN, STAFF, BEN)["answered_by"] == "staff"
    assert thread(ANN, BEN, STAFF)["answered_by"] == "member"


def test_who_talks_to_themselves_has_no_answer() -> None:
    found = thread(ANN, ANN | {"body": "Nobody?"})
    assert (found["answered_by"], found["first_reply_hours"]) == (None, None)


def test_a_bot_does_not_answer() -> None:
    found = thread(ANN, BOT)
    assert (found["answered_by"], found["first_reply_hours"]) == (None, None)
    assert found["n_voices"] == 1


def test_an_account_that_writes_like_a_bot_does_not_answer() -> None:
    told = [
        {"post_id": f"{who}{i}", "thread_id": f"t{i}", "author_id": who, "body": body,
         "created_at": day(i + offset)}
        for i in range(20)
        for who, body, offset in (
            (f"ann{i}", "Where is it?", 0), ("robot", f"Ticket {i} has been filed for you.", 0.5)
        )
    ]  # fmt: skip
    found = read_conversation(posts(*told), tags())
    assert found.threads["answered_by"].null_count() == 20
    assert found.members.filter(author_id="robot")["role"].to_list() == ["bot"]


def test_an_unknown_writer_is_no_voice_but_may_answer() -> None:
    found = thread(ANN, NOBODY)
    assert (found["n_voices"], found["answered_by"]) == (1, "member")


def test_a_thread_opened_by_nobody_known_is_answered_by_somebody() -> None:
    found = thread(NOBODY, BEN)
    assert (found["opener_id"], found["answered_by"], found["n_voices"]) == (None, "member", 1)


def test_a_thread_asks_what_its_first_post_asks() -> None:
    assert thread(ANN, BEN)["is_question"]
    assert not thread(ANN, BEN, asks=False)["is_question"]


def test_the_last_post_ends_a_thread() -> None:
    found = thread(ANN, BEN, ANN)
    assert (found["opened_at"], found["last_at"]) == (day(0), day(2 * HOUR))


def test_an_accepted_answer_resolves() -> None:
    assert thread(ANN, BEN | {"accepted": True})["resolved"]


@pytest.mark.parametrize(
    "words",
    ["That fixed it, thanks!", "Great, it works now.", "All sorted now, cheers.", "Solved."],
)
def test_an_opener_who_says_that_it_works_resolves(words: str) -> None:
    assert thread(ANN, BEN, ANN | {"body": words})["resolved"]
    assert not thread(ANN, BEN, BEN | {"body": words})["resolved"]


def test_a_title_that_says_so_resolves() -> None:
    assert thread(ANN | {"title": "[SOLVED] Sync stops"}, BEN)["resolved"]


@pytest.mark.parametrize("words", ["Still nothing.", "Has it been fixed?", "It worked before."])
def test_an_opener_who_says_nothing_of_the_kind_does_not(words: str) -> None:
    assert not thread(ANN, BEN, ANN | {"body": words})["resolved"]


@pytest.mark.parametrize(
    "parents",
    [
        ("gone", "p0", "p1"),  # the parent of the opener is missing
        ("p2", "p0", "p1"),  # a circle
        ("p0", "p1", "p2"),  # each answers itself
        (None, "p2", "p1"),  # a parent later than its child
        (None, None, None),
    ],
)
def test_replies_in_circles_or_to_missing_posts_do_no_harm(
    parents: tuple[str | None, ...],
) -> None:
    turns = (who | {"parent_id": p} for who, p in zip((ANN, BEN, ANN), parents, strict=True))
    found = thread(*turns)
    assert (found["opener_id"], found["first_reply_hours"], found["n_posts"]) == ("ann", 1.0, 3)


def test_without_dates_there_is_an_answer_but_no_hours() -> None:
    found = thread(*(who | {"created_at": None} for who in (ANN, BEN)))
    assert (found["answered_by"], found["first_reply_hours"], found["opened_at"]) == (
        "member",
        None,
        None,
    )


def test_no_posts_have_no_threads() -> None:
    found = read_conversation(posts(), tags())
    assert found.threads.is_empty()
    assert found.members.is_empty()


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ann", "ben", "cat", None]),
            st.sampled_from(["t1", "t2", "t3"]),
            st.one_of(st.none(), st.integers(0, 5)),
            st.one_of(st.none(), st.integers(0, 12)),
            st.sampled_from(["It works now, thanks", "Why?", "1 2 3"]),
        ),
        max_size=12,
    ),
    st.integers(0, 99),
)
@settings(max_examples=25, deadline=None)
def test_counts_add_up_and_the_order_of_rows_does_not_matter(
    told: list[tuple[str | None, str, int | None, int | None, str]], seed: int
) -> None:
    table = posts(
        *(
            {
                "post_id": f"p{i}",
                "author_id": who,
                "thread_id": where,
                "created_at": None if when is None else day(when),
                "parent_id": None if parent is None else f"p{parent}",
                "body": body,
            }
            for i, (who, where, when, parent, body) in enumerate(told)
        )
    )
    found = read_conversation(table, tags())
    assert found.threads["n_posts"].sum() == len(table) == found.account.rows_out
    assert found.members["n_posts"].sum() == table["author_id"].count()
    assert found.members["n_threads_opened"].sum() == found.threads["opener_id"].count()
    assert found.members["n_replies_to_others"].sum() == found.members["n_replies_received"].sum()
    shuffled = table.sample(fraction=1, shuffle=True, seed=seed)
    again = read_conversation(shuffled, tags())
    assert again.threads.sort("thread_id").equals(found.threads.sort("thread_id"))
    assert again.members.sort("author_id").equals(found.members.sort("author_id"))
