"""What is special about feeds: they forget, they differ, and anybody may have written them."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import stamina

from feedbackminer.collect.sources import rss
from feedbackminer.engine.run import Run
from feedbackminer.engine.stage import Outcome
from feedbackminer.errors import SourceError
from feedbackminer.project.project import Project, open_project
from feedbackminer.steps.sources import collect_source
from tests.support.sites.rss import Feed
from tests.support.sites.serving import Reply, Request, serve

RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
  xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Blog</title>{}</channel></rss>"""


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=6):
        yield


class Text:
    """Serves texts that a test may change, by path; ``secret`` is what they ask for."""

    def __init__(self, texts: Mapping[str, str | bytes], headers: Mapping[str, str] | None = None):
        self.texts, self.headers = dict(texts), headers or {}
        self.request_headers: list[Mapping[str, str]] = []

    def __call__(self, request: Request) -> Reply:
        self.request_headers.append(request.headers)
        text = self.texts.get(request.path)
        if text is None:
            return Reply(b"", 404)
        body = text if isinstance(text, bytes) else text.encode()
        return Reply(body, 200, {"Content-Type": "application/xml", **self.headers})


def project_of(folder: Path, url: str, **settings: Any) -> Project:
    source = {"kind": "rss", "url": url, "private_network": True} | settings
    return open_project(folder, {"sources": {"here": source}})


def collect(project: Project, secret: str = "") -> Outcome:
    return collect_source(Run(project), "here", secret=secret)


def posts_of(project: Project) -> dict[str, dict[str, Any]]:
    rows = project.store.read("posts").iter_rows(named=True)
    return {row["post_id"].partition(":")[2]: row for row in rows}


def read(folder: Path, text: str | bytes) -> list[dict[str, Any]]:
    with serve(Text({"/feed": text})) as served:
        project = project_of(folder, f"{served.url}/feed")
        collect(project)
    return list(project.store.read("posts").sort("created_at").iter_rows(named=True))


def test_rss_2_gives_the_whole_text_rather_than_its_summary(tmp_path: Path) -> None:
    text = RSS.format(
        "<item><guid isPermaLink='false'>17</guid><title>It&amp;#39;s slow</title>"
        "<link>https://blog.example/17</link><description>The begin…</description>"
        "<content:encoded><![CDATA[<p>The beginning and</p><p>the end.</p>]]></content:encoded>"
        "<pubDate>Sun, 01 Mar 2026 10:00:00 +0100</pubDate><dc:creator>Ann</dc:creator></item>"
    )
    (post,) = read(tmp_path, text)
    assert post["post_id"] == "here:17"
    assert post["body"] == "The beginning and\nthe end."
    assert post["title"] == "It's slow"
    assert post["url"] == "https://blog.example/17"
    assert post["created_at"].isoformat() == "2026-03-01T09:00:00+00:00"
    assert post["author_id"]


def test_rss_1_and_feeds_that_are_not_quite_xml_are_read(tmp_path: Path) -> None:
    (old,) = read(
        tmp_path / "old",
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns="http://purl.org/rss/1.0/">'
        '<item rdf:about="https://old.example/1"><title>Old</title><description>It is slow.'
        "</description><dc:date>2026-03-01T09:00:00Z</dc:date></item></rdf:RDF>",
    )
    assert old["post_id"] == "here:https://old.example/1"
    (odd,) = read(
        tmp_path / "odd",
        RSS.format("<item><guid>1</guid><description>Tea & biscuits are slow</description></item>"),
    )
    assert odd["body"].startswith("Tea & biscuits")


def test_entries_without_id_and_date_stay_the_same_when_read_again(tmp_path: Path) -> None:
    items = [f"<item><link>https://b.example/log</link><title>{n}</title></item>" for n in "123"]
    site = Text({"/feed": RSS.format("".join(items))})
    with serve(site) as served:
        project = project_of(tmp_path, f"{served.url}/feed")
        collect(project)
        before = posts_of(project)
        site.texts["/feed"] = RSS.format("".join(["<ttl>60</ttl>", *items[1:], *items[:1]]))
        collect(project)
    assert len(before) == 3
    assert all(post["created_at"] for post in before.values())
    assert posts_of(project) == before


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>',
        '<!DOCTYPE r [<!ENTITY b SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE r SYSTEM "https://evil.example/r.dtd">',
        '\n<!DOCTYPE r [<!ENTITY % p SYSTEM "https://evil.example/p"> %p;]>',
    ],
)
def test_declarations_of_entities_and_types_are_refused(tmp_path: Path, declared: str) -> None:
    item = "<item><guid>1</guid><title>x</title><description>&b;</description></item>"
    text = f"{declared}<rss version='2.0'><channel>{item}</channel></rss>"
    with pytest.raises(SourceError, match="refused"):
        read(tmp_path, text)


