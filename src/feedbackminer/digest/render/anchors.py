"""Where on a page something stands."""

from __future__ import annotations


def anchor(post_id: str) -> str:
    """Return a post id as an HTML id: letters, digits and hyphens only."""
    return "p-" + "".join(c if c.isalnum() and c.isascii() else f"-{ord(c):x}-" for c in post_id)
