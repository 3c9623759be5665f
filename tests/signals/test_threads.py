"""Threads: who opened, who answered, how soon, and whether it helped."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbackminer.signals.stage import read_conversation
from tests.support.builders import day, posts, tags, texts

Post = dict[str, Any]
HOUR = 1 / 24


def thread(*turns: Post, asks: bool = True) -> dict[str, Any]:
    """Read one thread; each post comes an hour after the one before."""
    written = [
        {"post_id": f"p{i}", "thread_id": "t", "created_at": day(i * HOUR)} | dict(turn)
        for i, turn in enumerate(turns)
    ]
    tagged = tags({"post_id": "p0", "kinds": ["question"] if asks else []})
    rows = read_conversation(posts(*written), tagged, texts()).threads.to_dicts()
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
    signals = read_conversation(posts(*written), tags(), texts())
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
    [
        "That fixed it, thanks!",
        "Great, it works now.",
        "All sorted now, cheers.",
        "Solved.",
        "It's working again since the update.",
        "Thank you it works now",
        "I figured it out: the cable was loose.",
        "Reinstalling fixed the issue, not sure why.",
        "I don't know what you did, but it works now!",
        "Never mind, I found the problem.",
        "Everything works fine now. Could you tell me why?",
        "That did the trick",
        "Got it working with the other cable.",
        "The error is gone.",
        "It no longer crashes, great.",
        "That worked like a charm.",
        "It worked!",
        "> It is not solved\n\nIt is solved.",
        "Did not expect it... resolved!",
        "The important thing is it works now",
    ],
)
def test_an_opener_who_says_that_it_works_resolves(words: str) -> None:
    assert thread(ANN, BEN, ANN | {"body": words})["resolved"]
    assert not thread(ANN, BEN, BEN | {"body": words})["resolved"]


@pytest.mark.parametrize(
    "title",
    [
        "[SOLVED] Sync stops",
        "[Solved] How do I sync?",
        "Sync stops (solved)",
        "Sync stops [RESOLVED]",
        "Sync stops - solved!",
        "Solved: sync stops",
        "SOLVED sync stops",
    ],
)
def test_a_title_that_says_so_resolves(title: str) -> None:
    assert thread(ANN | {"title": title}, BEN)["resolved"]


@pytest.mark.parametrize(
    "title",
    [
        "Sync stops [unresolved]",
        "[SOLVED]? Sync stops",
        "Sync stops [solved?]",
        "[NOT SOLVED] Sync stops",
        "Sync stops [not yet fixed]",
        "[Half-solved] Sync stops",
        "Sync stops - NOT SOLVED",
        "Unsolved: sync stops",
        "Address not resolved",
        "Unresolved symbol in sync",
        "Can this be solved",
        "The solved puzzle is shown as new",
    ],
)
def test_a_title_that_speaks_of_it_does_not(title: str) -> None:
    assert not thread(ANN | {"title": title}, BEN)["resolved"]


@pytest.mark.parametrize(
    "words",
    [
        "Still nothing.",
        "Has it been fixed?",
        "It worked before.",
        "It's not solved.",
        "It doesn't work now",
        "It doesnt work now",
        "Thanks, but it still fails.",
        "> That fixed it\n\nNot for me.",
        "[quote=Ben]It works now[/quote] Not here.",
        "I never got it working.",
        "Nothing of that fixed it.",
        "I hope it works now.",
        "If it works now, tell me.",
        "Is this solved, or shall I wait?",
        "Let me know when it is solved.",
        "How did you get it working?",
        "Please tell me once this is fixed.",
        "I tried to get it working for hours",
        "It is only partially solved.",
        "That should be fixed now.",
        "This always worked fine until Monday.",
        "Good to hear you got it working",
        "It is almost working now",
        "I thought I had fixed it",
        "No, unresolved.",
        "It worked less often.",
        "With the old cable it worked just fine",
        "I look at it to make sure it's working",
        "My old phone works fine with it.",
    ],
)
def test_an_opener_who_says_nothing_of_the_kind_does_not(words: str) -> None:
    assert not thread(ANN, BEN, ANN | {"body": words})["resolved"]


def test_the_first_post_resolves_by_what_was_added_to_it() -> None:
    question = "The sync stops. It works now and then."
    assert not thread(ANN | {"body": f"{question} That fixed it for a day."}, BEN)["resolved"]
    assert thread(ANN | {"body": f"{question}\n\nEDIT: that fixed it."}, BEN)["resolved"]
    assert not thread(ANN | {"body": f"{question}\n\nEDIT: not solved."}, BEN)["resolved"]


def test_what_a_post_says_is_read_from_its_text() -> None:
    written = posts(
        ANN | {"post_id": "p0", "thread_id": "t", "created_at": day(0)},
        BEN | {"post_id": "p1", "thread_id": "t", "created_at": day(1)},
        ANN
        | {"post_id": "p2", "thread_id": "t", "created_at": day(2), "body": "From: Ben\nSolved."},
    )
    read = texts({"post_id": "p2", "text": "Not here."})
    assert not read_conversation(written, tags(), read).threads["resolved"][0]
    assert read_conversation(written, tags(), texts()).threads["resolved"][0]


@pytest.mark.parametrize(
    ("words", "is_thanks"),
    [
        ("Thanks!", True),
        ("thx a lot", True),
        ("Cheers, that was it.", True),
        ("Thank you, and one more question: does it float?", True),
        ("Much appreciated, Ben.", True),
        ("Thanks, but I have another question.", True),
        ("Thanks, you're a star", True),
        ("> Thanks!\n\nWelcome.", False),
        ("Thanks in advance", False),
        ("Thanks, but it still fails.", False),
        ("Thank you, but that does not help", False),
        ("No, thanks.", False),
        ("Thanks for nothing.", False),
        ("Thanks to the update it is slow.", False),
        ("Any help is much appreciated", False),
        ("A hint would be much appreciated", False),
        ("Thanks for any hint", False),
        ("A thankless task", False),
    ],
)
def test_thanks_are_for_help_that_helped(words: str, *, is_thanks: bool) -> None:
    written = [
        who | {"post_id": f"p{i}", "thread_id": "t", "created_at": day(i)}
        for i, who in enumerate((ANN, BEN, ANN | {"body": words}))
    ]
    members = read_conversation(posts(*written), tags(), texts()).members
    assert members.filter(author_id="ben")["n_thanks"].item() == is_thanks


@pytest.mark.timing
@pytest.mark.parametrize(
    "unit", ["not ", "it ", "[quote]", "[quote]a[/quote]", "?", "works ", "> "]
)
def test_hostile_words_cost_time_in_proportion_to_their_length(unit: str) -> None:
    body = (unit * 100_000)[:100_000] + " it works now"
    started = time.process_time()
    thread(ANN, BEN, ANN | {"body": body})
    assert time.process_time() - started < 2


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
    signals = read_conversation(posts(), tags(), texts())
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
    signals = read_conversation(table, tags(), texts())
    assert signals.threads["n_posts"].sum() == len(table) == signals.account.rows_out
    members = signals.members
    assert members["n_posts"].sum() == table["author_id"].count()
    assert members["n_threads_opened"].sum() == signals.threads["opener_id"].count()
    assert members["n_replies_to_others"].sum() == members["n_replies_received"].sum()
    shuffled = table.sample(fraction=1, shuffle=True, seed=seed)
    again = read_conversation(shuffled, tags(), texts())
    assert again.threads.sort("thread_id").equals(signals.threads.sort("thread_id"))
    assert again.members.sort("author_id").equals(members.sort("author_id"))


DONE: Post = ANN | {"body": "That fixed it, thanks!"}
CAT: Post = {"author_id": "cat"}


def best(*turns: Post) -> tuple[str, str, str | None]:
    row = thread(*turns)
    return row["best_answer"], row["helped"], row["solved_by"]


def test_the_best_answer_is_the_one_that_was_accepted() -> None:
    accepted, liked = CAT | {"accepted": True}, BEN | {"score": 9.0}
    assert best(ANN, liked, DONE, accepted) == ("p3", "accepted", "member")


def test_else_the_one_that_worked_for_who_asked_else_the_one_they_thank_for() -> None:
    liked, thanks = CAT | {"score": 9.0}, ANN | {"body": "Thanks for the hint!"}
    assert best(ANN, liked, BEN, DONE) == ("p2", "works", "member")
    assert best(ANN, liked, BEN, thanks) == ("p2", "thanked", None)


def test_else_the_one_that_others_like_else_the_fullest_which_is_a_guess() -> None:
    long = CAT | {"body": "Hold the long key for five seconds, then let it go."}
    assert best(ANN, BEN | {"score": 1.0}, long) == ("p1", "liked", None)
    assert best(ANN, BEN, long) == ("p2", "longest", None)


def test_what_nobody_else_wrote_is_no_answer() -> None:
    row = thread(ANN, ANN | {"accepted": True, "body": "Found it."})
    assert (row["best_answer"], row["helped"], row["solved_by"]) == (None, None, "opener")


def test_who_solves_a_thread_is_staff_a_member_or_who_asked() -> None:
    assert best(ANN, STAFF, DONE)[2] == "staff"
    assert best(ANN, BEN, ANN | {"accepted": True})[2] == "opener"
    assert best(ANN, BEN, CAT, BEN)[2] is None


def test_a_bot_gives_no_best_answer() -> None:
    assert best(ANN, BOT | {"score": 50.0}, BEN)[0] == "p2"
