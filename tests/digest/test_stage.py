"""A digest: readable, linked, inert whatever a community wrote, written whole or not at all."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import polars as pl
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from selectolax.lexbor import LexborHTMLParser as Html
from selectolax.lexbor import LexborNode

from feedbackminer.accounts import Account, DroppedRow, dropped_frame
from feedbackminer.digest import wording
from feedbackminer.digest.front import front_page
from feedbackminer.digest.quotes import quotable_sentences, saying
from feedbackminer.digest.render import FILES, document, markdown, render_digest, search
from feedbackminer.digest.render.anchors import anchor
from feedbackminer.digest.render.site import ASSETS, PAGES, unbroken
from feedbackminer.digest.stage import build_digest
from feedbackminer.digest.views import ClaimView, Coverage, Digest, Provenance, is_weak
from feedbackminer.errors import InputError
from feedbackminer.publish.folder import swap, write_folder
from feedbackminer.settings.sections import DigestSettings
from feedbackminer.tables import (
    EVERYTHING,
    AlertLevels,
    Decisions,
    Dropped,
    Lineage,
    Repeats,
    Runs,
    check,
)
from feedbackminer.vocabulary.claims import CLAIM_KINDS, FOUND_OF_MEMBERS
from feedbackminer.vocabulary.editions import EDITIONS
from feedbackminer.vocabulary.tags import KINDS, SIDES
from tests.support.builders import (
    assignments,
    claim_view,
    claims,
    copies,
    day,
    events,
    key_points,
    matches,
    members,
    periods,
    posts,
    repeats,
    sentences,
    shares,
    tags,
    threads,
    topic_rows,
    topics,
)

HOSTILE = [
    "<script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "[click](javascript:alert(1)) ![x](https://evil.example/x.png) <https://evil.example>",
    "https://evil.example and www.evil.example",
    "| a | b |\n| --- | --- |\n# heading\n> quote\n```\ncode",
    "*bold* _it_ ~~gone~~ `code` &lt;b&gt; &amp; </p></article>",
    "\u202eltr\u202c \u2066isolated\u2069",
    "]]> --> */ \\",
]
SAFE = "Sync stops on my old tablet every morning."
HOSTILE_LINKS = [
    "javascript:alert(1)",
    'https://x.example/"onmouseover="alert(1)',
    "https://x.example/> [a](b)",
    "data:text/html,<script>alert(1)</script>",
    "//evil.example",
]


def publish(content: Digest, out: Path) -> Path:
    """Write a digest and return its front page."""
    write_folder(render_digest(content), out, replaces=FILES)
    return out / "index.html"


def provenance(notices: tuple[str, ...] = ()) -> Provenance:
    return Provenance(
        run_id="r1",
        made_at=day(40),
        code_version="0.1.0",
        models={"encoder": "MiniLM"},
        versions={"posts": 3, "claims": None},
        settings={"topics": {"seed": 42}},
        accounts=[Account("clean", 5, 4, {"too_few_words": 1}), Account("tag", 4, 4)],
        seconds={"clean": 0.25},
        notices=notices,
        heads={},
    )


def community(text: str = SAFE, url: str = "https://forum.example/1") -> dict[str, pl.DataFrame]:
    """Build a community of three whose every post, title, label, headline and event is ``text``."""
    who = ("ann", "ben", "cat")
    ids = [f"forum:{i}" for i in range(3)]
    window: dict[str, Any] = {
        "since": day(0),
        "until": day(30),
        "topic_id": "t001",
        "evidence": ids,
    }
    return {
        "posts": posts(
            *(
                {
                    "post_id": i,
                    "author_id": member,
                    "thread_id": "th1",
                    "title": text,
                    "body": f"Well. {text} {member}",
                    "url": url,
                    "created_at": day(n),
                }
                for n, (i, member) in enumerate(zip(ids, who, strict=True))
            )
        ),
        "topics": topics(t001=text).with_columns(keywords=pl.lit([text[:40]])),
        "assignments": assignments(**dict.fromkeys(ids, "t001")),
        "tags": tags(
            *(
                {"post_id": i, "kinds": ["bug"], "sentences": [text], "sentence_kinds": ["bug"]}
                for i in ids
            )
        ),
        "threads": threads(
            {
                "thread_id": "th1",
                "title": text,
                "opener_post_id": ids[0],
                "is_question": True,
                "opened_at": day(0),
            }
        ),
        "members": members(
            *({"author_id": m, "segment": "regular", "advocate": True} for m in who)
        ),
        "repeats": repeats(),
        "lineage": Lineage.create_empty(),
        "alert_levels": AlertLevels.create_empty(),
        "decisions": Decisions.create_empty(),
        "runs": Runs.create_empty(),
        "dropped": Dropped.create_empty(),
        "shares": shares(),
        "sentences": sentences(*({"post_id": i, "text": text} for i in ids)),
        "key_points": key_points({"key_point_id": "problem-a", "text": "It stops."}),
        "matches": matches(*({"key_point_id": "problem-a", "post_id": i} for i in ids)),
        "periods": periods(day(0), day(30)),
        "events": events(**{text: 2}),
        "claims": claims(
            {"claim_id": "topic-1", "headline": f"{text}: 3 members", **window},
            {"claim_id": "problem-1", "kind": "problem", "headline": text, "rank_score": 2.0}
            | {"key_point_id": "problem-a", "quoted": "Well.", "quoted_from": ids[0]}
            | window,
            {"claim_id": "community-1", "kind": "community", "metric": "members"}
            | window
            | {"topic_id": None},
        ),
    }


def nobody() -> dict[str, pl.DataFrame]:
    return {
        "posts": posts(),
        "topics": topics(),
        "assignments": assignments(),
        "tags": tags(),
        "threads": threads(),
        "members": members(),
        "repeats": repeats(),
        "lineage": Lineage.create_empty(),
        "alert_levels": AlertLevels.create_empty(),
        "decisions": Decisions.create_empty(),
        "runs": Runs.create_empty(),
        "dropped": Dropped.create_empty(),
        "shares": shares(),
        "sentences": sentences(),
        "key_points": key_points(),
        "matches": matches(),
        "periods": periods(),
        "events": events(),
        "claims": claims(),
    }


def digest(
    tables: Mapping[str, pl.DataFrame], *, notices: tuple[str, ...] = (), product: str = "Inkwell"
) -> Digest:
    return build_digest(
        tables, settings=DigestSettings(product=product), provenance=provenance(notices)
    )


def pages(folder: Path) -> Iterator[tuple[Path, Html]]:
    for path in sorted(folder.rglob("*.html")):
        yield path, Html(path.read_text("utf-8"))


def plain(text: str) -> str:
    """Return text of a page without the spaces that do not break."""
    return text.replace("\u00a0", " ")


def one(page: Html, selector: str) -> LexborNode:
    node = page.css_first(selector)
    assert node, selector
    return node


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(digest(community()), tmp_path_factory.mktemp("site") / "digest").parent


# ── pages ────────────────────────────────────────────────────────────────────────────────────


def test_a_claim_shows_beside_what_is_said_that_it_works_for_some(tmp_path: Path) -> None:
    tables = community()
    ended = tables["claims"].with_columns(
        went_well=pl.when(pl.col("claim_id") == "problem-1")
        .then(pl.lit(["forum:2"]))
        .otherwise("went_well")
    )
    index = publish(digest({**tables, "claims": ended}), tmp_path / "digest")
    page = Html((index.parent / "claims" / "problem-1.html").read_text("utf-8"))
    assert "The other side" in [node.text() for node in page.css("h2")]
    assert "1 of them wrote later in the same thread that it works" in one(page, "main").text()
    (ending,) = one(page, "ul.posts").css("li")
    assert "cat" in ending.text()


def test_a_digest_is_a_folder_of_pages_with_markdown_and_json(site: Path) -> None:
    names = {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()}
    assert names == {
        *PAGES,
        "quoted.html",
        "topics/t001.html",
        "claims/topic-1.html",
        "claims/problem-1.html",
        "claims/community-1.html",
        *(file for edition in EDITIONS.values() for file in (edition.page, edition.text)),
        *(f"assets/{name}" for name in ASSETS),
        "assets/search-entries.js",
        "digest.md",
        "digest.json",
    }


def test_every_page_but_the_search_forbids_scripts_and_none_loads_from_elsewhere(
    site: Path,
) -> None:
    for path, page in pages(site):
        policy = one(page, "meta[http-equiv=Content-Security-Policy]").attributes["content"]
        assert policy
        assert policy.startswith("default-src 'none'; style-src 'self'"), path
        loaded = [node.attributes["href"] for node in page.css("link")]
        loaded += [node.attributes.get("src") for node in page.css("[src]")]
        assert {urlsplit(link or "").netloc for link in loaded} == {""}, path
        assert not page.css("style, iframe, object, embed, form, base, script:not([src])"), path
        is_search = path.name == "search.html"
        assert bool(page.css("script")) is is_search, path
        assert policy.endswith("script-src 'self'; require-trusted-types-for 'script'") is is_search
    assert "url(" not in (site / "assets/style.css").read_text()
    assert "@import" not in (site / "assets/style.css").read_text()


def test_every_link_leads_to_a_file_and_a_place_that_exist(site: Path) -> None:
    parsed = {path.resolve(): page for path, page in pages(site)}
    n_anchors = 0
    for path, page in parsed.items():
        for node in page.css("[href]"):
            link = urlsplit(node.attributes["href"] or "")
            if link.scheme:
                continue
            target = (path.parent / link.path).resolve() if link.path else path
            assert target.is_file(), f"{path}: {link.geturl()}"
            if link.fragment:
                assert parsed[target].css_first(f'[id="{link.fragment}"]'), link.geturl()
                n_anchors += 1
    assert n_anchors


def test_a_page_reads_like_a_document(site: Path) -> None:
    for path, page in pages(site):
        assert one(page, "html").attributes["lang"] == "en", path
        assert len(page.css("h1")) == 1, path
        assert "· Inkwell" in one(page, "title").text(), path


def test_a_quote_stands_on_the_page_word_by_word_with_its_post(site: Path) -> None:
    page = Html((site / "claims/problem-1.html").read_text())
    assert one(page, "blockquote p").text() == f"“{SAFE}”"
    assert one(page, "blockquote footer a:last-child").attributes["href"] == (
        "https://forum.example/1"
    )


def test_a_claim_tells_the_last_day_that_it_counts(site: Path) -> None:
    page = Html((site / "claims/problem-1.html").read_text())
    assert one(page, ".facts").text().count(f"{day(0):%-d %b %Y} to {day(29):%-d %b %Y}") == 1


def test_a_period_that_ends_at_noon_ends_on_that_day() -> None:
    ends = digest({**community(), "periods": periods(day(0), day(30.5))}).last_day
    assert ends is not None
    assert ends.date() == day(30).date()


def test_the_method_page_prints_the_row_account(site: Path) -> None:
    table = one(Html((site / "method.html").read_text()), "table").text(separator="|", strip=True)
    assert "clean|5|4|too few words: 1|0.2" in table
    assert "digest|3|3|none" in table


def test_a_community_without_claims_still_gets_readable_pages(tmp_path: Path) -> None:
    out = publish(digest(nobody()), tmp_path / "digest").parent
    index = one(Html((out / "index.html").read_text()), "main").text()
    assert "No statement holds yet: too few have written the like." in index
    names = {str(path.relative_to(out)) for path, _ in pages(out)}
    assert names == {*PAGES, "quoted.html", *(edition.page for edition in EDITIONS.values())}
    assert "No statement holds yet" in (out / "digest.md").read_text()
    assert json.loads((out / "digest.json").read_text())["claims"] == []


def test_ids_of_posts_become_different_anchors() -> None:
    ids = ["a:1", "a-1", "a1", "a 1", "ä1", 'a"1', "a-3a-1"]
    assert len({anchor(i) for i in ids}) == len(ids)
    assert all(anchor(i).replace("-", "").isalnum() and anchor(i).isascii() for i in ids)


# ── hostile text ─────────────────────────────────────────────────────────────────────────────


@cache
def hostile(text: str) -> Digest:
    return digest(community(text), notices=(text,), product=text)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_and_does_nothing(text: str, tmp_path: Path) -> None:
    out = publish(hostile(text), tmp_path / "digest").parent
    plain = publish(digest(community(), notices=(SAFE,), product=SAFE), tmp_path / "plain").parent
    for (path, page), (_, harmless) in zip(pages(out), pages(plain), strict=True):
        assert shape(page) == shape(harmless), path
    shown = one(Html((out / "claims/topic-1.html").read_text()), ".excerpt").text()
    assert shown == f"Well. {text} cat"


def shape(page: Html) -> list[tuple[str | None, tuple[str, ...]]]:
    """Return elements and the names of their attributes: what a browser would act on."""
    return [(node.tag, tuple(sorted(node.attributes))) for node in page.css("*")]


@pytest.mark.parametrize("link", HOSTILE_LINKS)
def test_only_web_links_can_be_clicked(link: str, tmp_path: Path) -> None:
    out = publish(digest(community(url=link)), tmp_path / "digest").parent
    for path, page in pages(out):
        for node in page.css("[href]"):
            assert not urlsplit(node.attributes["href"] or "").scheme, path
            assert not urlsplit(node.attributes["href"] or "").netloc, path
    assert links(markdown.render(digest(community(url=link)))) == []
    assert "evil" not in (out / "digest.json").read_text()


def flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from flat(token.children or [])


def links(text: str) -> list[str]:
    tokens = flat(MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text))
    return [
        str(t.attrGet("href") or t.attrGet("src"))
        for t in tokens
        if t.type in ("link_open", "image")
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_plain_text_in_markdown(text: str) -> None:
    shown = markdown.render(hostile(text))
    kinds = [
        t.type
        for t in flat(MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(shown))
    ]
    assert not {"html_block", "html_inline", "code_inline", "fence", "em_open", "s_open"} & set(
        kinds
    )
    assert set(links(shown)) == {"https://forum.example/1"}
    assert "://evil" not in shown
    assert "www.evil" not in shown
    assert not any("\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069" for char in shown)
    harmless = markdown.render(digest(community(), notices=(SAFE,), product=SAFE))
    assert [line.count("|") for line in shown.replace("\\|", "").splitlines()] == [
        line.count("|") for line in harmless.splitlines()
    ]


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("a < b & c", "a &lt; b &amp; c"),
        ("*a* [b](c) `d`", r"\*a\* \[b\]\(c\) \`d\`"),
        ("one\n# two", r"one \# two"),
        ("https://x.example", "https:\u200b//x.example"),
        ("WWW.x.example", "W\u200bWW.x.example"),
        ("\u202etxt", "txt"),
    ],
)
def test_text_is_escaped_for_markdown(text: str, want: str) -> None:
    assert markdown.escape(text) == want


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_comes_back_from_json_as_it_was(text: str) -> None:
    content = json.loads(document.render(hostile(text)))
    assert content["topics"][0]["label"] == content["title"] == content["notices"][0] == text
    assert {quote["text"] for quote in content["quotes"]} == {text}


# ── json ─────────────────────────────────────────────────────────────────────────────────────


def test_the_json_holds_everything_that_is_documented() -> None:
    content = json.loads(document.render(digest(community())))
    assert set(content) == {
        "title", "since", "until", "period", "standing", "events", "totals", "front", "claims",
        "topics", "quotes", "account", "run_id", "made_at", "code_version", "models",
        "table_versions", "settings", "seconds", "notices", "labels", "problems", "severities",
        "waves", "editions", "room", "answers", "decisions",
    }  # fmt: skip
    assert content["since"] == "2026-01-05T00:00:00+00:00"
    assert content["table_versions"] == {"posts": 3, "claims": None}
    assert content["account"][0] == {
        "stage": "clean",
        "in": 5,
        "out": 4,
        "dropped": {"too_few_words": 1},
    }
    assert content["period"]["name"] == "all"
    assert content["standing"] == []
    assert content["events"] == [
        {"at": "2026-01-07T00:00:00+00:00", "name": SAFE, "kind": "release"}
    ]
    assert content["front"] == ["problem-1"]
    assert content["claims"][0]["evidence"] == ["forum:0", "forum:1", "forum:2"]
    assert {quote["stands_for"] for quote in content["quotes"]} == {"problem-1", "topic-1", "t001"}
    assert set(content["totals"]) == {
        "posts", "written", "members", "staff", "bots", "threads", "questions", "unanswered",
        "topics", "unsorted", "claims", "by_others", "repeats", "by_nobody_known",
    }  # fmt: skip


def test_an_answer_that_helped_stands_beside_what_it_answers_wherever_that_is_told() -> None:
    text = "Hold the <b>long</b> key for five seconds, then let it go & press reset twice."
    tables = community(text)
    helped = tables["threads"].with_columns(best_answer=pl.lit("forum:1"), helped=pl.lit("works"))
    built = digest({**tables, "threads": helped})
    files = render_digest(built)
    told = "An answer that helped: whoever asked wrote after it that it works"
    for name in ("problems.html", "claims/problem-1.html"):
        page = one(Html(files[name]), "body").text()
        assert told in page, name
        assert f"Well. {text} ben" in page, name
    assert f"{told.replace(': ', ' (')}):" in files["digest.md"]
    content = json.loads(files["digest.json"])
    (answer,) = content["answers"]  # what is merely counted has none
    assert (answer["stands_with"], answer["post_id"]) == ("problem-1", "forum:1")
    assert (answer["helped"], answer["by_staff"]) == ("works", False)
    assert answer["text"] == f"Well. {text} ben"
    assert answer["text"] not in [quote["text"] for quote in content["quotes"]]
    assert f"“Well. {text} ben”" in [entry.text for entry in search.entries(built)]


def test_pages_print_by_which_rules_members_are_of_a_segment_and_advocates() -> None:
    source = provenance(())
    rules = {"newcomer_days": 7, "advocate_helped": 2}
    source = replace(source, settings={**source.settings, "segments": rules})
    built = build_digest(community(), settings=DigestSettings(), provenance=source)
    page = one(Html(render_digest(built)["people.html"]), "body").text()
    assert "first post in the last 7 days" in page
    assert "have helped at least 2 people and were thanked or accepted for it at least 3" in page


def test_the_pages_of_problems_and_of_a_topic_tell_how_many_the_key_points_speak_for(
    tmp_path: Path,
) -> None:
    estimated = [
        {"topic_id": topic, "label": "any_problem", "value": 0.9} for topic in ("", "t001")
    ]
    tables = community() | {"shares": shares(*estimated)}
    folder = publish(digest(tables), tmp_path / "digest").parent
    for page in ("problems.html", "topics/t001.html"):
        assert "Key points say what 3 of about 3 members" in (folder / page).read_text("utf-8")
    content = json.loads((folder / "digest.json").read_text("utf-8"))
    assert content["problems"] == {"n_said": 3, "n_all": 3}
    assert content["topics"][0]["problems"] == {"n_said": 3, "n_all": 3}

    nobody_says = tables | {"claims": tables["claims"].filter(pl.col("key_point_id").is_null())}
    assert digest(nobody_says).problems == Coverage(n_said=0, n_all=3)
    assert digest(community()).problems.n_all is None


def card(*, weak: bool) -> dict[str, Any]:
    praise = {"threshold": 0.7, "on_forums": [0.81, 0.7, 0.9, 189], "experimental": weak}
    return {"by_label": {"praise": praise}}


def test_a_claim_that_rests_on_a_weak_label_is_marked_experimental(tmp_path: Path) -> None:
    tables = community()
    praised = tables["claims"].with_columns(
        kind=pl.when(pl.col("kind") == "problem").then(pl.lit("love")).otherwise("kind")
    )
    for weak in (True, False):
        source = replace(provenance(), heads={"kinds": card(weak=weak)})
        built = build_digest(
            {**tables, "claims": praised}, settings=DigestSettings(), provenance=source
        )
        marked = {claim.kind for claim in built.claims if claim.is_experimental}
        assert marked == ({"love"} if weak else set())
        page = publish(built, tmp_path / str(weak)).parent / "index.html"
        assert ("experimental" in page.read_text("utf-8")) == weak


# ── shares ───────────────────────────────────────────────────────────────────────────────────

OF_TOPIC = {
    "bug": 0.4,
    "question": 0.6,
    "churn": 0.018,
    "any_problem": 0.5,
    "bad": 0.38,
    "good": 0.1,
}


def with_shares(**of_topic: float) -> dict[str, pl.DataFrame]:
    """Build the community with shares of its one topic, and of everything."""
    rows = [
        {
            "topic_id": topic,
            "label": label,
            "value": value,
            "low": value / 2,
            "high": (1 + value) / 2,
        }
        for topic in ("t001", EVERYTHING)
        for label, value in of_topic.items()
    ]
    return {**community(), "shares": shares(*rows)}


def test_a_topic_tells_how_it_goes_for_its_writers_and_what_they_write(tmp_path: Path) -> None:
    out = publish(digest(with_shares(**OF_TOPIC)), tmp_path / "digest").parent
    page = one(Html((out / "topics/t001.html").read_text()), "main")
    assert (
        "How it goes for the writers: badly for about 38 % (19 to 69 %), "
        "well for about 10 % (5.0 to 55 %) of these members."
    ) in plain(page.text())
    rows = [[plain(cell.text()) for cell in row.css("th, td")] for row in page.css("tbody tr")]
    assert rows == [["question", "60 % (30 to 80 %)"], ["bug", "40 % (20 to 70 %)"]]
    text = (out / "digest.md").read_text()
    assert (
        "badly for about 38 % (19 to 69 %), well for about 10 % (5.0 to 55 %) of these members; "
        "question 60 % (30 to 80 %), bug 40 % (20 to 70 %)\n"
    ) in text
    assert text.count("churn") == 0


def test_the_table_of_topics_has_the_share_that_reports_problems(tmp_path: Path) -> None:
    out = publish(digest(with_shares(**OF_TOPIC)), tmp_path / "digest").parent
    table = one(Html((out / "topics.html").read_text()), ".topics")
    assert [plain(cell.text()) for cell in table.css("tbody td")][-2:] == ["50 %", "–"]
    assert "| 3 | 3 | 50 % | – |" in (out / "digest.md").read_text()


def test_the_json_has_every_share_of_a_topic() -> None:
    (topic,) = json.loads(document.render(digest(with_shares(**OF_TOPIC))))["topics"]
    assert "sentiments" not in topic
    assert topic["experience"]["bad"]["value"] == 0.38
    assert topic["any_problem"] == {"value": 0.5, "low": 0.25, "high": 0.75}
    assert topic["kinds"]["churn"]["value"] == 0.018
    assert topic["kinds"]["praise"] == {"value": None, "low": None, "high": None}


def test_where_nobody_knows_how_it_goes_that_is_said(tmp_path: Path) -> None:
    out = publish(digest(community()), tmp_path / "digest").parent
    page = one(Html((out / "topics/t001.html").read_text()), "main")
    assert "How it goes for the writers: not known." in page.text()
    assert not page.css("table")


def test_the_page_of_an_estimate_says_how_many_posts_most_likely_say_it(tmp_path: Path) -> None:
    tables = community()
    estimated = tables["claims"].with_columns(metric=pl.lit("share_expected_of_topic_voices"))
    built = digest({**tables, "claims": estimated})
    page = Html((publish(built, tmp_path / "d").parent / "claims/problem-1.html").read_text())
    assert plain(one(page, ".number").text()) == (
        "50 % (40 to 60 %) of the members who name the matter of this topic"
    )
    facts = plain(one(page, ".facts").text())
    assert "most likely said by 3 voices in 3 posts" in facts
    assert "An estimate" in facts
    assert "The posts that most likely say it" in [node.text() for node in page.css("h2")]


def test_the_method_page_tells_of_each_label_its_share_and_how_it_is_known(tmp_path: Path) -> None:
    never = {"threshold": 1.1, "on_forums": [0.4, 0.2, 0.6, 20], "experimental": True}
    heads = {"kinds": {"by_label": card(weak=False)["by_label"] | {"bug": never, "churn": never}}}
    built = build_digest(
        with_shares(**OF_TOPIC, praise=0.1),
        settings=DigestSettings(),
        provenance=replace(provenance(), heads=heads),
    )
    rows = {row["label"]: row for row in built.labels}
    assert set(rows) == {*KINDS, *SIDES}
    assert (rows["bug"]["given"], rows["bug"]["share_only"]) == (3, False)  # by rules
    assert (rows["churn"]["given"], rows["churn"]["share_only"]) == (0, True)
    assert (rows["praise"]["precision"], rows["praise"]["share_only"]) == (0.81, False)

    page = Html((publish(built, tmp_path / "d").parent / "method.html").read_text("utf-8"))
    table = one(page, "#tags + table")
    cells = {
        row.css("th")[0].text(): [plain(cell.text()) for cell in row.css("td")]
        for row in table.css("tbody tr")
    }
    assert cells["bug"] == ["40 % (20 to 70 %)", "3", "with rules", "0.40", "given, experimental"]
    assert cells["churn"] == ["1.8 % (0.9 to 51 %)", "0", "never", "0.40", "share only"]
    assert cells["praise"] == ["10 % (5.0 to 55 %)", "0", "0.70", "0.81", "given"]
    assert cells["pricing"] == ["–", "0", "–", "–", "not known"]
    assert cells["bad"][0] == "38 % (19 to 69 %)"
    labels = {row["label"]: row for row in json.loads(document.render(built))["labels"]}
    assert (labels["bug"]["value"], labels["bug"]["given"]) == (0.4, 3)


def test_a_post_counts_at_its_severity_and_a_voice_at_its_worst() -> None:
    tables = community()
    grave = tables["tags"].with_columns(severity=pl.Series([4, 3, 1]))
    built = digest({**tables, "tags": grave})
    assert built.severities == [(4, 1, 1), (3, 1, 1), (2, 0, 0), (1, 1, 1)]
    assert json.loads(document.render(built))["severities"][1] == {
        "level": 3, "n_voices": 1, "n_posts": 1,
    }  # fmt: skip

    of_one = tables["posts"].with_columns(author_id=pl.lit("ann"))
    of_nobody = tables["posts"].with_columns(author_id=pl.lit(None, pl.String))
    for written, at_worst in ((of_one, 1), (of_nobody, 0)):
        counted = digest({**tables, "posts": written, "tags": grave}).severities
        assert counted == [(4, at_worst, 1), (3, 0, 1), (2, 0, 0), (1, 0, 1)]


def test_every_quote_in_the_json_is_a_part_of_its_post() -> None:
    bodies = dict(community()["posts"].select("post_id", "body").iter_rows())
    quotes = json.loads(document.render(digest(community())))["quotes"]
    assert quotes
    assert all(quote["text"] in bodies[quote["post_id"]] for quote in quotes)


# ── what is chosen ───────────────────────────────────────────────────────────────────────────


def front(
    *rows: tuple[str, str | None, float],
    said: Sequence[str] = (),
    quoted: Collection[str] = (),
    nameless: Collection[str] = (),
) -> list[str]:
    """Return the ids on the front page of claims given as (kind, topic, rank).

    Args:
        said: ids of those that are what members say, each a key point of its own.
        quoted: ids of those that are told in the words of a member.
        nameless: topics that no words mark.
    """
    ids = [f"{k}-{t}-{r:g}" for k, t, r in rows]
    rows_of_claims = claims(
        *(
            {"claim_id": i, "kind": k, "topic_id": t, "rank_score": r}
            | ({"key_point_id": i} if i in said else {})
            | ({"quoted": "It is lovely."} if i in quoted else {})
            for i, (k, t, r) in zip(ids, rows, strict=True)
        ),
        *(
            {"claim_id": f"topic-{t}-0", "topic_id": t, "rank_score": 0.0}
            for t in {t for _, t, _ in rows if t}
        ),
    )
    labels = {t: t for _, t, _ in rows if t}
    points = key_points(*({"key_point_id": i, "text": i} for i in said))
    keywords = pl.Series([[] if t in nameless else [t] for t in labels], dtype=pl.List(pl.String))
    of_topics = topics(**labels).with_columns(keywords=keywords)
    tables = {"claims": rows_of_claims, "topics": of_topics, "key_points": points}
    shown = digest({**nobody(), **tables}).front
    return [view.claim_id for view in shown]


def test_what_no_words_mark_is_nothing_to_know_unless_a_member_says_it() -> None:
    rows = ("problem", "t0", 9.0), ("churn", "t1", 8.0)
    assert front(*rows, nameless=["t0"]) == ["churn-t1-8"]
    assert front(*rows, nameless=["t0"], said=["problem-t0-9"]) == ["problem-t0-9", "churn-t1-8"]


def test_the_front_page_mixes_kinds_and_topics() -> None:
    ids = front(
        *(("problem", f"t{i}", 10.0 - i) for i in range(6)),
        ("love", "t0", 5.0),
        ("love", "t7", 4.0),
        ("churn", "t8", 3.0),
        ("unanswered", "t9", 2.0),
    )
    assert ids == [
        "problem-t0-10", "problem-t1-9", "love-t7-4", "churn-t8-3", "unanswered-t9-2",
    ]  # fmt: skip


def test_what_members_say_goes_before_what_is_only_counted() -> None:
    counted = [("unanswered", f"t{i}", 10.0 - i) for i in range(3)]
    ids = front(
        *counted,
        ("problem", "t7", 4.0),
        ("question", "t8", 3.0),
        said=["problem-t7-4", "question-t8-3"],
    )
    assert ids == [
        "problem-t7-4",
        "question-t8-3",
        "unanswered-t0-10",
        "unanswered-t1-9",
    ]  # a third of that kind is left out: it counts no voices


def test_a_point_near_to_one_that_more_say_is_shown_with_it_and_not_beside_it() -> None:
    points = [
        ("problem", "t1", 9.0, None),
        ("problem", "t2", 8.0, "k9"),
        ("problem", "t3", 7.0, None),
    ]
    rows = claims(
        *(
            {"claim_id": f"c{r:g}", "kind": kind, "topic_id": t, "rank_score": r}
            | {"key_point_id": f"k{r:g}", "metric": FOUND_OF_MEMBERS, "headline": f"It is {t}"}
            for kind, t, r, _ in points
        ),
        *({"claim_id": f"topic-{t}", "topic_id": t, "rank_score": 0.0} for _, t, *_ in points),
    )
    said = key_points(
        *({"key_point_id": f"k{r:g}", "text": t, "near": near} for _, t, r, near in points)
    )
    tables = {"claims": rows, "key_points": said, "topics": topics(t1="t1", t2="t2", t3="t3")}
    built = digest({**nobody(), **tables})
    first = built.claims[0]
    assert [claim.claim_id for claim in built.front][:2] == ["c9", "c7"]
    assert [claim.claim_id for claim in built.near_to(first)] == ["c8"]
    assert [claim.claim_id for claim in built.of_kind("problem")] == ["c9", "c7"]
    assert "Close to it: It is t2" in markdown.render(built)


def test_what_few_say_is_not_shown_for_variety() -> None:
    rows = [*(("problem", f"t{i}", 10.0 - i) for i in range(5)), ("love", "t9", 2.0)]
    said = [f"{k}-{t}-{r:g}" for k, t, r in rows]
    assert front(*rows, said=said) == said[:5]


def test_a_claim_tells_who_was_new_and_who_had_been_there_for_a_year() -> None:
    first = {"new": 400, "between": 300, "settled": 0}
    who = [(f"{tenure}{n}", since) for tenure, since in first.items() for n in range(6)]
    now = [{"post_id": name, "author_id": name, "created_at": day(400)} for name, _ in who]
    known = members(*({"author_id": name, "first_at": day(since)} for name, since in who))
    of_all = claims({"claim_id": "c", "kind": "community", "evidence": [name for name, _ in who]})
    (view,) = digest({**nobody(), "posts": posts(*now), "claims": of_all, "members": known}).claims
    assert (view.n_new, view.n_settled) == (6, 6)

    few = claims({"claim_id": "c", "kind": "community", "evidence": ["new0", "new1", "settled0"]})
    (view,) = digest({**nobody(), "posts": posts(*now), "claims": few, "members": known}).claims
    assert (view.n_new, view.n_settled) == (None, None)


def test_what_is_still_said_goes_before_what_nobody_has_said_for_long() -> None:
    def said(name: str, rank: float, last: float) -> ClaimView:
        told = (day(0), day(last))
        return claim_view(
            claim_id=name, kind="problem", key_point_id=name, topic_id=name,
            rank_score=rank, told=told,
        )  # fmt: skip

    views = [said("old", 9.0, 20), said("new", 5.0, 95), said("older", 4.0, 10)]
    chosen = front_page(views, recent=day(75))
    assert [view.claim_id for view in chosen] == ["new", "old", "older"]
    assert [view.claim_id for view in front_page(views)] == ["old", "new", "older"]


def test_what_one_member_loves_in_their_own_words_takes_the_last_place() -> None:
    rows = [
        *(("problem", f"t{i}", 10.0 - i) for i in range(6)),
        ("love", "t0", 4.0),
        ("love", "t9", 2.0),
    ]
    said = [f"{k}-{t}-{r:g}" for k, t, r in rows[:6]]
    assert front(*rows, said=said, quoted={"love-t9-2"}) == [*said[:4], "love-t9-2"]


def test_love_that_stands_there_already_takes_no_other_place() -> None:
    rows = [
        ("love", "t0", 10.0),
        *(("problem", f"t{i}", 9.0 - i) for i in range(1, 6)),
        ("love", "t9", 2.0),
    ]
    said = [f"{k}-{t}-{r:g}" for k, t, r in rows[:6]]
    assert "love-t9-2" not in front(*rows, said=said, quoted={"love-t9-2"})


def test_where_there_are_few_kinds_one_may_come_more_often() -> None:
    ids = front(*(("problem", f"t{i}", 10.0 - i) for i in range(6)))
    assert ids == [
        "problem-t0-10", "problem-t1-9", "problem-t2-8", "problem-t3-7", "problem-t4-6",
    ]  # fmt: skip


def test_of_more_than_five_kinds_the_front_page_takes_what_weighs_most() -> None:
    kinds = ("churn", "request", "love", "change", "newcomers", "problem")
    ids = front(*((kind, f"t{i}", float(i + 1)) for i, kind in enumerate(kinds)))
    assert ids == ["problem-t5-6", "newcomers-t4-5", "change-t3-4", "love-t2-3", "request-t1-2"]


@pytest.mark.parametrize("kind", ["apparent", "community", "topic"])
def test_what_only_seems_to_change_and_how_many_are_there_are_none_of_the_things_to_know(
    kind: str,
) -> None:
    assert front((kind, "t0", 9.0), ("problem", "t1", 1.0)) == ["problem-t1-1"]


def test_claims_on_topics_beyond_those_shown_are_accounted_for() -> None:
    rows = claims(
        *(
            {"claim_id": f"topic-{t}", "topic_id": t, "n_voices": n}
            for t, n in (("a", 9), ("b", 5))
        ),
        {"claim_id": "problem-b", "kind": "problem", "topic_id": "b"},
    )
    built = build_digest(
        {**nobody(), "claims": rows, "topics": topics(a="A", b="B")},
        settings=DigestSettings(max_topics=1),
        provenance=provenance(),
    )
    assert [topic.topic_id for topic in built.topics] == ["a"]
    assert (built.account.rows_in, built.account.rows_out) == (3, 1)
    assert built.account.dropped == {"beyond_the_topics_shown": 2}


def test_an_account_that_turned_out_to_be_a_bot_is_not_quoted() -> None:
    tables = community()
    machines = tables["members"].with_columns(role=pl.lit("bot"))
    assert digest({**tables, "members": machines}).quotes == []


# ── the period, and all time ─────────────────────────────────────────────────────────────────


def with_a_long_view() -> dict[str, pl.DataFrame]:
    """Build the community with a year before its month, of which other claims tell."""
    tables = community()
    ever = {"scope": "history", "since": day(-360), "until": day(30), "topic_id": "t001"}
    ever |= {"evidence": ["forum:0"], "rank_score": 9.0}
    found = {"metric": FOUND_OF_MEMBERS, "key_point_id": "problem-a"}
    of_all_time = claims(
        ever | {"claim_id": "topic-ever", "headline": "topic-ever", "n_voices": 9},
        ever | found | {"claim_id": "problem-ever", "headline": "problem-ever", "kind": "problem"},
        ever
        | {"claim_id": "surge-ever", "headline": "surge-ever", "kind": "surge"}
        | {"metric": "ratio_to_usual_share"},
    )
    month = periods(day(0), day(30), name="month", history_since=day(-360), n_before=12)
    return {**tables, "periods": month, "claims": pl.concat([tables["claims"], of_all_time])}


def linking(files: Mapping[str, str], claim_id: str) -> set[str]:
    """Return the pages that link to the page of a claim."""
    target = f"claims/{claim_id}.html"
    return {name for name, text in files.items() if target in text and name.endswith(".html")}


def test_what_was_said_and_broke_out_in_all_time_stands_in_the_long_view_alone() -> None:
    built = digest(with_a_long_view())
    files = render_digest(built)
    for claim_id in ("problem-ever", "surge-ever"):
        assert linking(files, claim_id) == {"history.html"}
        assert claim_id not in files["digest.md"]
    assert linking(files, "problem-1") >= {"index.html", "problems.html", "topics/t001.html"}
    assert "history.html" not in linking(files, "problem-1")
    assert [claim.claim_id for claim in built.front] == ["problem-1"]
    assert built.problems == digest(community()).problems


def test_the_long_view_tells_of_each_topic_how_many_spoke_ever_and_in_the_period() -> None:
    page = Html(render_digest(digest(with_a_long_view()))["history.html"])
    assert [cell.text() for cell in page.css(".topics tbody td.n")] == ["9", "3"]


def test_a_trend_is_of_all_time() -> None:
    built = digest(with_a_long_view())
    first, _ = built.activity.points[0]
    assert first <= day(-360)
    assert built.topics[0].trend.points[0][0] == first
    assert sum(n for _, n in built.activity.points) == 3


def test_where_the_period_is_all_time_its_points_stand_in_the_long_view_too() -> None:
    tables = community()
    is_point = pl.col("key_point_id").is_not_null()
    metric = pl.when(is_point).then(pl.lit(FOUND_OF_MEMBERS)).otherwise("metric")
    found = tables["claims"].with_columns(metric=metric)
    files = render_digest(digest({**tables, "claims": found}))
    assert linking(files, "problem-1") >= {"history.html", "problems.html"}
    assert 'href="history.html">the long view' not in files["index.html"]
    assert (
        'href="history.html">the long view'
        in render_digest(digest(with_a_long_view()))["index.html"]
    )


@pytest.mark.parametrize(("since", "in_all"), [(-60, "3 members since 6 November 2025"), (0, "")])
def test_beside_a_point_of_the_period_stands_how_many_say_it_with_the_windows_before(
    since: float, in_all: str
) -> None:
    tables = with_a_long_view()
    is_point = pl.col("key_point_id").is_not_null()
    told = tables["claims"].with_columns(
        metric=pl.when(is_point).then(pl.lit(FOUND_OF_MEMBERS)).otherwise("metric"),
        since=pl.lit(day(since), pl.Datetime("us", "UTC")),
    )
    built = digest({**tables, "claims": told})
    assert {claim.claim_id: claim.in_all for claim in built.claims if claim.in_all} == (
        {"problem-1": in_all} if in_all else {}
    )
    (card,) = Html(render_digest(built)["index.html"]).css("ol.front .claim")
    assert (in_all or "January 2026") in plain(one(Html(card.html or ""), "p.number").text())


@pytest.mark.parametrize(
    ("period", "told"),
    [
        (periods(), "no dates are known"),
        (periods(day(0), day(30)), "5 January 2026 to 3 February 2026"),
        (periods(day(0), day(30), name="given"), "5 January 2026 to 3 February 2026"),
        (
            periods(day(0), day(30), name="month"),
            "the month from 5 January 2026 to 3 February 2026",
        ),
    ],
)
def test_every_page_tells_what_the_digest_is_of(period: pl.DataFrame, told: str) -> None:
    files = render_digest(digest({**nobody(), "periods": period}))
    for name in PAGES:
        assert one(Html(files[name]), ".brand span").text() == told
    assert f"0 members wrote 0 posts in 0 threads, {told}." in files["digest.md"]


def test_of_a_point_of_the_period_the_quotes_of_now_come_first() -> None:
    said = quotable_sentences(community()).sort("created_at")
    unlike = ["It stops at noon.", "The screen is black since then.", "Nothing helps me here."]
    said = said.with_columns(
        text=pl.Series(unlike), chance=pl.Series([0.99, 0.98, 0.97]), first_id="post_id"
    )
    how: dict[str, Any] = {"headline": "", "headed_by": None, "count": 3}
    assert [quote.text for quote in saying(said, **how)] == unlike
    now = [quote.text for quote in saying(said, **how, since=day(1))]
    assert now == [*unlike[1:], unlike[0]]


def test_a_headline_whose_words_were_taken_back_since_is_left_out_with_a_reason() -> None:
    tables = community()
    edited = pl.when(pl.col("post_id") == "forum:0").then(pl.lit("Never mind.")).otherwise("body")
    built = digest({**tables, "posts": tables["posts"].with_columns(body=edited)})
    assert [claim.claim_id for claim in digest(tables).front] == ["problem-1"]
    assert "problem-1" not in {claim.claim_id for claim in built.claims}
    assert built.account.dropped == {"words_changed_since": 1}


def test_posts_that_were_read_and_count_for_no_member_are_told() -> None:
    tables = community()
    here = {"thread_id": "th1", "created_at": day(1)}
    known = digest(tables)
    assert wording.written(known) == "3 members wrote 3 posts in 1 thread"
    assert wording.left_out(known) == ""

    of_nobody = {"post_id": "x", "author_id": None}
    others = [of_nobody] + [
        {"post_id": role, "author_id": role, "author_role": role} for role in ("staff", "bot")
    ]
    read = pl.concat([tables["posts"], posts(*(here | row for row in others))])
    built = digest({**tables, "posts": read})
    assert wording.written(built) == wording.written(known)
    left_out = "6 were read: 2 of staff and bots, 1 of nobody known count for no member"
    assert wording.left_out(built) == left_out
    footer = one(Html(render_digest(built)["index.html"]), "body > footer").text()
    assert f"Computed from 3 posts of members ({left_out})" in footer


def test_it_is_told_how_often_and_how_small_a_change_would_have_been_seen() -> None:
    tested = {"n_shuffles": 400, "false_alarms": 0.02, "usual": [5, 20], "seen_from": [21, 47]}
    month = periods(day(0), day(30), name="month", n_before=3, **tested)
    lines = wording.tests(digest({**nobody(), "periods": month}))
    assert "of 400 histories like this one" in lines[0]
    assert lines[1] == (
        "Rises that would have been seen in this month, in members that hardly share threads: "
        "5 to about 21, 20 to about 47."
    )
    files = render_digest(digest({**nobody(), "periods": month}))
    for name in ("changes.html", "method.html", "digest.md"):
        assert lines[1] in files[name]
    assert wording.tests(digest(nobody())) == [
        "Too little was written to tell whether anything changed."
    ]


# ── a place where nobody writes any more ─────────────────────────────────────────────────────


def silent(until: float = 40) -> dict[str, pl.DataFrame]:
    """Build the community with a thread of its second day, the last, and a claim on answers."""
    tables = community()
    last = threads({"thread_id": "th2", "opened_at": day(1)})
    reply = posts({"post_id": "late", "thread_id": "th2", "created_at": day(until - 0.5)})
    asked = claims(
        {"claim_id": "unanswered-1", "kind": "unanswered", "action": "Answer the newest ones."}
        | {"evidence": ["forum:0"]}
    )
    return {
        **tables,
        "posts": pl.concat([tables["posts"], reply]),
        "threads": pl.concat([tables["threads"], last]),
        "claims": pl.concat([tables["claims"], asked]),
        "periods": periods(day(0), day(until)),
    }


def test_that_a_forum_is_silent_is_told_first_and_nobody_is_asked_to_answer_there() -> None:
    built = digest(silent())
    files = render_digest(built)
    line = "No new thread for 5 weeks: the last began on 6 January 2026."
    assert one(Html(files["index.html"]), "h1 + .notice").text() == line
    assert f"telling us\n\n**{line}**\n" in files["digest.md"]
    assert json.loads(files["digest.json"])["standing"] == [line]
    (asked,) = built.of_kind("unanswered")
    assert asked.action == CLAIM_KINDS["unanswered"].action_when_quiet
    assert [claim.action for claim in built.of_kind("problem")] == [""]


def test_where_a_forum_is_not_silent_the_newest_are_to_be_answered() -> None:
    built = digest(silent(until=20))
    assert [claim.action for claim in built.of_kind("unanswered")] == ["Answer the newest ones."]
    assert not Html(render_digest(built)["index.html"]).css(".notice")


@pytest.mark.parametrize("is_chosen", [True, False])
def test_that_an_export_is_old_is_told_unless_its_end_was_chosen(is_chosen: bool) -> None:
    tables = community()
    ends = periods(day(0), day(1 if is_chosen else 30))  # posts go on after a day that was chosen
    built = build_digest(
        {**tables, "periods": ends},
        settings=DigestSettings(),
        provenance=replace(provenance(), made_at=day(100)),
    )
    assert bool(list(built.standing.lines())) is not is_chosen


def test_the_farewell_of_a_place_is_told_and_does_nothing() -> None:
    tables = community()
    closing = pl.lit("Bye. This forum <b>is</b> *now* read-only.")
    is_last = pl.col("post_id") == "forum:2"
    written = tables["posts"].with_columns(body=pl.when(is_last).then(closing).otherwise("body"))
    files = render_digest(digest({**tables, "posts": written}))
    page = Html(files["index.html"])
    assert "says: “This forum <b>is</b> *now* read-only”." in one(page, ".notice").text()
    assert not page.css("b")
    assert r"“This forum &lt;b&gt;is&lt;/b&gt; \*now\* read-only”" in files["digest.md"]


# ── writing ──────────────────────────────────────────────────────────────────────────────────


def test_a_file_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "digest").write_text("mine")
    with pytest.raises(InputError, match="is a file; want a folder"):
        publish(digest(nobody()), tmp_path / "digest")
    assert (tmp_path / "digest").read_text() == "mine"


@pytest.mark.parametrize("names", [["notes.txt"], ["index.html"], ["digest.json", "notes.txt"]])
def test_a_folder_with_other_files_is_left_alone(names: list[str], tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).write_text("mine")
    with pytest.raises(InputError, match="holds files that are no digest"):
        publish(digest(nobody()), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_an_older_digest_is_replaced_and_nothing_of_it_stays(tmp_path: Path) -> None:
    out = tmp_path / "a" / "digest"
    publish(digest(community()), out)
    publish(digest(nobody()), out)
    assert not (out / "claims").exists()
    assert [path.name for path in out.parent.iterdir()] == ["digest"]


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    (tmp_path / "digest").mkdir()
    assert publish(digest(nobody()), tmp_path / "digest").is_file()


def test_a_digest_that_fails_leaves_the_older_one(tmp_path: Path) -> None:
    out = tmp_path / "digest"
    publish(digest(community()), out)
    before = (out / "digest.json").read_text()
    long_named = community()
    broken = long_named["claims"].with_columns(
        claim_id=pl.col("claim_id") + "x" * 300
    )  # no such name
    with pytest.raises(InputError, match="the digest cannot be written"):
        publish(digest({**long_named, "claims": broken}), out)
    assert (out / "digest.json").read_text() == before
    assert [path.name for path in tmp_path.iterdir()] == ["digest"]


def test_a_digest_that_cannot_be_moved_in_leaves_the_older_one(tmp_path: Path) -> None:
    out = publish(digest(nobody()), tmp_path / "digest").parent
    with pytest.raises(FileNotFoundError):
        swap(out, tmp_path / "no such draft", tmp_path / "old")
    assert (out / "index.html").is_file()


def test_the_same_tables_give_the_same_digest(tmp_path: Path) -> None:
    one, other = (publish(digest(community()), tmp_path / name).parent for name in ("one", "other"))
    for path in one.rglob("*.*"):
        assert path.read_bytes() == (other / path.relative_to(one)).read_bytes()


def test_a_digest_of_a_month_counts_that_month_alone() -> None:
    tables = community()
    late = posts({"post_id": "late", "author_id": "zoe", "thread_id": "th9", "created_at": day(40)})
    asked = threads(
        {"thread_id": "th9", "opener_post_id": "late", "is_question": True, "opened_at": day(40)}
    )
    grown = {
        **tables,
        "posts": pl.concat([tables["posts"], late]),
        "threads": pl.concat([tables["threads"], asked]),
        "dropped": dropped_frame(
            "topics", [DroppedRow("late", "unsorted", "near no topic's centre")]
        ),
    }
    built, same = digest(grown), digest(tables)
    assert built.until == day(30)
    assert built.totals == same.totals
    assert built.unanswered == same.unanswered


def test_a_question_that_was_asked_twice_is_asked_once() -> None:
    tables = community()
    again = posts(
        {"post_id": "again", "author_id": "ann", "thread_id": "th9", "created_at": day(3)}
    )
    asked = threads(
        {
            "thread_id": "th9",
            "opener_post_id": "again",
            "is_question": True,
            "opened_at": day(3),
            "n_posts": 2,
        }
    )
    grown = {
        **tables,
        "posts": pl.concat([tables["posts"], again]),
        "threads": pl.concat([tables["threads"], asked]),
    }
    copied = {**grown, "repeats": copies(again="forum:0")}
    assert len(digest(grown).unanswered) == len(digest(copied).unanswered) + 1
    assert digest(grown).totals["questions"] == digest(copied).totals["questions"] + 1


def test_a_topic_tells_of_its_subtopics_what_was_said_in_the_period() -> None:
    tables = community()
    part = {"topic_id": "s001", "level": "subtopic", "label": "Part", "parent_id": "t001"}
    parts = topic_rows(part | {"found_label": "Part", "size": 999})
    first = pl.int_range(pl.len()) == 0
    placed = tables["assignments"].with_columns(subtopic_id=pl.when(first).then(pl.lit("s001")))
    topics_now = pl.concat([tables["topics"], parts])
    built = digest({**tables, "topics": topics_now, "assignments": placed})
    assert [topic.subtopics for topic in built.topics] == [[("Part", 1)]]


@pytest.mark.parametrize(
    ("stability", "weak"), [(None, False), (0.0, True), (0.49, True), (0.5, False)]
)
def test_a_topic_found_again_too_rarely_is_weak(stability: float | None, weak: bool) -> None:
    assert is_weak(stability, 0.5) is weak


def in_a_wave(text: str = SAFE) -> dict[str, pl.DataFrame]:
    """Build a community in which two more accounts post what the first post says."""
    tables = community(text)
    copies_of_first = posts(
        *(
            {"post_id": f"w{n}", "author_id": f"new{n}", "created_at": day(n), "body": text}
            for n in (1, 2)
        )
    )
    row = {"first_id": "forum:0", "copy_of": "forum:0", "wave_id": "forum:0"}
    found = pl.DataFrame([{"post_id": f"w{n}"} | row for n in (1, 2)])
    grown = pl.concat([tables["posts"], copies_of_first])
    return {**tables, "posts": grown, "repeats": check(found, Repeats, where="test")}


def test_a_wave_is_told_with_the_people_and_beside_the_claims_that_count_it() -> None:
    told = "3 new accounts posted one text between 5 and 7 January 2026; they count as one voice"
    files = render_digest(digest(in_a_wave()))
    assert told in files["people.html"]
    assert told in plain(files["claims/problem-1.html"])
    assert told in files["digest.md"]
    assert "One text, many new accounts" not in render_digest(digest(community()))["people.html"]


def test_a_wave_adds_no_member_to_the_totals_and_none_to_the_trend() -> None:
    with_wave, without = digest(in_a_wave()), digest(community())
    assert with_wave.totals["members"] == without.totals["members"] == 3
    assert with_wave.activity == without.activity


def test_the_json_names_each_wave_and_the_claims_it_is_in() -> None:
    content = json.loads(document.render(digest(in_a_wave())))
    (wave,) = content["waves"]
    assert (wave["wave_id"], wave["n_accounts"]) == ("forum:0", 3)
    assert wave["post_ids"] == ["forum:0", "w1", "w2"]
    assert [claim["waves"] for claim in content["claims"]] == [["forum:0"]] * 3


def test_the_people_page_asks_about_accounts_that_look_like_staff() -> None:
    suspect = {"author_id": "ann", "example_id": "forum:0", "evidence": "answered in 30 threads"}
    built = build_digest(
        community(),
        settings=DigestSettings(),
        provenance=provenance(()),
        like_staff=[suspect],
    )
    page = Html(render_digest(built)["people.html"])
    row = next(row for row in page.css("tr") if "answered in 30 threads" in row.text())
    assert [link.attributes["href"] for link in row.css("a")] == ["https://forum.example/1"]
    assert built.totals["staff"] == 0
    assert "Are these of the staff?" not in render_digest(digest(community()))["people.html"]


def test_a_number_stays_on_one_line_with_what_it_counts() -> None:
    assert unbroken("22 members, 41 % (33 to 49 %) on 16 June") == (
        "22\u00a0members, 41\u00a0% (33\u00a0to 49\u00a0%) on 16\u00a0June"
    )
    assert unbroken("v2 of it, in 2014.") == "v2 of it, in 2014."
