"""Code and logs go, by their marks or signs; lists, prices and sentences with times stay."""

import re

import pytest

from feedbackminer.clean.stage import clean_text

LOG = "worker started and waits\nqueue opened for writing\nhandler was called again"


@pytest.mark.parametrize(
    "pasted",
    [
        f"```\n{LOG}\n```",
        f"```{LOG}```",
        f"````\n{LOG}\n```\nmore\n````",
        f"~~~ text\n{LOG}\n~~~",
        f"<pre>{LOG}</pre>",
        f"[CODE]{LOG}[/CODE]",
        f"{{code:sh}}{LOG}{{code}}",
        f"<details>\n<summary>Console</summary>\n\n{LOG}\n</details>",
        f"<details>\n{LOG}\n</details>",
        f'[details="Trace of the run"]\n{LOG}\n[/details]',
        "    for each lamp\n        switch it on\n    next lamp",
        "\tfor each lamp\n\t\tswitch it on",
    ],
)
def test_what_is_marked_as_code_goes_and_what_follows_stays(pasted: str) -> None:
    assert clean_text(f"It stops here:\n\n{pasted}\n\nWhy is that?") == (
        "It stops here:\n\nWhy is that?"
    )


def test_what_is_said_below_a_fence_that_is_never_closed_stays() -> None:
    assert clean_text(f"```\n{LOG}\n\nWhy does it wait for so long?") == (
        "Why does it wait for so long?"
    )


@pytest.mark.parametrize(
    "text",
    [
        "It was 9 €.\n$4.99/month -> $8.99/month?!\nNo.",
        "I need\n(a) maps; (b) routes; (c) a bell;\nand no more.",
        "1) maps 2) routes 3) bells",
        "Look 5/5, sound 2/5, price 1/5!",
        "Great!!! :) :D <3",
        "Apr 5, 09:10:11 was when my list vanished.",
        "09:10:11 is what the clock shows.",
        "**** UPDATE ****\nIt stopped again.",
        "First it hummed.\n~~~ Later ~~~\nNow it is quiet.",
        "~~~\nFirst it hummed, then it stopped.\n~~~\nNow it is quiet.",
        "use ``` to fence a log",
    ],
)
def test_what_only_looks_like_code_stays(text: str) -> None:
    assert clean_text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "[spoiler]the lamp was off\nand cold\nall night[/spoiler]",
        "- pulled the plug\n    and waited\n- put it in",
        "1. pulled the plug\n\n    and waited for long\n\n2. put it in",
        "I did this:\n\n    I pulled the plug. Then I waited.\n    Nothing came.\n\nSo?",
        "I bought\n\n    one small lamp\n\n    two large bulbs\n\nand a hammer.",
        "<details><summary>About me</summary>\nI build lamps. I like it a lot.\n\nBye.</details>",
    ],
)
def test_indented_or_folded_prose_stays(text: str) -> None:
    said = re.sub(r"</?details>|<summary>|\[/?spoiler\]", "", text).replace("</summary>", "")
    assert clean_text(text).split() == said.split()
