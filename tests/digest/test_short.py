"""Lines for chats: what members wrote calls nobody, formats nothing and leads nowhere."""

from __future__ import annotations

import re

import pytest

from feedbackminer.digest.render.short import LONGEST, harmless

# What some chat takes for a call, a link, a picture or a format.
ACTIVE = re.compile(
    r"@|<|>|\*|_|~|`|\||\[|\]|#|\\|&|!|://|:[\w+-]+:|\b[\w-]+\.(?:com|org|example)\b"
)


@pytest.mark.parametrize(
    "text",
    [
        *("@channel", "@everyone look", "<!here>", "<!subteam^S1>", "<@U123>", "#general"),
        *("*bold* _it_ ~no~ `code` **b** __u__ ||hidden||", "> quoted", "# heading", "\\*"),
        *("[click](http://evil.example)", "<http://evil.example|Inkwren>", "![](x.png)"),
        *(
            "http://evil.example",
            "evil.example/path",
            "www.evil.com",
            ":smile: :+1:",
            "&lt;!here&gt;",
        ),
    ],
)
def test_nothing_in_it_is_markup(text: str) -> None:
    assert not ACTIVE.search(harmless(text))


def test_it_still_looks_as_it_did() -> None:
    shown = harmless("“After 4.2, the board stays empty”: 14 members (9 to 20 %)")
    assert re.sub("[\u2060\u2068\u2069]", "", shown) == (
        "“After 4.2, the board stays empty”: 14 members (9 to 20 %)"
    )


@pytest.mark.parametrize("turn", ["\u202e", "\u2067", "\u200f"])
def test_its_direction_ends_with_it(turn: str) -> None:
    shown = harmless(f"{turn}שלום{turn} world")
    assert turn not in shown
    assert (shown[0], shown[-1]) == ("\u2068", "\u2069")


def test_it_is_one_line_however_long() -> None:
    assert harmless("a\r\nb\u2028c\x00d") == "\u2068a b c d\u2069"
    shown = harmless("x" * 5_000)
    assert len(shown) == LONGEST + 2
    assert shown.endswith("…\u2069")
