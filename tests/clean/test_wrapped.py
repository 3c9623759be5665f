"""Lines that a mail program broke are joined, and those that an author broke are not."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.clean.wrapped import unwrapped

WORDS = st.text("abcdefgh", min_size=3, max_size=12)


@given(st.lists(WORDS, min_size=60, max_size=200), st.integers(60, 78))
def test_what_was_broken_at_a_width_is_whole_again(words: list[str], width: int) -> None:
    paragraph = " ".join(words)
    assert unwrapped(textwrap.fill(paragraph, width, break_on_hyphens=False)) == paragraph


@given(st.text("ab .-*\n", max_size=400))
def test_no_character_but_a_line_break_is_another(text: str) -> None:
    joined = unwrapped(text)
    assert len(joined) == len(text)
    changed = {(a, b) for a, b in zip(text, joined, strict=True) if a != b}
    assert changed <= {("\n", " ")}


CHINESE = "这个应用在我更新之后就再也打不开了每次都是一片空白" * 2
MAIL = """Hi all,

since the update the export stops after some hundred notes and says no
word of why, whichever folder I choose and however long I wait for it to
go on. It was fine before.
What I tried:
- another folder, on another disk that has much more room than the first
- the old version, which exports all of them
Thanks
"""


def test_paragraphs_and_lists_and_a_greeting_stay_apart() -> None:
    assert unwrapped(MAIL).splitlines() == [
        "Hi all,",
        "",
        "since the update the export stops after some hundred notes and says no word of why, "
        "whichever folder I choose and however long I wait for it to go on. It was fine before.",
        "What I tried:",
        "- another folder, on another disk that has much more room than the first",
        "- the old version, which exports all of them",
        "Thanks",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "One line alone, as long as it may be, and nothing that follows it anywhere here",
        "A short line\nand another\nand a third one\nand the last",
        "Error 12 in the log\nand then a line that is much longer than what stood before it\n"
        "so no width tells why\nthe others end so early",
        "Name of the device: Samsung Galaxy tablet of the year 2019\n"
        "Version of the app: 4.2.1, from the store, not the beta one\n"
        "What I expected it to do: open the note that I had tapped on",
        "\n".join([CHINESE] * 4),
        "x" * 120 + "\n" + "y" * 120 + "\n" + "z" * 120,
    ],
)
def test_breaks_of_an_author_are_left(text: str) -> None:
    assert unwrapped(text) == text
