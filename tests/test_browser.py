"""The digest in a real browser: it needs no network, runs no foreign script and fits a phone."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

import pytest

from feedbackminer.digest.render import mail
from feedbackminer.project.project import open_project
from feedbackminer.steps.archive import renew
from feedbackminer.steps.verify import prove
from feedbackminer.vocabulary.editions import EDITIONS
from tests.support.command import Mined, Rows, invoke, whole_threads, write_jsonl

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")
WIDTHS = (1180, 360)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
QUIET = (  # a test opens files; the browser has nothing to ask of anybody
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PAGES = (
    "index.html",
    "topics.html",
    "problems.html",
    "loved.html",
    "changes.html",
    "history.html",
    "unanswered.html",
    "people.html",
    "method.html",
    "search.html",
    "quoted.html",
)
HOSTILE = (
    "The sync lost my notes <script>document.title = 'owned'</script> again, "
    '<img src="https://evil.example/x.png" onerror="document.title = \'owned\'"> '
    + "and_a_word_that_does_not_end"
    * 12
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no /usr/bin/chromium; `make browser`"),
]


@dataclass
class Seen:
    """What a page did while it was open."""

    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", lambda told: self.complaints.append(f"{told.type}: {told.text}"))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url}"))
        page.on("request", lambda request: self.requests.append(request.url))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(QUIET))
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def hostile(sample_rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> Mined:
    """Threads of the sample in which two members attack the page."""
    folder = tmp_path_factory.mktemp("hostile")
    rows: list[dict[str, Any]] = [dict(row) for row in whole_threads(sample_rows, 80)]
    for row in rows[1:30:2]:
        row["body"], row["title"] = HOSTILE, row["title"] and f"<script>{row['title']}</script>"
    export = write_jsonl(folder / "hostile.jsonl", rows)
    done = invoke("run", export, "--project", folder / "project", "--out", folder / "digest")
    assert done.exit_code == 0, done.stderr
    return Mined(folder / "project", folder / "digest", 0, done.stderr)


def _open(browser: Browser, file: Path, width: int) -> tuple[Page, Seen]:
    page = browser.new_page(viewport={"width": width, "height": 800})
    seen = Seen()
    seen.watch(page)
    page.goto(file.as_uri(), wait_until="load")
    return page, seen


def _is_well(page: Page, seen: Seen, width: int) -> None:
    assert seen.complaints == []
    assert [url for url in seen.requests if not url.startswith("file://")] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").count() == 1


def _pages(mined: Mined) -> list[Path]:
    """Return every page of the first level, a topic's page and a claim's page."""
    claim = mined.digest["claims"][0]["claim_id"]
    topic = mined.digest["topics"][0]["topic_id"]
    return [
        *(mined.out / name for name in PAGES),
        mined.out / "topics" / f"{topic}.html",
        mined.out / "claims" / f"{claim}.html",
        *(mined.out / edition.page for edition in EDITIONS.values()),
    ]


def test_no_page_of_the_first_level_is_forgotten_here(sample: Mined) -> None:
    assert {path.name for path in sample.out.glob("*.html")} == set(PAGES)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_page_shuts_anybody_out(
    scheme: Literal["light", "dark"], browser: Browser, sample: Mined
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    for file in _pages(sample)[:: 1 if scheme == "light" else 9]:  # colours are in one file
        page = browser.new_page(color_scheme=scheme)
        page.goto(file.as_uri(), wait_until="load")
        found = Axe().run(page).response["violations"]
        assert [(file.name, rule["id"], rule["nodes"][0]["html"]) for rule in found] == []
        page.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_opens_from_a_folder_and_fits(
    width: int, browser: Browser, sample: Mined
) -> None:
    for file in _pages(sample):
        page, seen = _open(browser, file, width)
        _is_well(page, seen, width)
        page.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_no_post_can_run_a_script_load_an_image_or_widen_the_page(
    width: int, browser: Browser, hostile: Mined
) -> None:
    assert "<script>" in hostile.table("posts")["body"].str.join("")[0]
    for file in _pages(hostile):
        page, seen = _open(browser, file, width)
        _is_well(page, seen, width)
        assert page.title() != "owned"
        assert page.locator("img, iframe, script:not([src^='assets/'])").count() == 0
        page.close()


@pytest.mark.parametrize("width", [600, 360])
def test_a_mail_fits_loads_nothing_and_shuts_nobody_out(
    width: int, browser: Browser, hostile: Mined, tmp_path: Path
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    proof = prove(open_project(hostile.project), hostile.out)
    assert proof.digest
    for view in (None, *proof.digest.editions):
        file = tmp_path / f"{view.edition.name if view else 'whole'}.html"
        file.write_text(mail.render(proof.digest, view, "https://digests.example"), "utf-8")
        page, seen = _open(browser, file, width)
        _is_well(page, seen, width)
        found = Axe().run(page).response["violations"]
        inessential = {"region", "landmark-one-main"}  # of pages; a mail stands in one
        assert [rule["id"] for rule in found if rule["id"] not in inessential] == []
        page.close()


def test_a_front_page_quote_leads_to_its_post(browser: Browser, sample: Mined) -> None:
    page, seen = _open(browser, sample.out / "index.html", 1180)
    quotes = page.locator("ol.front blockquote")
    assert quotes.count() >= 2
    for place in range(quotes.count()):
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        quote = quotes.nth(place).locator("p").first.inner_text().strip("“”")
        quotes.nth(place).get_by_text("read in context").click()
        target = page.locator(":target")
        assert target.count() == 1
        assert " ".join(quote.split()) in " ".join(target.inner_text().split())
        page.go_back()
    assert seen.complaints == []


def test_every_link_between_pages_leads_somewhere(sample: Mined) -> None:
    from selectolax.lexbor import LexborHTMLParser

    trees = {
        file.resolve(): LexborHTMLParser(file.read_text("utf-8"))
        for file in sample.out.rglob("*.html")
    }
    for file, tree in trees.items():
        for link in tree.css("a[href], link[href]"):
            href = link.attributes["href"] or ""
            if href.startswith(("http://", "https://", "mailto:")):
                continue
            name, _, anchor = href.partition("#")
            target = (file.parent / name).resolve() if name else file
            assert target.is_file(), f"{file.name}: {href}"
            if anchor:
                assert trees[target].css_first(f'[id="{anchor}"]'), f"{file.name}: {href}"


@pytest.fixture(scope="module")
def archive(sample: Mined, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of two digests and a folder of something else."""
    folder = tmp_path_factory.mktemp("archive")
    for name in ("2026-q2", "2026 <b>"):
        shutil.copytree(sample.out, folder / name)
    (folder / "notes").mkdir()
    renew(folder)
    return folder


