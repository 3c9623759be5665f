"""The index of an archive of digests: one page, which opens from disk and runs no script."""

from __future__ import annotations

from collections.abc import Sequence

from feedbackminer.digest import wording
from feedbackminer.digest.archive import Archived, Unreadable
from feedbackminer.digest.render.site import asset, environment
from feedbackminer.vocabulary.editions import EDITIONS

INDEX = "index.html"
STYLE = "style.css"
FILES = (INDEX, STYLE)
LINKED = (INDEX, *(edition.page for edition in EDITIONS.values()))  # pages of each digest
MARK = '<meta name="generator" content="feedbackminer archive">'


def render(found: Sequence[Archived | Unreadable]) -> dict[str, str]:
    """Return the index and its style: name -> text."""
    page = (
        environment()
        .get_template("archive.html.j2")
        .render(
            digests=[one for one in found if isinstance(one, Archived)],
            unreadable=[one for one in found if isinstance(one, Unreadable)],
            editions=EDITIONS,
            index=INDEX,
            mark=MARK,
            wording=wording,
            style=STYLE,
        )
    )
    return {INDEX: page, STYLE: asset("style.css")}
