"""Traces: words of an erased post are known again, also where line breaks became spaces."""

from __future__ import annotations

import pytest

from feedbackminer.erasure.traces import RUN, Traces, blocks
from feedbackminer.privacy.pseudonyms import Pseudonyms
from feedbackminer.privacy.seals import Sealer
from tests.support.builders import posts

BROKEN = (
    "Ever since the update of June my notes of the winter are\n"
    "gone from the folder that I share with others, and nobody\n"
    "answers what I write about it"
)
WHOLE = BROKEN.replace("\n", " ")
OVER_A_BREAK = "my notes of the winter are gone from the folder"


def traces(*remaining: str) -> Traces:
    stay = posts(*({"post_id": f"x:{n}", "body": body} for n, body in enumerate(remaining, 1)))
    sealer = Sealer((), Pseudonyms(b"k" * 32))
    return Traces(posts({"post_id": "x:0", "body": BROKEN}), stay, sealer)


def test_a_sentence_over_a_line_break_repeats_its_post() -> None:
    assert traces("Something else.").repeats(f"“{OVER_A_BREAK}”: 3 members")


def test_what_another_broke_elsewhere_is_theirs_too() -> None:
    others = OVER_A_BREAK.replace(" winter ", "\nwinter ").replace(" the folder", "\nthe folder")
    assert not traces(others).repeats(OVER_A_BREAK)


@pytest.mark.parametrize(
    "body", [BROKEN, BROKEN.replace("\n", "\r\n"), BROKEN.replace("\n", "\n    ")]
)
def test_files_are_searched_for_a_post_as_it_stands_and_as_it_is_read(body: str) -> None:
    of_post = blocks(posts({"body": body}))
    assert any(block in body for block in of_post)
    for start in range(len(WHOLE) - 2 * RUN):
        assert any(block in WHOLE[start : start + 2 * RUN] for block in of_post)