def test_the_index_of_an_archive_opens_fits_and_leads_to_every_digest(
    browser: Browser, archive: Path
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    for scheme, width in zip(SCHEMES, WIDTHS, strict=True):
        page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 800})
        seen = Seen()
        seen.watch(page)
        page.goto((archive / "index.html").as_uri())
        _is_well(page, seen, width)
        links = page.locator("h2 a")
        assert links.count() == 2
        for place in range(links.count()):
            links.nth(place).click()
            # Going back from a page that is still loading breaks off what it asked for.
            page.wait_for_load_state("load")
            assert page.locator("ol.front").count() == 1
            page.go_back()
        assert seen.complaints == []
        assert Axe().run(page).response["violations"] == []
        page.close()


@pytest.mark.parametrize("name", ["index.html", "search.html#q=tablet", "people.html"])
def test_paper_shows_what_is_said_and_no_navigation(
    name: str, browser: Browser, sample: Mined
) -> None:
    page = browser.new_page()
    page.emulate_media(media="print")
    page.goto(f"{sample.out.as_uri()}/{name}")
    assert page.locator("h1").is_visible()
    assert not page.locator("nav").first.is_visible()
    assert page.locator("#results li").count() > 0 or "search" not in name
    assert len(page.pdf()) > 10_000
    page.close()


# ── search ───────────────────────────────────────────────────────────────────────────────────


