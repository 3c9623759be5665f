"""Needs: what members came to do, in their own words, and which of them want the same."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from feedbackminer.tagging import need_groups
from feedbackminer.tagging.need_groups import group_needs, ranks
from feedbackminer.tagging.needs import LONGEST, MOST_WORDS, Need, find_needs, name_jobs


@pytest.mark.parametrize(
    ("sentence", "need"),
    [
        ("I want to export only one folder.", "export only one folder"),
        ("I'd like to see tags in the sidebar.", "see tags in the sidebar"),
        ("I’d like to see tags in the sidebar.", "see tags in the sidebar"),
        ("I'm trying to open a shared notebook.", "open a shared notebook"),
        ("i have been trying to share a notebook all day", "share a notebook all day"),
        ("I need to print a whole chapter!", "print a whole chapter"),
        ("I really need a bigger font size.", "a bigger font size"),
        ("We are looking to move our wiki here.", "move our wiki here"),
        ("I am looking for a quiet theme.", "a quiet theme"),
        ("I keep two folders so that I can find my notes.", "find my notes"),
        ("It would be nice if the list kept its order.", "the list kept its order"),
        ("Would be great to have a night theme.", "have a night theme"),
        ("I wish there was a dark mode.", "there was a dark mode"),
        ("I wish it had a dark mode.", "it had a dark mode"),
        ("Is there any way to sort by date?", "sort by date"),
        ("Is there a way I can sort by date?", "sort by date"),
        ("I wonder if there is an easy way to sort by date.", "sort by date"),
        ("How do I move a notebook?", "move a notebook"),
        ("How would I go about moving a notebook?", "moving a notebook"),
        ("Would it be possible to pin two notes?", "pin two notes"),
        ("My goal is to write without a network.", "write without a network"),
        ("Trying to open a shared notebook.", "open a shared notebook"),
        ("I have two tablets and want to keep them in step.", "keep them in step"),
        ("I'd like it to remember my place.", "it to remember my place"),
    ],
)
def test_a_need_is_what_follows_the_words_that_state_it(sentence: str, need: str) -> None:
    assert find_needs(sentence) == [need]


@pytest.mark.parametrize(
    ("sentence", "need"),
    [
        ("I am trying to log my panels to emoncms, but it fails", "log my panels to emoncms"),
        ("I want to print one chapter but it prints all", "print one chapter"),
        ("I want to print one chapter because it is late", "print one chapter"),
        ("I want to print one chapter and it prints all", "print one chapter"),
        ("I want to print one chapter (the last)", "print one chapter"),
        ("I want to print one chapter\nand go home", "print one chapter"),
        ("I want to log in by two-step at example.org", "log in by two-step at example.org"),
        ("I want to print one chapter and", "print one chapter"),
    ],
)
def test_a_need_ends_with_its_clause(sentence: str, need: str) -> None:
    assert find_needs(sentence) == [need]


def test_a_sentence_may_state_several_needs() -> None:
    sentence = (
        "I want to tag my old notes so that I can find them again; how do I tag many at once?"
    )
    assert find_needs(sentence) == ["tag my old notes", "find them again", "tag many at once"]


@pytest.mark.parametrize(
    ("sentence", "because"),
    [
        ("If you want to print one chapter, press the key.", "the reader does it"),
        ("Let me know if you'd like to see the new theme.", "the reader does it"),
        ("You need to press the other key first.", "the reader does it"),
        ("Do I need to press the other key first?", "it asks whether"),
        ("If I need to press the other key, tell me.", "it is supposed"),
        ("I want to thank everybody for the help.", "courtesy"),
        ("I'd like to say that this went well.", "courtesy"),
        ("I'd like to mention the old theme here.", "courtesy"),
        ("I'd like to add that the old theme is gone.", "courtesy"),
        ("I need to apologise for the late answer.", "courtesy"),
        ("I'd like to know what you think of it.", "courtesy"),
        ("It would be great if somebody could look at it.", "it asks for help"),
        ("It would be great if you could post your log.", "it asks for help"),
        ("Attach it so that I can look at your log.", "a helper says it"),
        ("How do I know which key it is?", "rhetoric"),
        ("How do I put it without being rude?", "rhetoric"),
        ("I don't want to print the whole chapter.", "it is denied"),
        ("I do not want to print the whole chapter.", "it is denied"),
        ("I never wanted to print the whole chapter.", "it is denied"),
        ("It is not that I want to print the chapter.", "it is denied"),
        ("It was late, so I could print only half of it.", "it tells what followed"),
        ("I want to print.", "too short to tell anything"),
        ("The keys that I need to press are far apart.", "it belongs to a noun"),
        ("", "nothing is said"),
    ],
)
def test_what_only_looks_like_a_need_is_none(sentence: str, because: str) -> None:
    assert find_needs(sentence) == [], because


@given(
    st.lists(
        st.sampled_from(
            "I we want to need a so that can how do wish it there print one chapter ’d 'm , . ? ( "
            '" - – emoncms.org\n and you not 同'.split(" ")
        ),
        max_size=40,
    ).map(" ".join)
)
@settings(max_examples=80, deadline=None)
def test_needs_stand_in_the_sentence_word_by_word_and_in_order(sentence: str) -> None:
    at = 0
    for need in find_needs(sentence):
        at = sentence.index(need, at) + len(need)
        assert len(need.split()) <= MOST_WORDS
        assert "\n" not in need


@pytest.mark.timing
@pytest.mark.parametrize(
    "part", ["I want to ", "I really just ", "(", "so that ", "a-", "I want an"]
)
def test_a_hostile_sentence_takes_no_longer_than_its_first_part(part: str) -> None:
    find_needs("warm up the pipeline")
    began = time.process_time()
    find_needs(part * 200_000)
    assert time.process_time() - began < 2, LONGEST


def test_a_need_knows_its_post_and_sentence() -> None:
    sentence = "I want to export only one folder."
    needs = [Need("p1", sentence, text) for text in find_needs(sentence)]
    assert needs == [Need("p1", sentence, "export only one folder")]


def unit(*rows: tuple[float, ...]) -> NDArray[np.float32]:
    vectors = np.array(rows, dtype=np.float32)
    lengths: NDArray[np.float32] = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / lengths


def around(centres: NDArray[np.float32], each: int, seed: int = 0) -> NDArray[np.float32]:
    """Return unit vectors in turn around each centre."""
    noise = np.random.default_rng(seed).normal(0, 0.05, (each * len(centres), centres.shape[1]))
    return unit(*(np.tile(centres, (each, 1)) + noise))


THREE = unit((1, 0, 0), (0.95, 0.3, 0), (0, 1, 0), (0.9, 0.4, 0), (0, 0, 1))


def test_needs_that_are_alike_are_one_group_the_largest_first() -> None:
    assert group_needs(THREE).tolist() == [0, 0, 1, 0, 2]
    assert group_needs(THREE[::-1]).tolist() == [1, 0, 2, 0, 0]


def test_the_stricter_the_more_groups() -> None:
    assert group_needs(THREE, alike=0.99).tolist() == [1, 0, 2, 0, 3]
    assert len(set(group_needs(THREE, alike=0.1).tolist())) <= 3


@pytest.mark.parametrize("rows", [0, 1])
def test_few_needs_need_no_clustering(rows: int) -> None:
    groups = group_needs(THREE[:rows])
    assert groups.tolist() == [0] * rows
    assert groups.dtype == np.int64
    assert ranks(THREE[:rows], groups).tolist() == [0] * rows


def test_a_need_of_unknown_words_only_is_alone() -> None:
    vectors = np.vstack([THREE, np.zeros((1, 3), dtype=np.float32)])
    assert group_needs(vectors).tolist() == [0, 0, 1, 0, 2, 3]


def test_needs_are_ranked_by_how_near_their_groups_centre_they_are() -> None:
    places = ranks(THREE, np.array([0, 0, 1, 0, 2]))
    assert np.flatnonzero(places == 0).tolist() == [1, 2, 4]
    assert sorted(places[[0, 1, 3]].tolist()) == [0, 1, 2]


def test_of_two_needs_as_central_the_first_ranks_first() -> None:
    vectors = unit((1, 0), (1, 0), (0, 1))
    assert ranks(vectors, group_needs(vectors)).tolist() == [0, 1, 0]


def test_more_needs_than_a_block_find_the_same_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = around(np.eye(8, dtype=np.float32)[:4], each=30)
    whole = group_needs(vectors)
    monkeypatch.setattr(need_groups, "BLOCK", 10)
    assert group_needs(vectors).tolist() == whole.tolist() == [0, 1, 2, 3] * 30


def test_a_group_that_begins_after_the_first_block_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    early, late = np.eye(2, dtype=np.float32)
    monkeypatch.setattr(need_groups, "BLOCK", 10)
    groups = group_needs(np.vstack([np.tile(early, (12, 1)), np.tile(late, (20, 1))]))
    assert groups.tolist() == [1] * 12 + [0] * 20


@pytest.mark.parametrize(
    ("chances", "names_job"),
    [
        ([0.0, 0.0, 0.9, 0.0, 0.9, 0.9], True),
        ([0.0, 0.9, 0.0, 0.0, 0.9, 0.9], True),
        ([0.9, 0.0, 0.0, 0.9, 0.9, 0.9], False),  # nobody asks for it
        ([0.0, 0.0, 0.9, 0.0, 0.1, 0.9], False),  # understood only with what comes before
        ([0.0, 0.0, 0.9, 0.0, 0.9, 0.1], False),  # says little
    ],
)
def test_a_need_names_a_job_where_a_wish_for_it_does(chances: list[float], names_job: bool) -> None:
    assert name_jobs(np.array([chances], np.float32)) == [names_job]
