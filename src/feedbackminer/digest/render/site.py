"""The digest as a static site: opens from disk, loads nothing from elsewhere.

Community text only ever reaches a page through Jinja's escaping, and every page carries a
content security policy that would stop a script all the same. The one page that runs scripts, the
search, runs those of the folder of assets and gets its text from them.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined

from feedbackminer.digest import wording
from feedbackminer.digest.decided import news
from feedbackminer.digest.panel import panel
from feedbackminer.digest.render import charts, search
from feedbackminer.digest.render.anchors import anchor
from feedbackminer.digest.small_groups import without_small
from feedbackminer.digest.views import Digest
from feedbackminer.vocabulary import claims as vocabulary
from feedbackminer.vocabulary.editions import EDITIONS

PAGES = {
    "index.html": "Things to know",
    "topics.html": "What they talk about",
    "problems.html": "What is wrong",
    "loved.html": "What they love",
    "changes.html": "What changed",
    "history.html": "The long view",
    "people.html": "Who is talking",
    "unanswered.html": "Unanswered",
    "method.html": "Method",
    "search.html": "Search",
}
DONE = "done.html"  # where something was decided
ASSETS = ("style.css", "minisearch.js", "minisearch-licence.txt", "search.js")


def render(digest: Digest) -> dict[str, str]:
    """Return all pages and assets: relative path -> text."""
    entries = search.entries(digest)
    shared = shared_by_pages(digest) | {"n_entries": len(entries)}
    pages = shared["pages"]

    def page(template: str, **values: Any) -> str:
        return environment().get_template(f"{template}.j2").render(shared, **values)

    return {
        **{f"assets/{name}": asset(name) for name in ASSETS},
        "assets/search-entries.js": search.script(entries),
        **{name: page(name, page=name, root="") for name in pages},
        "quoted.html": page("quoted.html", page="", root=""),
        **{
            view.edition.page: page("edition.html", page=view.edition.page, root="../", view=view)
            for view in digest.editions
        },
        **{
            topic.page: page("topic.html", page="topics.html", root="../", topic=topic)
            for topic in digest.topics
        },
        **{
            claim.page: page("claim.html", page="", root="../", claim=claim)
            for claim in digest.claims
        },
    }


def asset(name: str) -> str:
    """Return the text of a file that pages load."""
    return files("feedbackminer.digest").joinpath("assets", name).read_text("utf-8")


def render_summary(digest: Digest) -> str:
    """Return the front of a digest as one piece of HTML for a notebook, without links."""
    return environment().get_template("summary.html.j2").render(shared_by_pages(digest))


_NUMBER = re.compile(r"(?<!\S)(\(?\d[\d,.]*) (?=[^\W\d]|%)")


@cache
def environment() -> Environment:
    """Return where templates come from; each is compiled once a process."""
    site = Environment(
        loader=PackageLoader("feedbackminer.digest"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    site.filters["day"] = lambda moment: f"{moment:%-d %b %Y}" if moment else "undated"
    site.filters["thousands"] = lambda n: f"{n:,}"
    site.filters["anchor"] = anchor
    site.filters["sentence"] = lambda text: f"{text[:1].upper()}{text[1:]}"
    site.filters["unbroken"] = unbroken
    return site


def shared_by_pages(digest: Digest) -> dict[str, Any]:
    """Return what every template may use."""
    return {
        "digest": digest,
        "pages": _pages(digest),
        "news": news(digest.decided, digest.since),
        "editions": EDITIONS,
        "panel": panel(digest),
        "charts": charts,
        "wording": wording,
        "vocabulary": vocabulary,
        "topic_columns": vocabulary.topic_columns(),
        "labels": {topic.topic_id: topic.label for topic in digest.topics},
        "segments": _segments(digest.members),
        "advocates": digest.members.filter("advocate")
        .sort("n_thanks", "n_people_helped", "author_id", descending=[True, True, False])
        .to_dicts(),
        "topic_pages": {topic.topic_id: topic.page for topic in digest.topics},
    }


def _pages(digest: Digest) -> dict[str, str]:
    """Return the pages with their names; what was done stands before the method."""
    if not digest.decided:
        return PAGES
    names = list(PAGES.items())
    place = list(PAGES).index("method.html")
    return dict([*names[:place], (DONE, "What we did"), *names[place:]])


def _segments(members: pl.DataFrame) -> dict[str, int | None]:
    """Count members by segment; None: not told."""
    counts = dict(members["segment"].cast(pl.String).value_counts().iter_rows())
    return without_small({name: counts.get(name, 0) for name in vocabulary.SEGMENTS})


def unbroken(text: str) -> str:
    """Keep each number on one line with what it counts: ``22 members``, ``41 %``, ``16 June``."""
    return _NUMBER.sub("\\1\u00a0", text)
