"""Whom a post answers: what a platform links first, then what the writer shows, then the order."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbackminer.signals.stage import read_conversation
from tests.support.builders import day, posts, tags, texts

Post = dict[str, Any]
HOUR, MINUTE = 1 / 24, 1 / 24 / 60
ANN, BEN, CAT = "m_annannanna", "m_benbenbenb", "m_catcatcatc"


def replies(*written: tuple[str | None, str] | Post, apart: float = HOUR) -> pl.DataFrame:
    """Read one thread whose posts p0, p1, ... come so far apart."""
    rows = [
        {"post_id": f"p{i:03}", "thread_id": "t", "created_at": day(i * apart)}
        | (turn if isinstance(turn, dict) else {"author_id": turn[0], "body": turn[1]})
        for i, turn in enumerate(written)
    ]
    return read_conversation(posts(*rows), tags(), texts()).replies


def answered(*written: Any, apart: float = HOUR) -> tuple[str, str] | None:
    """Return what the last post answers, and what tells so."""
    last = f"p{len(written) - 1:03}"
    rows = replies(*written, apart=apart).filter(post_id=last).select("answers", "by").rows()
    return rows[0] if rows else None


THREE = ((ANN, "How do I pair two keyboards with it?"), (BEN, "Hold the key."), (CAT, "Which?"))


def test_of_two_posts_the_second_answers_the_first_and_one_alone_answers_nothing() -> None:
    assert answered(*THREE[:2]) == ("p000", "order")
    assert answered(THREE[0]) is None


def test_a_link_comes_before_every_other_sign() -> None:
    linked = {"author_id": ANN, "parent_id": "p001", "body": f"@{CAT} > Which?\nThe long one."}
    assert answered(*THREE, linked) == ("p001", "link")


def test_a_link_to_a_later_post_or_to_none_is_no_sign() -> None:
    later = {"author_id": BEN, "parent_id": "p002", "body": "Hold the key."}
    found = replies(THREE[0], later, THREE[2]).select("post_id", "answers", "by").rows()
    assert found[0] == ("p001", "p000", "order")
    gone = {"author_id": ANN, "parent_id": "gone", "body": "Ah."}
    assert answered(*THREE, gone) == ("p002", "order")


@pytest.mark.parametrize(
    "words",
    [
        "> How do I pair two keyboards\n\nYou cannot.",
        "&gt; how do I PAIR\n&gt; two keyboards with it?\nYou cannot.",
        '[quote="somebody"]pair two keyboards with it[/quote] You cannot.',
    ],
)
def test_what_is_quoted_is_answered(words: str) -> None:
    assert answered(*THREE, (BEN, words)) == ("p000", "quote")


@pytest.mark.parametrize("words", [f'[quote="{ANN}, post:1"]ok[/quote] Yes.', f"{ANN} wrote: yes"])
def test_the_author_of_a_quotation_is_answered(words: str) -> None:
    assert answered(*THREE, (CAT, words)) == ("p000", "quote")


def test_few_words_may_stand_anywhere_so_they_quote_nothing() -> None:
    assert answered(*THREE, (BEN, "> How do I\n\nYou cannot.")) == ("p002", "order")


def test_whom_a_post_begins_with_is_answered_in_their_latest_post() -> None:
    again = (ANN, "Ah, the long one.")
    assert answered(*THREE, again, (CAT, "Hm."), (BEN, f"@{ANN} no, both")) == ("p003", "mention")


def test_a_name_far_behind_addresses_nobody() -> None:
    words = f"{'Well, that is another matter altogether. ' * 2}Ask {ANN}."
    assert answered(*THREE, (BEN, words)) == ("p002", "order")


def test_who_opens_a_thread_answers_nobody() -> None:
    assert replies((ANN, f"@{BEN} hello")).is_empty()


def room(*written: tuple[str | None, str]) -> tuple[str, str] | None:
    """Let the last of these be said in a room in which much is said in a few minutes."""
    chatter = [(f"m_{'abcdefgh'[i % 8] * 10}", f"Thing {i}.") for i in range(12)]
    return answered(*chatter, *written, apart=MINUTE / 2)


def test_in_a_room_nobody_answers_merely_what_stands_before() -> None:
    assert room((ANN, "Does it run on Linux?")) is None


def test_in_a_room_a_writer_goes_on_with_what_they_said_or_were_told() -> None:
    asked = (ANN, "Does it run on Linux?")
    assert room(asked, (CAT, "Hm."), (ANN, "With Wayland, that is.")) == ("p012", "turn")
    told = (BEN, f"{ANN}: it does")
    assert room(asked, told, (CAT, "Hm."), (ANN, "Great!")) == ("p013", "turn")
    assert room(asked, (CAT, "Hm."), told) == ("p012", "mention")


def test_nobody_known_has_no_turn() -> None:
    assert room((None, "Does it run?"), (None, "It does.")) is None


@settings(max_examples=40)  # each reads a whole conversation
@given(
    st.lists(
        st.tuples(
            st.sampled_from([ANN, BEN, CAT, None]),
            st.sampled_from(
                ["Hold the long key.", f"@{ANN} no", "> Hold the long key.\nWhy?", ">"]
            ),
            st.sampled_from([None, "p000", "p003", "gone"]),
            st.sampled_from([0.0, MINUTE, 1.0]),
        ),
        max_size=14,
    )
)
def test_everybody_answers_one_earlier_post_of_the_thread_at_most(
    written: list[tuple[str | None, str, str | None, float]],
) -> None:
    rows = [
        {"author_id": who, "body": words, "parent_id": link, "created_at": day(i * apart)}
        for i, (who, words, link, apart) in enumerate(written)
    ]
    found = replies(*rows)
    assert found["post_id"].is_unique().all()
    order = {post: i for i, post in enumerate(_in_order(rows))}
    assert all(order[a] < order[p] for p, a in found.select("post_id", "answers").rows())


def _in_order(rows: list[Post]) -> list[str]:
    ids = [f"p{i:03}" for i in range(len(rows))]
    return sorted(ids, key=lambda post_id: (rows[int(post_id[1:])]["created_at"], post_id))


def chat(*said: tuple[str, str], apart: float = MINUTE / 2, **of_post: Any) -> Any:
    """Read the messages of a channel, each alone in its thread; the last of them asks."""
    rows = [
        {"post_id": f"p{i:03}", "author_id": who, "body": body, "created_at": day(i * apart)}
        | {"channel": "help", **of_post}
        for i, (who, body) in enumerate(said)
    ]
    tagged = tags(*({"post_id": row["post_id"], "kinds": ["question"]} for row in rows[-2:]))
    return read_conversation(posts(*rows), tagged, texts())


CHATTER = [(f"m_{'abcdefgh'[i % 8] * 10}", f"Thing {i}.") for i in range(12)]
ASKED = [(ANN, "Does it run on Linux?"), (BEN, f"{ANN}: which one?")]


def test_messages_that_are_alone_in_their_threads_answer_each_other_in_the_room() -> None:
    found = chat(*CHATTER, *ASKED).replies.filter(post_id="p013")
    assert found.select("answers", "by").row(0) == ("p012", "mention")


def test_nobody_knows_whether_a_question_in_a_room_was_answered() -> None:
    assert not chat(*CHATTER, *ASKED).threads["is_question"].any()


@pytest.mark.parametrize("how", [{"apart": HOUR}, {"channel": None}])
def test_where_posts_come_slowly_or_in_no_channel_a_question_is_one(how: dict[str, Any]) -> None:
    assert chat(*CHATTER, *ASKED, **how).threads["is_question"].sum() == 2
