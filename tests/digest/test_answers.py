"""Answers that helped are shown as they stand in their post, and only where somebody told so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.digest.answers import LONGEST, Answer, best_of, find_answers, passage
from tests.support.builders import Row, day, posts, threads

HELPS = "Hold the long key for five seconds, then let it go and press reset twice."


def found(body: str = HELPS, helped: str = "works", **of_post: object) -> dict[str, Answer]:
    answer: Row = {"post_id": "a", "thread_id": "t", "body": body, **of_post}
    asked: Row = {"thread_id": "t", "opener_post_id": "q", "title": "Reset", "n_posts": 2}
    tables = {
        "posts": posts({"post_id": "q", "thread_id": "t"}, answer),
        "threads": threads({**asked, "best_answer": "a", "helped": helped}),
    }
    return find_answers(tables)


def test_an_answer_that_helped_is_found_by_the_post_that_asks() -> None:
    answer = found(author_role="staff", url="https://forum.example/a")["q"]
    assert (answer.quote.text, answer.quote.post_id, answer.quote.thread) == (HELPS, "a", "Reset")
    assert (answer.helped, answer.is_by_staff, answer.quote.url) == (
        "works", True, "https://forum.example/a",
    )  # fmt: skip


def test_a_guess_is_not_shown() -> None:
    assert found(helped="longest") == {}


@pytest.mark.parametrize(
    "body",
    [
        "Try it.",
        "Which version do you have, and which system does it run on? What does the log say of it?",
        "I have the same problem here since the update of last week, on two boards out of three.",
        f"> {HELPS}\n> {HELPS}",
        f"```\n{HELPS}\n```",
    ],
)
def test_what_is_short_or_asks_or_has_the_same_problem_or_quotes_is_no_answer(body: str) -> None:
    assert found(body) == {}


def test_greetings_and_quotations_are_passed_over() -> None:
    assert passage(f"Hi Ann,\n\n> it stops\n\n{HELPS}\n\nBen") == f"{HELPS}\n\nBen"
    assert passage(f"[quote=Ann]It stops.\n\nWhat now?[/quote]\n{HELPS}\n```\nx") == HELPS


def test_a_long_answer_is_cut_at_the_end_of_a_sentence() -> None:
    shown = passage(f"{HELPS} " * 20)
    assert len(shown) <= LONGEST
    assert shown.endswith("twice.")


@given(st.text(), st.sampled_from(["", HELPS, "\n\n", "> no\n", "a" * 5_000]), st.text())
def test_whatever_is_shown_stands_in_the_post_to_the_letter(a: str, b: str, c: str) -> None:
    shown = passage(a + b + c)
    assert shown in a + b + c
    assert len(shown) <= LONGEST


def test_what_most_surely_helped_comes_first_then_the_newest() -> None:
    answers = {
        f"q{n}": next(iter(found(helped=helped, created_at=day(when)).values()))
        for n, (helped, when) in enumerate([("thanked", 9), ("works", 1), ("works", 2)])
    }
    assert [answer.helped for answer in best_of(answers, ["q0", "q1", "x"], 3)] == [
        "works", "thanked",
    ]  # fmt: skip
    assert best_of(answers, ["q1", "q2"], 1) == [answers["q2"]]
