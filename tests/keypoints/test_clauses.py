"""Clauses: a sentence ends earlier, and never so that it says something else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.keypoints.clauses import clauses


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        ("I can't open the editor on Ubuntu 14.04.", ["I can't open the editor"]),
        (
            "The sync stops working after the update from May.",
            ["The sync stops working after the update", "The sync stops working"],
        ),
        ("My notes never sync (see the log).", ["My notes never sync"]),
        ("The export crashes if there is a picture.", []),  # it does not always
        ("The editor is great but slow.", []),
        (
            "I took a series of pictures, but I cannot import the file into the editor.",
            ["I took a series of pictures", "I cannot import the file into the editor."],
        ),
        (
            "It installs well but now the editor stays blank on Windows.",
            [
                "It installs well but now the editor stays blank",
                "the editor stays blank on Windows.",
                "the editor stays blank",
            ],
        ),
        ("I like this editor but it fails.", []),  # who knows what does?
        ("If I use Chrome it works, but the editor stays blank.", []),
        ("It stops on Windows.", []),  # what is left is too short
        ("The app only works with Chrome.", []),
        ("Can I take a size that isn't on the list?", []),
        ("I have no problem with the new editor.", []),
        ("Users still can't log in to the site.", []),
        ("When I open the editor, it crashes.", []),
        ("Saving works fine today, but not on Linux.", ["Saving works fine today"]),
    ],
)
def test_where_and_with_what_are_left_out_but_nothing_that_matters(
    sentence: str, parts: list[str]
) -> None:
    assert clauses(sentence) == parts


@given(st.text(alphabet="ab ,;(-", max_size=80))
def test_a_clause_is_a_part_of_its_sentence(text: str) -> None:
    sentence = text.replace("a", "the editor ").replace("b", "stops but on ")
    for part in clauses(sentence):
        assert part in sentence
        assert len(part) < len(sentence)
