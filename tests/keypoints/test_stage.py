"""The stage: members' sentences in, key points and who says them out; read once each."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from feedbackminer.keypoints.matching import Matrix
from feedbackminer.keypoints.sentences import CHUNK
from feedbackminer.keypoints.stage import Said, find_key_points
from feedbackminer.project.store import Store
from feedbackminer.tables import Clauses, KeyPoints, Matches, Sentences, column_types
from tests.keypoints.test_choose import by_cosine
from tests.support.builders import copies, members, posts, tag_labels, tags

NOTHING = {
    "sentences": pl.DataFrame(schema=column_types(Sentences)),
    "clauses": pl.DataFrame(schema=column_types(Clauses)),
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

    def tell(self, sentences: Sequence[str]) -> Matrix:
        self.seen += sentences
        is_problem = np.array([THANKS[:6] not in text for text in sentences], np.float32)
        zero = np.zeros_like(is_problem)
        return np.stack([is_problem * 0.9, zero, zero, zero, is_problem, is_problem * 0.9], 1)

    def encode(self, sentences: Sequence[str]) -> Matrix:
        assert THANKS not in sentences, "what says nothing is compared with nothing"
        return np.eye(40, dtype=np.float32)[[int(CRASH[:7] in text) for text in sentences]]


def found(
    written: Sequence[tuple[str | None, str]],
    *,
    reader: Reader | None = None,
    previous: Any = NOTHING,
    read_as: str = "v1",
    roles: dict[str, str] | None = None,
    copied: dict[str, str] | None = None,
    statuses: Sequence[str] = (),
    labelled: Mapping[str, list[str]] | None = None,
    body: str | None = None,
    threads: Sequence[str] = (),
    begin: Callable[[str, pl.DataFrame], object] = lambda _name, _rows: None,
    keep: Callable[[str, pl.DataFrame], object] = lambda _name, _rows: None,
    product: str = "",
) -> Said:
    """Find key points of posts of one sentence: who, and what they wrote."""
    reader = reader or Reader()
    roles, told = roles or {}, statuses or ["asserted"] * len(written)
    rows = [(f"p{n}", *row) for n, row in enumerate(written)]
    tables = {
        "posts": posts(
            *(
                {
                    "post_id": i,
                    "author_id": who,
                    "author_role": roles.get(who or "", "member"),
                    "body": body or text,
                    "thread_id": thread,
                }
                for (i, who, text), thread in zip(
                    rows, threads or [i for i, *_ in rows], strict=True
                )
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
                for who in sorted({w for w, _ in written if w})
            )
        ),
        "repeats": copies(**(copied or {})),
        "tag_labels": tag_labels(
            *({"post_id": i, "kinds": kinds} for i, kinds in (labelled or {}).items())
        ),
    }
    return find_key_points(
        tables,
        previous,
        tell=reader.tell,
        encode=reader.encode,
        read_as=read_as,
        chances=by_cosine,
        begin=begin,
        keep=keep,
        product=product,
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


def test_what_somebody_else_said_before_in_the_thread_is_an_echo() -> None:
    louder = CRASH.upper().replace(" ", "  ")
    written = [("ann", CRASH), ("ben", louder), ("ann", CRASH), ("cat", CRASH)]
    said = found(written, threads=["t1", "t1", "t1", "t2"])
    assert said.sentences["post_id"].to_list() == ["p0", "p2", "p3"]


def test_what_staff_said_before_is_an_echo_too() -> None:
    written = [("eve", CRASH), ("ann", CRASH), ("ben", CRASH)]
    said = found(written, threads=["t1", "t1", "t2"], roles={"eve": "staff"})
    assert said.sentences["post_id"].to_list() == ["p2"]


def test_whoever_has_no_name_is_nobody_else() -> None:
    said = found([(None, CRASH), ("ann", CRASH), ("ben", CRASH)], threads=["t1"] * 3)
    assert said.sentences["post_id"].to_list() == ["p1"]


def test_a_few_words_are_said_again_by_chance() -> None:
    said = found([("ann", BLANK), ("ben", BLANK)], threads=["t1", "t1"])
    assert len(said.sentences) == 2


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


class Listener(Reader):
    """A reader that remembers what it compares."""

    def encode(self, sentences: Sequence[str]) -> Matrix:
        self.compared = [*sentences]
        return super().encode(sentences)


def test_sentences_are_compared_without_the_name_of_the_product() -> None:
    ours = "The app crashes Orchid."
    reader = Listener()
    said = found([*THREE, ("eve", ours)], reader=reader, product="Orchid")
    assert sorted(reader.compared) == [CRASH, "The app crashes the product."]
    assert ours in reader.seen, "what it says is read with the name"
    assert ours in said.sentences["text"].to_list()


def test_praise_is_compared_with_the_name_of_what_is_praised() -> None:
    class Loving(Listener):
        def tell(self, sentences: Sequence[str]) -> Matrix:
            chances = super().tell(sentences)
            return chances[:, [1, 2, 3, 0, 4, 5]]  # praise, in place of problems

    reader = Loving()
    ours = "I love Orchid, it is great."
    found([("ann", ours)], reader=reader, product="Orchid")
    assert reader.compared == [ours]


def test_where_the_product_gets_a_name_only_those_who_say_it_are_read_again() -> None:
    ours = "The app crashes Orchid."
    first = found([*THREE, ("eve", ours)])
    reader = Reader()
    previous = {name: getattr(first, name) for name in NOTHING}
    found([*THREE, ("eve", ours)], reader=reader, previous=previous, product="Orchid")
    assert reader.seen == [ours]


@pytest.mark.parametrize(("product", "first"), [("Orchid", CRASH), ("", "It fails."), ("", CRASH)])
def test_what_is_kept_as_it_is_read_holds_each_sentence_once(
    product: str, first: str, tmp_path: Path
) -> None:
    """A store refuses a table with two rows of one sentence, and every run after it would fail."""
    store = Store(tmp_path)
    ours = "The sync of Orchid fails every night on Windows."
    found([("ann", ours), ("ben", first)], begin=store.replace, keep=store.append)
    previous = {name: store.read(name) for name in NOTHING}
    said = found([("ann", ours), ("ben", CRASH)], previous=previous, product=product,
                 begin=store.replace, keep=store.append)  # fmt: skip
    for name in ("sentences", "clauses"):
        assert store.read(name).equals(getattr(said, name)), name


@pytest.mark.parametrize(
    "written", [[], [("ann", CRASH)], [("ann", CRASH)] * 9, [(who, THANKS) for who in "abcdef"]]
)
def test_nobody_one_member_or_small_talk_gives_no_point(written: list[tuple[str, str]]) -> None:
    said = found(written)
    assert said.key_points.is_empty()
    assert said.matches.is_empty()


def test_what_cleaning_changed_is_no_sentence_of_its_post() -> None:
    said = found(THREE, body="See https://x.example: the app crashes. At start.")
    assert said.sentences.is_empty()


def test_a_sentence_over_two_lines_of_its_post_is_one() -> None:
    both = found([("ann", CRASH), ("ben", CRASH)], body=CRASH.replace(" at ", "\nat "))
    assert len(both.sentences) == 2


def test_what_a_person_labelled_otherwise_says_no_problem() -> None:
    said = found([*THREE, ("eve", CRASH)], labelled={"p0": ["question"], "p1": ["bug"], "p2": []})
    assert said.matches["post_id"].to_list() == ["p1", "p4"]


def test_sentences_are_kept_as_soon_as_they_are_read() -> None:
    kept: list[pl.DataFrame] = []
    written = [("ann", f"{BLANK} {n}") for n in range(CHUNK + 1)]
    said = found([*written, ("ben", CRASH)], keep=lambda _, rows: kept.append(rows))
    assert [len(rows) for rows in kept] == [CHUNK, 2]
    assert pl.concat(kept).sort("post_id").equals(said.sentences.sort("post_id"))


def test_what_is_more_particular_in_each_is_told_without_the_particulars() -> None:
    """Sentences of which none says another are headed by a part of one, which all of them say."""
    one, other, part = (
        "The sync fails every night on Ubuntu.",
        "The sync fails every night on Windows.",
        "The sync fails every night",
    )
    vectors = {part: [1.0, 0, 0], one: [0.75, 0.66, 0], other: [0.75, 0, 0.66]}

    class Known(Reader):
        def encode(self, sentences: Sequence[str]) -> Matrix:
            return np.array([vectors[text] for text in sentences], np.float32)

    written = [("ann", one), ("ben", other)]
    said = found(written, reader=Known())
    (row,) = said.key_points.to_dicts()
    assert (row["text"], row["n_voices"]) == (part, 2)
    assert said.clauses["text"].to_list() == [part, part]

    reader = Reader()
    found(written, reader=reader, previous={name: getattr(said, name) for name in NOTHING})
    assert reader.seen == []


def test_what_tells_the_matter_elsewhere_heads_no_point() -> None:
    away = "The app crashes, see the log below."
    assert found([("ann", away), ("ben", away), ("cat", away)]).key_points.is_empty()
    said = found([("ann", away), ("ben", away), ("cat", CRASH)])
    assert said.key_points["text"].to_list() == [CRASH.removesuffix(".")]
    assert said.matches["post_id"].to_list() == ["p0", "p1", "p2"]


def test_a_point_that_is_near_to_one_that_more_say_tells_which() -> None:
    class NearlyAlike(Reader):
        def encode(self, sentences: Sequence[str]) -> Matrix:
            alike = [[1.0, 0.0], [0.4, (1 - 0.4**2) ** 0.5]]  # a chance of 0.27
            return np.array([alike[CRASH[:7] not in text] for text in sentences], np.float32)

    written = [*THREE, ("eve", BLANK), ("fay", BLANK)]
    points = found(written, reader=NearlyAlike()).key_points
    ids = dict(points.select("text", "key_point_id").iter_rows())
    near = dict(points.select("text", "near").iter_rows())
    crash, blank = CRASH.removesuffix("."), BLANK.removesuffix(".")
    assert near == {crash: None, blank: ids[crash]}
