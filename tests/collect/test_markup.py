"""Markup: an HTML body becomes the text a reader sees."""

import os
import re
import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.html_properties import Display
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_element import HtmlElement

from feedbackminer.collect import markup
from tests.support.pages import Pages

N_PAGES = int(os.environ.get("MARKUP_PAGES", "300"))  # MARKUP_PAGES=10000 for a thorough check
UNKNOWN_TO_INSCRIPTIS = (
    "caption center dd details dl dt fieldset form hr legend option section select summary".split()
)


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
    ("body", "want"),
    [
        ("<p>a<b>lo</b>ft</p>", "aloft"),
        ("<table><tr><th>Size</th><td>42</td></tr><tr><td>a</td></tr></table>", "Size\t42\na"),
        ("<pre>first<br>second</pre>", "first\nsecond"),
        ("<p>x</p><pre>first<br>  second</pre>", "x\n\n```\nfirst\n  second\n```"),
        ("<dl><dt>Weight</dt><dd>2 kg</dd></dl>", "Weight\n2 kg"),
        ("<ol><li>one<ol><li>two</ol><li>three</ol>", "one\ntwo\nthree"),
        ("<div>before<div>inside</div>after</div>", "before\ninside\nafter"),
        ("<div><select><option>red<option>blue</select></div>", "red\nblue"),
        ("<figure><img src=a.png><figcaption>The hut</figcaption></figure>", "[image]\nThe hut"),
        ("<div><button>Yes</button><button>No</button></div>", "Yes\tNo"),
        ("<p>a line\n   that goes on</p>", "a line that goes on"),
        ("<p>one<br>\ntwo</p>\n<p>three</p>", "one\ntwo\n\nthree"),
        ("one<br>two\n* three\n* four", "one\ntwo\n* three\n* four"),
        ("<h2>Wish</h2>A lid.", "Wish\nA lid."),
        ("<html><head><title>no</title></head><body>yes</body></html>", "yes"),
        ("<p>yes<!-- no --></p>", "yes"),
        ("<p>a picture<img src='x.png'>of it</p>", "a picture [image] of it"),
        ('<p>nice<img class="emoji" alt="😀" src="1.png">mug</p>', "nice 😀 mug"),
        ('<p>nice <img src="/images/emoji/cup.png" alt=":cup:">.</p>', "nice :cup:."),
        ('<p>nice<img alt="🙂" src="1.png"></p>', "nice 🙂"),
        ("<p>Dear <first name>, a List<String> is late</p>", None),
        ("<p>mail <joe@shop.example> or <https://shop.example></p>", None),
        ("<p>Hi</p>\n\n```html\n<b>bold</b>\n```\n", "Hi\n\n```\n<b>bold</b>\n```"),
        ("<p>Type `<br>` for a line</p>", "Type `<br>` for a line"),
        ("<p>I <3 it, 1 < 2 &amp; 3 > 2</p>", "I <3 it, 1 < 2 & 3 > 2"),
    ],
)
def test_words_stand_apart_as_on_the_page(body: str, want: str | None) -> None:
    text = markup.to_text(body)
    assert markup.is_html(body)
    assert text == (want or re.sub(r"</?p>", "", body))


