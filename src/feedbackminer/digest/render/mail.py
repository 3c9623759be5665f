"""A part of a digest as one piece of HTML for mail: styles inline, nothing loaded, no script."""

from __future__ import annotations

from feedbackminer.digest.render.site import environment, shared_by_pages
from feedbackminer.digest.views import Digest, EditionView
from feedbackminer.errors import SettingsError


def render(digest: Digest, view: EditionView | None, link: str) -> str:
    """Return an edition, or the whole digest, as mail.

    Args:
        view: the edition; None: the whole.
        link: where the site can be read; empty: nowhere, so there are no links into it.
    Raises:
        SettingsError: what puts styles inline is not installed.
    """
    try:
        import css_inline
    except ImportError:
        raise SettingsError(
            'mail wants more than is installed: pip install "feedbackminer[delivery]"'
        ) from None
    page = environment().get_template("mail.html.j2")
    text = page.render(shared_by_pages(digest), view=view, link=link)
    # Styles are all in the page; what looks like an address of others is never asked for.
    return css_inline.CSSInliner(
        load_remote_stylesheets=False, keep_style_tags=True, keep_at_rules=True
    ).inline(text)
