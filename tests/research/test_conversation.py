"""What is inferred of conversations is held against what the platform knew."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from feedbackminer.research.benchmarks.conversation import Inferred, measure
from tests.support.builders import Row, day, posts, tags, texts


def figures(*threads: list[Row]) -> dict[str, Inferred]:
    hours = count()
    rows = [
        {"post_id": f"{number}-{place}", "thread_id": f"t{number}", "created_at": day(next(hours))}
        | dict(post)
        for number, thread in enumerate(threads)
        for place, post in enumerate(thread)
    ]
    return {figure.what: figure for figure in measure(posts(*rows), tags(), texts())}


def asked(*answers: Row) -> list[Row]:
    return [{"author_id": "ann", "body": "How?"}, *answers]


def test_links_are_hidden_and_then_compared_with_what_was_inferred() -> None:
    reply: dict[str, Any] = {"author_id": "ben", "parent_id": "0-0"}
    found = figures(asked(reply, reply | {"author_id": "cat"}), asked({"author_id": "ben"}))
    links = found["whom a post answers"]
    assert (links.n, links.n_inferred, links.value, links.simple) == (2, 2, 0.5, 0.5)
    assert links.f1 == pytest.approx(0.5)


def test_the_accepted_answer_is_hidden_and_one_that_was_liked_is_found() -> None:
    right: dict[str, Any] = {"author_id": "cat", "accepted": True, "score": 3.0}
    found = figures(asked({"author_id": "ben"}, right), asked(right | {"score": None}))
    assert found["the best answer of a thread"].value == 1.0
    assert found["the best answer of a thread"].simple == 0.5
    assert found["the same, where somebody told so"].n == 1


def test_an_answer_that_whoever_asked_accepted_of_themselves_is_nobodys() -> None:
    found = figures(asked({"author_id": "ben"}, {"author_id": "ann", "accepted": True}))
    assert found["the best answer of a thread"].n == 0


def test_who_is_thanked_in_words_is_held_against_likes() -> None:
    helped = asked({"author_id": "ben", "score": 2.0}, {"author_id": "ann", "body": "Thanks!"})
    thanked = figures(helped)["the 20 members who are thanked most"]
    assert (thanked.n, thanked.recall) == (1, 1.0)