@pytest.mark.parametrize(
    ("body", "own"),
    [
        (
            '<div>It does.</div><div class="ydp12yahoo_quoted"><div>On Monday Ann wrote:</div>'
            "<div>Does it?</div></div>",
            "It does.",
        ),
        (
            '<div dir="ltr">It does.</div><br><div class="gmail_quote gmail_quote_container">'
            '<div dir="ltr" class="gmail_attr">On Monday Ann wrote:<br></div>'
            '<blockquote class="gmail_quote"><div>Does it?</div></blockquote></div>',
            "It does.",
        ),
        (
            '<div class="gmail_quote">2024-03-08 Ann:<br><blockquote>Does it?</blockquote>'
            "<div>It does.</div><blockquote>And that?</blockquote><div>That too.</div></div>",
            "It does. That too.",
        ),
        (
            '<div>See below.</div><div class="gmail_quote">---------- Forwarded message<br>'
            "From: Ann<br><br>Does it?</div>",
            "See below.",
        ),
        (
            '<p>It does.</p><div class="moz-cite-prefix">On 08/03/2024 10:11, Ann wrote:<br>'
            '</div><blockquote type="cite" cite="mid:1"><pre wrap="">Does it?</pre></blockquote>'
            "<p>Greetings</p>",
            "It does. Greetings",
        ),
        (
            '<div>It does.<div><br><blockquote type="cite"><div>On 8 Mar 2024, Ann wrote:</div>'
            "<div>Does it?</div></blockquote></div></div>",
            "It does.",
        ),
        (
            '<div><p>It does.</p><div><div style="border:none;border-top:solid #B5C4DF 1.0pt">'
            "<p><b>Von:</b> Ann<br><b>Gesendet:</b> Freitag 10:00<br><b>An:</b> Bob<br>"
            "<b>Betreff:</b> Ofen</p></div></div><p>Does it?</p><blockquote>x</blockquote></div>",
            "It does.",
        ),
        (
            '<div>It does.</div><div id="x_appendonsend"></div><hr><div id="x_divRplyFwdMsg">'
            "<b>From:</b> Ann</div><div>Does it?</div>",
            "It does.",
        ),
        (
            '<p>It does.</p><aside class="quote" data-username="bluefin"><div class="title">'
            "<div class='quote-controls'></div><img class='avatar' src='a.png'> bluefin:</div>"
            "<blockquote><p>Does it?</p></blockquote></aside><p>Really.</p>",
            "It does. Really.",
        ),
        (
            '<div class="quoteheader">Quote from: bluefin</div><div class="quotecontent">'
            "Does it?</div>It does.",
            "It does.",
        ),
    ],
)
def test_quoted_mail_and_who_wrote_it_become_quote_lines(body: str, own: str) -> None:
    assert markup.is_html(body)
    lines = markup.to_text(body).splitlines()
    quoted = " ".join(line for line in lines if line.startswith("> "))
    assert " ".join(line for line in lines if line and not line.startswith(">")) == own
    assert "Does it?" in quoted
    assert not {"Ann", "bluefin"} & set(own.split())


@pytest.mark.parametrize(
    "body",
    [
        '<p>Mine.</p><div style="border-top:1px solid red"><p>Note: mine.</p></div><p>Too.</p>',
        '<p>Mine.</p><div style="border-top:0">At 10:00: a. At 11:00: b. At 12:00: c.</div>',
        '<p class="quoted_price">Mine.</p>',
    ],
)
def test_what_only_looks_quoted_stays(body: str) -> None:
    assert ">" not in markup.to_text(body)


def test_no_word_is_lost_or_glued() -> None:
    """Set MARKUP_PAGES for more pages than the few hundred of every day."""
    pages = Pages(seed=7)
    for page in (pages.page() for _ in range(N_PAGES)):
        assert words_of(markup.to_text(page)) == words_of(as_inscriptis_reads(page)), page


def test_a_page_is_known_as_markup() -> None:
    """But for one in a hundred that might be Markdown: an open ``<p>``, a folded part alone."""
    pages = Pages(seed=7)
    assert sum(markup.is_html(pages.page()) for _ in range(300)) > 0.99 * 300


def as_inscriptis_reads(page: str) -> str:
    css = CSS_PROFILES["strict"] | {
        name: HtmlElement(display=Display.block) for name in UNKNOWN_TO_INSCRIPTIS
    }
    return str(get_text(page, ParserConfig(css=css)))


def words_of(text: str) -> Counter[str]:
    """Count words; bullets, marks of quotes and code, pictures and emoji are none."""
    words = text.replace("[image]", " ").split()
    return Counter(w for w in words if re.search("[a-z]{2}", w) and not re.fullmatch(r":\w+:", w))


