"""The stage: members' sentences in, key points and who says them out; read once each."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest

from feedbackminer.keypoints.sentences import Matrix, no_sentences
from feedbackminer.keypoints.stage import Said, find_key_points
from feedbackminer.tables import KeyPoints, Matches, column_types
from tests.keypoints.test_choose import BY_COSINE
from tests.support.builders import copies, members, posts, tags

NOTHING = {
    "sentences": no_sentences(),
    "key_points": pl.DataFrame(schema=column_types(KeyPoints)),
    "matches": pl.DataFrame(schema=column_types(Matches)),
}
CRASH, BLANK, THANKS = (
    "The app crashes at start.",
    "The dashboard stays blank.",
    "Thanks to you all.",
)


class Reader:
    """Reads sentences: alike ones have one vector, all but thanks are fit problems."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, sentences: Sequence[str]) -> tuple[Matrix, Matrix]:
        self.seen += sentences
        matters = [CRASH[:7], BLANK[:7], THANKS[:6]]
        rows = [next(n for n, m in enumerate(matters) if m in s) for s in sentences]
        is_problem = np.array([row < 2 for row in rows], np.float32)
        zero = np.zeros_like(is_problem)
        chances = np.stack([is_problem * 0.9, zero, zero, zero, is_problem, is_problem * 0.9], 1)
        return np.eye(40, dtype=np.float32)[rows], chances


def found(
    written: Sequence[tuple[str, str]],
    *,
    reader: Reader | None = None,
    previous: Any = NOTHING,
    read_as: str = "v1",
    roles: dict[str, str] | None = None,
    copied: dict[str, str] | None = None,
    statuses: Sequence[str] = (),
) -> Said:
    """Find key points of posts of one sentence: who, and what they wrote."""
    roles, told = roles or {}, statuses or ["asserted"] * len(written)
    rows = [(f"p{n}", *row) for n, row in enumerate(written)]
    tables = {
        "posts": posts(
            *(
                {"post_id": i, "author_id": who, "author_role": roles.get(who, "member")}
                for i, who, _ in rows
            )
        ),
        "tags": tags(
            *(
                {"post_id": i, "sentences": [text], "sentence_statuses": [status]}
                for (i, _, text), status in zip(rows, told, strict=True)
            )
        ),
        "members": members(
            *(
                {"author_id": who, "role": roles.get(who, "member")}
                for who in sorted({w for w, _ in written})
            )
        ),
        "repeats": copies(**(copied or {})),
    }
    return find_key_points(
        tables, previous, read=reader or Reader(), read_as=read_as, matcher=BY_COSINE
    )


THREE = [("ann", CRASH), ("ben", CRASH), ("cat", CRASH), ("dan", THANKS)]


def test_what_members_say_is_a_point_in_the_words_of_one_with_all_who_say_it() -> None:
    said = found([*THREE, ("eve", BLANK), ("fay", BLANK)])
    points = said.key_points.sort("n_voices", descending=True)
    assert points["text"].to_list() == [CRASH.removesuffix("."), BLANK.removesuffix(".")]
    assert points["n_voices"].to_list() == [3, 2]
    of_first = said.matches.filter(key_point_id=points["key_point_id"][0])
    assert of_first["post_id"].to_list() == ["p0", "p1", "p2"]


def test_staff_bots_and_copies_say_nothing() -> None:
    said = found(
        [*THREE, ("sue", CRASH), ("hal", CRASH), ("ann", CRASH)],
        roles={"sue": "staff", "hal": "bot"},
        copied={"p6": "p0"},
    )
    assert said.matches["post_id"].to_list() == ["p0", "p1", "p2"]


def test_what_is_denied_over_or_anothers_says_nothing() -> None:
    written = [("ann", CRASH), ("ben", CRASH), ("cat", CRASH)]
    said = found(written, statuses=["asserted", "over", "another"])
    assert said.sentences["post_id"].to_list() == ["p0"]
    assert said.key_points.is_empty()


def test_a_sentence_that_was_read_is_not_read_again() -> None:
    first = found(THREE)
    previous = {name: getattr(first, name) for name in NOTHING}
    reader = Reader()
    again = found([*THREE, ("eve", BLANK)], reader=reader, previous=previous)
    assert reader.seen == [BLANK]
    assert again.key_points["key_point_id"].to_list() == first.key_points["key_point_id"].to_list()


def test_another_reader_reads_all_anew() -> None:
    first = found(THREE)
    reader = Reader()
    previous = {name: getattr(first, name) for name in NOTHING}
    found(THREE, reader=reader, previous=previous, read_as="v2")
    assert sorted(reader.seen) == sorted({CRASH, THANKS})


@pytest.mark.parametrize(
    "written", [[], [("ann", CRASH)], [("ann", CRASH)] * 9, [(who, THANKS) for who in "abcdef"]]
)
def test_nobody_one_member_or_small_talk_gives_no_point(written: list[tuple[str, str]]) -> None:
    said = found(written)
    assert said.key_points.is_empty()
    assert said.matches.is_empty()
