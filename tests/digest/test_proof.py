"""What a digest says otherwise than it should is named, wherever it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.digest.proof import JSON, Difference, differences, misstated
from tests.support.builders import posts

POSTS = posts(
    {"post_id": "a", "author_id": "ann", "body": "The sync   fails. Every night!"},
    {"post_id": "b", "author_id": "ben", "title": "It fails", "body": "Since 4.2."},
    {"post_id": "c", "author_id": "ben", "body": "Still."},
    {"post_id": "d", "author_id": None, "body": "Me too."},
)


def claim(**values: Any) -> dict[str, Any]:
    return {
        "claim_id": "problem-1",
        "evidence": ["a", "b", "c", "d"],
        "n_posts": 4,
        "n_voices": 2,
        "quoted": "the sync fails",
        "quoted_from": "a",
    } | values


def quote(**values: Any) -> dict[str, Any]:
    return {"post_id": "a", "text": "Every night!", "stands_for": "problem-1"} | values


def answer(**values: Any) -> dict[str, Any]:
    return {"post_id": "a", "text": "Every night!", "stands_with": "problem-1"} | values


def content(*, claims: Any = (), quotes: Any = (), answers: Any = ()) -> dict[str, Any]:
    return {
        "claims": list(claims or [claim()]),
        "quotes": list(quotes or [quote()]),
        "answers": list(answers or [answer()]),
    }


def test_what_stands_in_its_posts_is_not_misstated() -> None:
    assert list(misstated(content(), POSTS)) == []


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        (content(quotes=[quote(text="Every night?")]), "quotes[0], for problem-1"),
        (content(quotes=[quote(post_id="b")]), "quotes[0], for problem-1"),
        (content(quotes=[quote(post_id="x")]), "quotes[0], for problem-1"),
        (content(answers=[answer(text="Every day!")]), "answers[0], for problem-1"),
        (content(answers=[answer(post_id="x")]), "answers[0], for problem-1"),
        (content(claims=[claim(n_posts=5)]), "claims[problem-1].n_posts"),
        (content(claims=[claim(n_voices=3)]), "claims[problem-1].n_voices"),
        (content(claims=[claim(quoted="the sink fails")]), "claims[problem-1].quoted"),
        (content(claims=[claim(quoted_from="b")]), "claims[problem-1].quoted"),
        (content(claims=[claim(evidence=["a", "b", "c", "x"])]), "claims[problem-1].evidence"),
    ],
)
def test_what_its_posts_do_not_say_is_named(changed: dict[str, Any], where: str) -> None:
    assert [one.where for one in misstated(changed, POSTS)][:1] == [where]


FILES = {
    JSON: json.dumps(
        {
            "title": "Inkwren",
            "claims": [claim(value=0.25), claim(claim_id="love-2", value=None)],
            "quotes": [quote(), quote(text="Since 4.2.")],
            "totals": {"posts": 31},
        }
    ),
    "index.html": "<h1>Two things</h1>\n<p>4 of 31 members: “Since 4.2.”</p>\n<p>End</p>",
    "digest.md": "# Inkwren\n\n31 members",
}


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, str]:
    """Return the files with something in the JSON changed."""
    values = json.loads(FILES[JSON])
    change(values)
    return {**FILES, JSON: json.dumps(values)}


def test_the_same_files_do_not_differ() -> None:
    assert list(differences(FILES, dict(FILES))) == []


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (
            changed(lambda v: v["totals"].update(posts=32)),
            [Difference("totals.posts", "32", "31")],
        ),
        (
            changed(lambda v: v["claims"][0].update(value=0.26)),
            [Difference("claims[problem-1].value", "0.26", "0.25")],
        ),
        (
            changed(lambda v: v["quotes"][1].update(text="Since 4.3.")),
            [Difference("quotes[1].text", '"Since 4.3."', '"Since 4.2."')],
        ),
        (
            changed(lambda v: v["claims"][0]["evidence"].remove("d")),
            [Difference("claims[problem-1].evidence[3]", "nothing", '"d"')],
        ),
        (changed(lambda v: v.pop("title")), [Difference("title", "nothing", '"Inkwren"')]),
        (changed(lambda v: v.update(x=1)), [Difference("x", "1", "nothing")]),
        (
            {**FILES, "index.html": FILES["index.html"].replace("31", "37")},
            [
                Difference(
                    "index.html:2",
                    '"<p>4 of 37 members: “Since 4.2.”</p>"',
                    '"<p>4 of 31 members: “Since 4.2.”</p>"',
                )
            ],
        ),
        (
            {name: text for name, text in FILES.items() if name != "digest.md"},
            [Difference("digest.md", "a file less", "a file")],
        ),
        ({**FILES, "more.html": ""}, [Difference("more.html", "a file", "a file less")]),
    ],
)
def test_what_differs_is_named_with_what_should_stand_there(
    found: dict[str, str], told: list[Difference]
) -> None:
    assert list(differences(found, FILES)) == told


def test_a_claim_of_another_id_is_one_too_many_and_one_that_lacks() -> None:
    found = changed(lambda v: v["claims"][1].update(claim_id="love-3"))
    named = {one.where: (one.got == "nothing") for one in differences(found, FILES)}
    assert named == {"claims[love-2]": True, "claims[love-3]": False}


def test_where_lines_are_missing_the_first_that_differs_is_named() -> None:
    found = {**FILES, "index.html": FILES["index.html"].partition("\n")[2]}
    (one,) = differences(found, FILES)
    assert one.where == "index.html:1"


def test_the_last_bit_of_a_sum_is_no_difference() -> None:
    found = changed(lambda v: v["claims"][0].update(value=0.25 + 1e-15))
    assert list(differences(found, FILES)) == []
    assert [one.where for one in differences(found, FILES, tolerance=0)] == [
        "claims[problem-1].value"
    ]


PLACES = [
    (name, match.start())
    for name, text in FILES.items()
    for match in re.finditer(r"\w", text)
    if name != JSON or text[match.start() - 3 : match.start() + 3].isalnum()
]


@given(st.sampled_from(PLACES), st.sampled_from("0123456789xyz"))
def test_one_character_that_is_changed_anywhere_is_named(place: tuple[str, int], by: str) -> None:
    name, at = place
    text = FILES[name]
    tampered = {**FILES, name: text[:at] + by + text[at + 1 :]}
    is_same = text[at] == by
    assert bool(list(differences(tampered, FILES))) is not is_same
