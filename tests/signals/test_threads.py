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
    written = [
        {"post_id": f"p{i}", "thread_id": "t", "created_at": day(i * HOUR)} | dict(turn)
        for i, turn in enumerate(turns)
    ]
    tagged = tags({"post_id": "p0", "kinds": ["question"] if asks else []})
    rows = read_conversation(posts(*written), tagged).threads.to_dicts()
    assert len(rows) == 1
    return rows[0]


ANN: Post = {"author_id": "ann"}
BEN: Post = {"author_id": "ben"}
STAFF: Post = {"author_id": "sue", "author_role": "staff"}
BOT: Post = {"author_id": "hal", "author_role": "bot"}
NOBODY: Post = {"author_id": None, "author_role": "unknown"}


def test_a_reply_by_another_person_answers() -> None:
    row = thread(ANN, ANN, BEN)
    assert (row["answered_by"], row["first_reply_hours"]) == ("member", 2.0)


def test_who_answers_first_counts() -> None:
    assert thread(ANN, STAFF, BEN)["answered_by"] == "staff"
    assert thread(ANN, BEN, STAFF)["answered_by"] == "member"


def test_who_talks_to_themselves_has_no_answer() -> None:
    row = thread(ANN, ANN | {"body": "Nobody?"})
    assert (row["answered_by"], row["first_reply_hours"]) == (None, None)


def test_a_bot_does_not_answer() -> None:
    row = thread(ANN, BOT)
    assert (row["answered_by"], row["first_reply_hours"]) == (None, None)
    assert row["n_voices"] == 1


def test_an_account_that_writes_like_a_bot_does_not_answer() -> None:
    written = [
        {"post_id": f"{who}{i}", "thread_id": f"t{i}", "author_id": who, "body": body,
         "created_at": day(i + offset)}
        for i in range(20)
        for who, body, offset in (
            (f"ann{i}", "Where is it?", 0), ("robot", f"Ticket {i} has been filed for you.", 0.5)
        )
    ]  # fmt: skip
    signals = read_conversation(posts(*written), tags())
    assert signals.threads["answered_by"].null_count() == 20
    assert signals.members.filter(author_id="robot")["role"].to_list() == ["bot"]


def test_an_unknown_writer_is_no_voice_but_may_answer() -> None:
    row = thread(ANN, NOBODY)
    assert (row["n_voices"], row["answered_by"]) == (1, "member")


def test_a_thread_opened_by_nobody_known_is_answered_by_somebody() -> None:
    row = thread(NOBODY, BEN)
    assert (row["opener_id"], row["answered_by"], row["n_voices"]) == (None, "member", 1)


def test_a_thread_asks_what_its_first_post_asks() -> None:
    assert thread(ANN, BEN)["is_question"]
    assert not thread(ANN, BEN, asks=False)["is_question"]


def test_the_last_post_ends_a_thread() -> None:
    row = thread(ANN, BEN, ANN)
    assert (row["opened_at"], row["last_at"]) == (day(0), day(2 * HOUR))


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
    row = thread(*turns)
    assert (row["opener_id"], row["first_reply_hours"], row["n_posts"]) == ("ann", 1.0, 3)


def test_without_dates_there_is_an_answer_but_no_hours() -> None:
    row = thread(*(who | {"created_at": None} for who in (ANN, BEN)))
    assert (row["answered_by"], row["first_reply_hours"], row["opened_at"]) == (
        "member",
        None,
        None,
    )


def test_no_posts_have_no_threads() -> None:
    signals = read_conversation(posts(), tags())
    assert signals.threads.is_empty()
    assert signals.members.is_empty()


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
    written: list[tuple[str | None, str, int | None, int | None, str]], seed: int
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
            for i, (who, where, when, parent, body) in enumerate(written)
        )
    )
    signals = read_conversation(table, tags())
    assert signals.threads["n_posts"].sum() == len(table) == signals.account.rows_out
    members = signals.members
    assert members["n_posts"].sum() == table["author_id"].count()
    assert members["n_threads_opened"].sum() == signals.threads["opener_id"].count()
    assert members["n_replies_to_others"].sum() == members["n_replies_received"].sum()
    shuffled = table.sample(fraction=1, shuffle=True, seed=seed)
    again = read_conversation(shuffled, tags())
    assert again.threads.sort("thread_id").equals(signals.threads.sort("thread_id"))
    assert again.members.sort("author_id").equals(members.sort("author_id"))
