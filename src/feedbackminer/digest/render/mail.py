"""A part of a digest as one page for mail: one column, nothing loaded, no script."""

from __future__ import annotations

from feedbackminer.digest.render.site import environment, shared_by_pages
from feedbackminer.digest.views import Digest, EditionView


def render(digest: Digest, view: EditionView | None, link: str) -> str:
    """Return an edition, or the whole digest, as HTML whose styles stand in its head.

    Args:
        view: the edition; None: the whole.
        link: where the site can be read; empty: nowhere, so there are no links into it.
    """
    page = environment().get_template("mail.html.j2")
    return page.render(shared_by_pages(digest), view=view, link=link)
