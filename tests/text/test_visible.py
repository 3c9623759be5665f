"""What nobody sees does not come out."""

from __future__ import annotations

import pytest

from feedbackminer.text.visible import visible


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\x1b[2Jb", "a [2Jb"),
        ("pay \u202eelgoog\u202c", "pay elgoog"),
        ("zero\u200bwidth", "zero width"),
        ("tags \U000e0041\U000e0042", "tags"),
        ("said 😀\U000e0158\U000e0159\ufe01 nothing", "said 😀 nothing"),
        ("pay\u061c \u3164me", "pay me"),
        ("👍\ufe0f", "👍\ufe0f"),
        ("two\nlines\tand  more", "two lines and more"),
        ("👩\u200d🔧 and می\u200cخواهم", "👩\u200d🔧 and می\u200cخواهم"),
    ],
)
def test_controls_and_overrides_go_and_joiners_stay(text: str, seen: str) -> None:
    assert visible(text) == seen
