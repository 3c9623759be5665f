"""A digest as files: a site, Markdown and JSON."""

from __future__ import annotations

from feedbackminer.digest.render import document, markdown, site
from feedbackminer.digest.views import Digest

# Whatever stands at the top of the folder of a digest.
FILES = frozenset(
    {
        *site.PAGES,
        "quoted.html",
        site.DONE,
        "topics",
        "claims",
        "editions",
        "assets",
        "digest.md",
        "digest.json",
    }
)


def render_digest(digest: Digest) -> dict[str, str]:
    """Return every file of a digest: relative path -> text."""
    return {
        **site.render(digest),
        "digest.md": markdown.render(digest),
        **{view.edition.text: markdown.render_edition(digest, view) for view in digest.editions},
        "digest.json": document.render(digest),
    }