def test_entities_in_a_feed_that_is_not_quite_xml_mean_nothing(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE r [<!ENTITY a "haha"><!ENTITY b "&a;&a;">]>'
    item = "<item><guid>1</guid><title>x</title><description>begin &b; end</description></item>"
    (post,) = read(tmp_path, f"&{bomb}<rss version='2.0'><channel>{item}</channel></rss>")
    assert "haha" not in post["body"]


@pytest.mark.parametrize("name", ["/etc/passwd", "https://evil.example/feed.xml"])
def test_an_answer_that_looks_like_a_path_is_not_opened(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError):
        read(tmp_path, name)


def test_a_web_page_and_other_xml_are_no_feed(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"web page \('Sign in'\)"):
        read(tmp_path / "page", "<!doctype html><title>Sign in</title></feed>")
    with pytest.raises(SourceError, match="neither RSS nor Atom"):
        read(tmp_path / "map", "<urlset><url><loc>https://blog.example/</loc></url></urlset>")


def test_what_has_left_the_feed_is_kept_and_what_left_its_middle_is_erased(tmp_path: Path) -> None:
    site = Feed(10, size=10)
    with serve(site) as served:
        project = project_of(tmp_path, f"{served.url}/comments.atom")
        outcome = collect(project)
        site.talk(5)
        collect(project)
        assert set(posts_of(project)) == site.ids()
        newest = site.entries.pop(15).native
        collect(project)
        assert newest in posts_of(project)  # an older copy of the feed would lack it as well
        site.talk(1)
        between = site.entries.pop(12).native
        collect(project)
    assert len(posts_of(project)) == 14
    assert not {newest, between} & set(posts_of(project))
    assert "newest entries only" in outcome.notices[0]


def test_a_feed_of_what_is_popular_loses_nothing(tmp_path: Path) -> None:
    def feed(*numbers: int) -> str:
        return RSS.format(
            "".join(
                f"<item><guid>{n}</guid><description>Entry {n} is slow</description>"
                f"<pubDate>Sun, {n:02} Mar 2026 10:00:00 GMT</pubDate></item>"
                for n in numbers
            )
        )

    site = Text({"/feed": feed(3, 9, 5, 1)})
    with serve(site) as served:
        project = project_of(tmp_path, f"{served.url}/feed")
        collect(project)
        site.texts["/feed"] = feed(8, 3, 9, 1)
        collect(project)
        site.texts["/feed"] = feed(9, 8, 3, 1)
        collect(project)
    assert set(posts_of(project)) == {"1", "3", "5", "8", "9"}


def test_validators_that_do_not_change_with_the_feed_are_not_believed(tmp_path: Path) -> None:
    def lazy(request: Request) -> Reply:
        reply = site(request)
        if request.headers.get("If-None-Match") == '"1"':
            return Reply(b"", 304)
        return Reply(reply.content, reply.status, {"ETag": '"1"'})

    site = Feed(4)
    with serve(lazy) as served:
        project = project_of(tmp_path, f"{served.url}/comments.atom")
        for _ in range(3):
            collect(project)
            site.talk(2)
        collect(project)
    assert set(posts_of(project)) == site.ids()


def test_an_unchanged_feed_is_not_sent_again_but_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rss, "MOST_UNCHANGED", 3)
    sent: list[int] = []

    def counted(request: Request) -> Reply:
        reply = site(request)
        sent.append(reply.status)
        return reply

    site = Feed(4)
    with serve(counted) as served:
        project = project_of(tmp_path, f"{served.url}/comments.atom")
        collect(project)
        site.talk(1)
        for _ in range(rss.MOST_UNCHANGED + 3):
            collect(project)
    assert sent == [200, 200, *[304] * rss.MOST_UNCHANGED, 200, 304]


def test_where_an_id_is_a_page_the_page_decides_whether_it_is_gone(tmp_path: Path) -> None:
    def feed(url: str, *numbers: int) -> str:
        return RSS.format(
            "".join(
                f"<item><guid>{url}/{n}</guid><description>Entry {n} is slow</description>"
                f"<pubDate>Sun, {n:02} Mar 2026 10:00:00 GMT</pubDate></item>"
                for n in numbers
            )
        )

    site = Text({"/3": "<html>still here</html>"})
    with serve(site) as served:
        site.texts["/feed"] = feed(served.url, 4, 3, 2, 1)
        project = project_of(tmp_path, f"{served.url}/feed")
        collect(project)
        site.texts["/feed"] = feed(served.url, 4, 1)
        collect(project)
        assert set(posts_of(project)) == {f"{served.url}/{n}" for n in (1, 3, 4)}


def test_several_feeds_are_channels_and_only_the_site_of_url_is_told_the_secret(
    tmp_path: Path,
) -> None:
    item = "<item><guid>{0}</guid><title>{0}</title></item>"
    here = Text({"/a": RSS.format(item.format("a")), "/b": RSS.format(item.format("b"))})
    with serve(here) as served, serve(Text({"/c": RSS.format(item.format("c"))})) as other:
        there = other.url.replace("127.0.0.1", "localhost")
        feeds = [f"{served.url}/a", f"{served.url}/b", f"{there}/c"]
        project = project_of(tmp_path, served.url, channels=feeds)
        collect(project, "ann:password-of-ann")
        assert isinstance(other.site, Text)
        strange = other.site.request_headers
    assert set(posts_of(project)) == {"a", "b", "c"}
    assert {post["channel"] for post in posts_of(project).values()} == {"Blog"}
    basic = f"Basic {base64.b64encode(b'ann:password-of-ann').decode()}"
    assert {headers.get("Authorization") for headers in here.request_headers} == {basic}
    assert {headers.get("Authorization") for headers in strange} == {None}


@pytest.mark.parametrize("url", ["file:///etc/passwd", "blog.example/feed", ""])
def test_an_address_that_is_none_is_refused(tmp_path: Path, url: str) -> None:
    project = project_of(tmp_path, url)
    with pytest.raises(Exception, match=r"sources\.here\.url"):
        collect(project)