@pytest.mark.parametrize(
    "body",
    [
        "Good evening,<p>the lid is loose.</p><p>Any glue?</p>",
        "Hello <b>you</b><p>The strap tears.</p>",
        "Thanks!<br><br>It fits",
        "It tore.<p>I sewed it.<p>It tore again.",
        '<a href="https://shop.example/1">This one</a> broke<div>at once</div>',
        'See <a href="https://shop.example/1">the manual</a> please',
        '<span style="color: red">Hot</span> handle',
        "<em>Nice</em> cup<ul><li>light</li><li>cheap</li></ul>",
        "<!-- a form --><div>It leaks</div>",
        "<!DOCTYPE html><html><body>It leaks</body></html>",
        "<body>It leaks</body>",
        "It leaks.\n<p>Since Monday.</p>\n<p>Help!</p>",
        "<DIV>It leaks<BR>a lot</DIV>",
        "<center>Wow</center>",
        'I agree.\n<aside class="quote" data-username="bluefin"><p>It leaks</p></aside>',
        "<p> </p>",
        "<r>I like <B><s>[b]</s>this<e>[/b]</e></B><br/>\nmug</r>",
        "<p>It <o:p></o:p>leaks</p>",
    ],
)
def test_markup_need_not_begin_with_a_block(body: str) -> None:
    assert markup.is_html(body)
    assert "<" not in markup.to_text(body)


@pytest.mark.parametrize(
    "body",
    [
        "The <div> tag is broken",
        "I use <br> tags in my notes",
        "<p> and </p> show up in the title",
        "<br> does nothing, (<br/>) neither",
        "I wrote <b>loud</b> and saw the stars of it",
        "Put <p>text</p> around it",
        "It prints '<div>x</div>' instead",
        "The element `<ul><li>x</li></ul>` is not closed",
        "Try this:\n\n```html\n<p>one</p>\n<p>two<br>three</p>\n```\n\nIt fails.",
        "Try this:\n\n    <p>one</p>\n    <p>two</p>\n\nIt fails.",
        "I changed\n\n<div class='led' feed='x'></div>\n\nto\n\n<div class='lamp'></div>",
        '<div className="a" onClick={go}>Go</div>',
        "return <List items={all}><p>none</p></List>",
        "A Map<String, List<Integer>> is slow",
        "std::vector<int> a; if (a<b && c>d) return;",
        "mail <ann@shop.example> or see <https://shop.example/a>",
        "Dear <your name>, set <user> and <password>",
        "x<y and y>z, so x<z",
        "<- left, right ->, <=> both",
        "> <details>\n> <ul>\n>  <li>none</li>\n> </ul>\n> </details>",
        "The log ends with '<br />\n<b>Notice</b>: no such file'",
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
    [
        *("<div>", "<p>", "<b>", "<br>", "<pre>", "<blockquote>", "<blockquote>a</blockquote>"),
        *(
            "<",
            "a",
            "<a",
            "<a ",
            "<x>",
            "<x",
            "<!--",
            "`<",
            "```\n",
            "&",
            "<li><ul>",
            "<td><table>",
        ),
        *("<a href='https:", "<br \n", "<b x={ ", "<p>\n ", "</", "<p> ", "\n \n    a", "([<b>])"),
        "<div style='border-top:0'>a: b: c: ",
        "<div class='gmail_quote'>a",
    ],
)
def test_hostile_markup_costs_time_in_proportion_to_its_length(unit: str) -> None:
    body = "<p>" + (unit * 300_000)[:300_000] + "</p>"
    started = time.process_time()
    markup.is_html(body)
    markup.to_text(body)
    assert time.process_time() - started < 3


def test_however_deep_a_page_is_its_words_are_read() -> None:
    body = "<div>" * 100_000 + "deep" + "</div>" * 100_000
    assert markup.is_html(body)
    assert markup.to_text(body) == "deep"
