"""Removing: what an author did not newly say in prose goes, what they said stays."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.clean import characters, code, markup, replies, signing
from feedbackminer.clean.stage import STEPS, clean_text


def _quotations(text: str) -> str:
    return replies.answered(markup.quotations(replies.quotations(text)))


def _code(text: str) -> str:
    return code.lines(code.blocks(text))


def _mail_ends(text: str) -> str:
    return signing.signatures(signing.adverts(text))


def _links(text: str) -> str:
    return markup.links(markup.tags(text))


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("a\u200bb\ufeffc\u00add", "abcd"),
        ("safe\u202eexe.txt\u202c", "safeexe.txt"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # spelt with a joiner
        ("👩\u200d💻 works", "👩\u200d💻 works"),
    ],
)
def test_invisible(text: str, want: str) -> None:
    assert characters.invisible(text) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("> old\nnew", "new"),
        (">> older\n> old\n  > indented\nnew", "new"),
        ("> old\n\nnew", "\nnew"),
        ("Ann wrote:\n> old\nnew", "new"),
        ("On 2 March 2026, Ann wrote :\n> old\nnew", "new"),
        ("Am Montag schrieb:\n> alt\nneu", "neu"),
        ("It always said:\nno connection", "It always said:\nno connection"),
        ("[quote]old[/quote]new", "\nnew"),
        ('[quote="ann, post:3, topic:9"]\nold\n[/quote]\nnew', "\n\nnew"),
        ("[QUOTE=ann]a[quote]b[/quote]c[/QUOTE]new", "\nnew"),
        ("a[quote]b[/quote]c[quote]d[/quote]e", "a\nc\ne"),
        ("[quote]never closed", "never closed"),
        ("never opened[/quote] new", "never opened new"),
        ("new\n-----Original Message-----\nFrom: Ann\nold", "new\n"),
        ("a > b and b <- c", "a > b and b <- c"),
    ],
)
def test_quoted_replies(text: str, want: str) -> None:
    assert _quotations(text) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("run\n```\nx = 1\n```\nthen stop", "run\n\n\nthen stop"),
        ("run\n```python\nx = 1\n```\nthen stop", "run\n\n\nthen stop"),
        ("run\n~~~\nx = 1\n~~~\nthen stop", "run\n\n\nthen stop"),
        ("run\n```\nnever closed", "run\n\n"),
        ("```x = 1``` does nothing\nplease help", "\n does nothing\nplease help"),
        ("press `Ctrl` twice", "press `Ctrl` twice"),
        ("see [code]x = 1[/code] here", "see \n here"),
        ("[code=python]a[code]b[/code]c[/code]d", "\nd"),
        ("it fails\n    at com.app.Main.run(Main.java:7)\nhelp", "it fails\nhelp"),
        ('it fails\nTraceback (most recent):\n  File "a.py", line 3\nhelp', "it fails\nhelp"),
        ("it fails\nCaused by: java.lang.Error\nhelp", "it fails\nhelp"),
        ("log:\n    [12:33:01] INFO server started port=8080\nhelp", "log:\nhelp"),
        ("log:\n2026-03-01 12:33:01,123 WARN retry of the queue\nhelp", "log:\nhelp"),
        ("log:\nMar  1 12:33:01 host kernel: usb device removed\nhelp", "log:\nhelp"),
        ("dump\n00 a0 06 40 00 80 06 d6\nhelp", "dump\nhelp"),
        ("if (a[0] == b) { return x; }", ""),
        ("#include <stdio.h>", ""),
        ("$ ls -la /tmp/*", ""),
        ("{ \"version\": 2, \"ok\": true }", ""),
    ],
)  # fmt: skip
def test_code(text: str, want: str) -> None:
    assert _code(text) == want


@pytest.mark.parametrize(
    "line",
    [
        "Version 4.1.12, iOS 17.2",
        "Chrome 131, Windows 11, Inkwren 3.9.",
        "Since 2026-03-01",
        "It costs $5 (or 10 % less) now",
        "Save & close does nothing; it just waits;",
        "I waited from 10:15:03 until 10:20:00",
        "v2 :)",
        "これは動きません。どうすれば",
    ],
)
def test_prose_with_numbers_and_signs_is_no_code(line: str) -> None:
    assert _code(line) == line


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("thanks\n-- \nAnn Example\nAcme", "thanks\n"),
        ("thanks\n--\nAnn", "thanks\n"),
        ("a\n-- \nb\n-- \nAnn", "a\n-- \nb\n"),
        ("thanks\nSent from my phone", "thanks"),
        ("thanks\nGet Outlook for Android", "thanks"),
        ("it was sent from my account", "it was sent from my account"),
        ("a -- b", "a -- b"),
        ("-- \n" + "a long text\n" * 20, "-- \n" + "a long text\n" * 20),
    ],
)
def test_signatures(text: str, want: str) -> None:
    assert _mail_ends(text) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("see https://x.org/a?b=1#c now", "see   now"),
        ("see https://x.org/a. It crashes", "see  . It crashes"),
        ("see <https://x.org> now", "see   now"),
        ("see www.x.org, please", "see  , please"),
        ("see https://x.org/very/lo... now", "see   now"),
        ("read [the docs](https://x.org) first", "read the docs first"),
        ('read [the docs](https://x.org "Docs") first', "read the docs first"),
        ("look ![image|690x388](upload://a.png) here", "look   here"),
        ("look [image] here", "look   here"),
        ("[url=https://x.org]the docs[/url]", " the docs "),
        ("[b]bold[/b] and [size=5]big[/size]", " bold  and  big "),
        ("[img]https://x.org/a.png[/img]", " "),
        ("the www of 1999 and a[1]", "the www of 1999 and a[1]"),
    ],
)
def test_links(text: str, want: str) -> None:
    assert _links(text) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("Awesome :smiley: I love it", "Awesome   I love it"),
        ("Done :+1::white_check_mark: at 12:30:45", "Done   at 12:30:45"),
        ("call std::vector::size or a:b:c", "call std::vector::size or a:b:c"),
        ("Note: this is prose: so it stays", "Note: this is prose: so it stays"),
    ],
)
def test_emoji_codes(text: str, want: str) -> None:
    assert characters.emoji_codes(text) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("  a \t b\u00a0c  ", "a b c"),
        ("a\n\n \n\n\nb", "a\n\nb"),
        (" a \n b ", "a\nb"),
        ("\n\n", ""),
    ],
)
def test_spare_space(text: str, want: str) -> None:
    assert characters.spare_space(text) == want


def test_the_steps_together_leave_what_was_newly_said() -> None:
    body = (
        "On Monday Ann wrote:\r\n> It crashes.\r\n\r\nSame here &amp; on 4.1, see "
        "[the log](https://x.org/log):\r\n```\r\nboom\r\n```\r\nPlease help.\r\n-- \r\nBea\r\n"
    )
    assert clean_text(body) == "Same here & on 4.1, see the log:\n\nPlease help."


@given(st.lists(st.text(), max_size=5).map("\n".join))
def test_cleaning_any_text_never_crashes_and_leaves_no_outer_space(body: str) -> None:
    cleaned = clean_text(body)
    assert cleaned == cleaned.strip()


SAID = (
    "On 3 March 2024, Ann said:\n> old\n\nIt hums &amp; stops.\n\nRegards\nAnn",
    "## Steps\n\n1. open it\n2. wait\n\n**Version:** 4.1\n- [ ] I can help",
    "It costs $3/month -> $5/month.\n\n[h2]Why[/h2] see [this](https://x.example) :smile:",
    "First.\n--\nSecond, with `code` and ~~~ more ~~~ of it.",
)
WORDS = st.lists(
    st.sampled_from("the Lamp hums All night and We sent From my best".split()), min_size=1
)


@given(st.lists(WORDS, max_size=6))
def test_sentences_of_letters_and_spaces_stay_whole(lines: list[list[str]]) -> None:
    text = "\n".join(f"So {' '.join(words)} again" for words in lines)
    assert clean_text(text) == text


@given(st.lists(st.text(alphabet="ab #:\n>-[]()`*_.1", max_size=30), max_size=6).map("\n".join))
def test_every_line_that_stays_is_made_of_what_the_post_says(body: str) -> None:
    kept = [word for word in clean_text(body).split() if word.isalpha()]
    assert all(word in body for word in kept)


@pytest.mark.parametrize("body", SAID)
def test_cleaning_again_changes_nothing(body: str) -> None:
    assert clean_text(clean_text(body)) == clean_text(body)


HOSTILE = (
    "[quote", "[quote]", "[/quote]", "[code]", "`", "```", "```\n", "~~~\n", "-- \n", "-- ", ">",
    "> \n", "(", "[", "](", "[](", "![a](", "http://", "www.", "http://.", "a wrote:", "\n", " ",
    " \n", "\u00a0", "\u2003\n", "at a", "[12", "1.", "-----", "---original message", "&amp", "<",
    "sent from my ", "\r", ":", ":a", ":a:", " :a", "<!--", "data:a/b;base64,", "A", "A ",
    "<details>", "[details=", "{code}", "{code:", "{{a", "!a.png", "[a|http://", "h1. ", "bq. ",
    "From: a\n", "From: a@b\nSubject: b\n", "On 3 March 2024 10:00 a wrote:\n", "On 2024 10:00",
    "____________\n", "-=-=-=\n", "—\n\n", "Regards\nAnn\n", "a\n    b\n\n", "\n\tb", "(a) ",
    "1/2 ", "&amp;amp;", "(Translated by Google)", "[USER=1]", "[img]a", "<img a", "~~~ a\n",
    "```` ", "$1.2/", ">10\n", ">!a\n", "12:34:56 a\n", "[12:34:56]", "**a**\n", "- [ ] a\n",
    "a: b\n", "a@", "Sent with A ",
)  # fmt: skip


@pytest.mark.timing
@pytest.mark.parametrize("step", STEPS, ids=lambda step: str(step.__name__))
@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_text_costs_less_than_a_second(unit: str, step: Callable[[str], str]) -> None:
    started = time.process_time()
    step((unit * 20_000)[:20_000])
    assert time.process_time() - started < 1


@pytest.mark.timing
@pytest.mark.parametrize("unit", HOSTILE)
def test_cleaning_costs_time_in_proportion_to_the_length(unit: str) -> None:
    started = time.process_time()
    clean_text((unit * 100_000)[:100_000])
    assert time.process_time() - started < 2