class _Quiet(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/favicon.ico":  # browsers ask every host for one
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _search(page: Page, query: str) -> list[str]:
    """Type something, and return the results as they are read."""
    page.get_by_role("searchbox").fill(query)
    page.wait_for_url(lambda url: unquote(url).endswith(f"#q={query}" if query else ".html"))
    return page.locator("#results li").all_inner_texts()


@pytest.fixture
def search(browser: Browser, sample: Mined) -> Iterator[Page]:
    page, seen = _open(browser, sample.out / "search.html", 360)
    yield page
    _is_well(page, seen, 360)
    page.close()


def test_a_statement_a_topic_and_a_quote_are_found_by_words_of_them(
    search: Page, sample: Mined
) -> None:
    claim, topic = sample.digest["claims"][0], sample.digest["topics"][0]
    quote = sample.digest["quotes"][0]
    for text in (claim["headline"], topic["label"], quote["text"]):
        words = " ".join(re.findall(r"[^\W\d_]{4,}", text)[:4])
        found = _search(search, words)
        assert any(text in result for result in found), (words, found)
        assert search.get_by_role("status").inner_text().split()[0] == str(len(found))
        marks = [mark.casefold() for mark in search.locator("#results mark").all_inner_texts()]
        assert {word.casefold() for word in words.split()} <= set(marks)


def test_the_beginning_of_a_word_a_slip_and_other_accents_find_it_too(search: Page) -> None:
    whole = [result for result in _search(search, "tablet") if "tablet" in result]
    assert whole
    for query in ("tabl", "tablit", "TÁBLET"):
        assert set(whole) <= set(_search(search, query)), query


def test_what_is_not_there_is_told_and_nothing_is_asked_of_who_types_nothing(search: Page) -> None:
    assert _search(search, "xylophonist") == []
    assert search.get_by_role("status").inner_text().startswith("Nothing found.")
    assert _search(search, "") == []
    assert search.get_by_role("status").inner_text() == ""


def test_a_result_is_reached_by_keys_and_the_way_back_leads_to_the_same_results(
    search: Page,
) -> None:
    found = _search(search, "tablet")
    search.keyboard.press("Tab")
    assert search.evaluate("document.activeElement.closest('li') !== null")
    search.keyboard.press("Enter")
    search.wait_for_url(lambda url: "search.html" not in url)
    assert search.locator("h1").count() == 1
    search.go_back()
    search.locator("#results li").first.wait_for()
    assert search.locator("#results li").all_inner_texts() == found


@pytest.mark.parametrize("place", ["?q=tablet", "#q=tablet"])
def test_a_link_can_ask(place: str, browser: Browser, sample: Mined) -> None:
    page = browser.new_page()
    page.goto((sample.out / "search.html").as_uri() + place)
    assert page.get_by_role("searchbox").input_value() == "tablet"
    assert page.locator("#results li").count() > 0
    page.close()


def test_it_searches_over_http_too_and_asks_for_its_own_files_alone(
    browser: Browser, sample: Mined
) -> None:
    with _served(sample.out) as address:
        page = browser.new_page()
        seen = Seen()
        seen.watch(page)
        page.goto(f"{address}/search.html", wait_until="load")
        assert _search(page, "tablet")
        page.close()
    assert seen.complaints == []
    assert all(url.startswith(address) for url in seen.requests)


def test_whoever_runs_no_script_is_led_to_the_pages(browser: Browser, sample: Mined) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((sample.out / "search.html").as_uri())
    assert page.get_by_role("searchbox").count() == 0
    assert page.locator("noscript .notice").is_visible()
    context.close()


def test_results_shut_nobody_out_and_run_nothing_that_a_member_wrote(
    browser: Browser, hostile: Mined
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    for scheme in SCHEMES:
        page = browser.new_page(color_scheme=scheme, viewport={"width": 360, "height": 800})
        seen = Seen()
        seen.watch(page)
        page.goto((hostile.out / "search.html").as_uri())
        assert _search(page, "script"), "the words of the attack are quoted"
        assert page.locator("#results script, #results img").count() == 0
        _is_well(page, seen, 360)
        assert page.title() != "owned"
        violations = Axe().run(page).response["violations"]
        assert [(rule["id"], rule["nodes"][0]["html"]) for rule in violations] == []
        page.close()
