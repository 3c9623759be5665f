"""A headline is an exact part of a sentence, without what leads over to it."""

import pytest

from feedbackminer.text.headline import headline


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("However, the page stays blank.", "the page stays blank"),
        (
            "The problem is: when I open a shared board nothing happens.",
            "when I open a shared board nothing happens",
        ),
        ("My problem is that I can't print any labels.", "I can't print any labels"),
        ("A quick question - does Inkwren keep old versions?", "does Inkwren keep old versions?"),
        ("Hi, so the update stopped the server.", "the update stopped the server"),
        ("The problem with the editor is the font.", "The problem with the editor is the font"),
        ("Now nothing works since the update.", "Now nothing works since the update"),
        ("But it fails.", "But it fails"),
        ("And so the board stays empty.", "the board stays empty"),
        ("So far the board stays empty.", "So far the board stays empty"),
        ("So many crashes since May.", "So many crashes since May"),
        ("Well documented API and support.", "Well documented API and support"),
        ("OK button does nothing here.", "OK button does nothing here"),
        ("Hi res images fail to load.", "Hi res images fail to load"),
        ('"Sync now" does nothing .', '"Sync now" does nothing'),
    ],
)
def test_a_headline_begins_where_it_says_what_it_says(sentence: str, shown: str) -> None:
    assert headline(sentence) == shown
    assert shown in sentence
