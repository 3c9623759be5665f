"""The digest as a static site: opens from disk, runs no script, loads nothing from elsewhere.

Community text only ever reaches a page through Jinja's escaping, and every page carries a
content security policy that would stop a script all the same.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined

from feedbackminer.digest import charts, explain
from feedbackminer.digest.content import Digest

PAGES = {
    "index.html": "Five things to know",
    "topics.html": "What they talk about",
    "problems.html": "What is wrong",
    "loved.html": "What they love",
    "changes.html": "What changed",
    "people.html": "Who is talking",
    "unanswered.html": "Unanswered",
    "method.html": "Method",
}


def write_site(digest: Digest, out: Path) -> None:
    """Write all pages and assets into the empty folder ``out``."""
    site = _environment(digest)
    for folder in ("topics", "claims", "assets"):
        (out / folder).mkdir()
    style = files("feedbackminer.digest").joinpath("assets/style.css").read_text("utf-8")
    (out / "assets" / "style.css").write_text(style, "utf-8")
    for page in PAGES:
        _write(site, page, out / page, page=page, root="")
    _write(site, "quoted.html", out / "quoted.html", page="", root="")
    for topic in digest.topics:
        _write(site, "topic.html", out / topic.page, page="topics.html", root="../", topic=topic)
    for claim in digest.claims:
        _write(site, "claim.html", out / claim.page, page="", root="../", claim=claim)


def _environment(digest: Digest) -> Environment:
    site = Environment(
        loader=PackageLoader("feedbackminer.digest"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    site.globals.update(
        digest=digest,
        pages=PAGES,
        charts=charts,
        explain=explain,
        labels={topic.topic_id: topic.label for topic in digest.topics},
        segments=dict(digest.members["segment"].cast(pl.String).value_counts().iter_rows()),
        advocates=digest.members.filter("advocate")
        .sort("n_thanks", "author_id", descending=[True, False])
        .to_dicts(),
        topic_pages={topic.topic_id: topic.page for topic in digest.topics},
    )
    site.filters["day"] = lambda moment: f"{moment:%-d %b %Y}" if moment else "undated"
    site.filters["thousands"] = lambda n: f"{n:,}"
    site.filters["anchor"] = anchor
    return site


def anchor(post_id: str) -> str:
    """Return a post id as an HTML id: letters, digits and hyphens only."""
    return "p-" + "".join(c if c.isalnum() and c.isascii() else f"-{ord(c):x}-" for c in post_id)


def _write(site: Environment, template: str, path: Path, **values: Any) -> None:
    path.write_text(site.get_template(f"{template}.j2").render(**values), "utf-8")
