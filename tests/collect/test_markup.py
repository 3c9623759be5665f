"""Markup: an HTML body becomes the text a reader sees."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.collect import markup


@pytest.mark.parametrize(
    ("body", "want"),
    [
        ("<p>one</p><p>two &amp; three</p>", "one\ntwo & three"),
        ("<p>one<br>two</p>", "one\ntwo"),
        ("one<br/>two", "one\ntwo"),
        ("<p>see <a href='https://x.org'>the docs</a></p>", "see the docs"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("<p>run</p><pre><code>a &lt; b</code></pre>", "run\n\n```\na < b\n```"),
        ("<p>hi</p><script>alert(1)</script><style>p {}</style>", "hi"),
        ("<p onclick='alert(1)'>hi</p>", "hi"),
        ("<p>look <img src='x.png' onerror='alert(1)'></p>", "look [image]"),
        ("<blockquote><p>old</p></blockquote><p>new</p>", "> old\n\nnew"),
        (
            "<blockquote>a<blockquote>b</blockquote>c</blockquote><p>new</p>",
            "> a\n> b\n> c\n\nnew",
        ),
        (
            '<aside class="quote"><div class="title">Ann:</div>'
            "<blockquote><p>old</p></blockquote></aside><p>new</p>",
            "> Ann:\n> old\n\nnew",
        ),
        (
            '<aside class="quote" data-username="ann_z"><div class="title"><img src="x"> Ann:</div>'
            "<blockquote><p>old</p></blockquote></aside><p>new</p>",
            "> @ann_z:\n> old\n\nnew",
        ),
        (
            '<aside class="quote" data-username="a b\n@c"><div class="title">Ann:</div>'
            "<blockquote><p>old</p></blockquote></aside><p>new</p>",
            "> old\n\nnew",
        ),
        ("<p>a&nbsp;b</p>", "a b"),
    ],
)
def test_a_reader_sees_this(body: str, want: str) -> None:
    assert markup.is_html(body)
    assert markup.to_text(body) == want


@pytest.mark.parametrize(
    "body",
    [
        "The <div> tag is broken",
        "a < b and c > d",
        "<3 this app",
        "<script>alert(1)</script>",
        "set <user> and <password>",
        "",
    ],
)
def test_a_text_about_tags_is_no_markup(body: str) -> None:
    assert not markup.is_html(body)


def test_titles_hold_entities_at_most() -> None:
    assert markup.title_text("Tom &amp; <b>Jerry</b>") == "Tom & <b>Jerry</b>"


@given(
    st.lists(
        st.sampled_from(
            ["<p>", "</p>", "<br>", "<div>", "</div>", "<pre>", "&", "<", ">", "'", "\n", "x"]
        )
    )
)
def test_any_markup_becomes_text(pieces: list[str]) -> None:
    assert "<script" not in markup.to_text("<p>" + "".join(pieces) + "<script>alert(1)</script>")


@pytest.mark.timing
@pytest.mark.parametrize(
    "unit",
    ["<div>", "<p>", "<b>", "<br>", "<pre>", "<blockquote>", "<blockquote>a</blockquote>", "<"],
)
def test_hostile_markup_costs_time_in_proportion_to_its_length(unit: str) -> None:
    body = "<p>" + (unit * 300_000)[:300_000] + "</p>"
    started = time.process_time()
    if markup.is_html(body):
        markup.to_text(body)
    assert time.process_time() - started < 2
