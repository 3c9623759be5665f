"""What some platforms' exports need before their columns mean what ours mean.

Each function takes a raw row and returns the same row with our names for what differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Values = dict[str, Any]


def reddit(values: Values) -> Values:
    """Reddit dump: ids get their type prefix, so a comment's link and parent find their post."""
    is_comment = bool(values.get("link_id"))
    native = str(values.get("name") or f"{'t1' if is_comment else 't3'}_{values.get('id')}")
    link = str(values.get("permalink") or "")
    return values | {
        "post_id": native,
        "thread_id": values.get("link_id") or native,
        "body": values.get("body") or values.get("selftext") or "",
        "permalink": f"https://www.reddit.com{link}" if link.startswith("/") else link,
        "url": f"https://www.reddit.com{link}" if link.startswith("/") else values.get("url"),
    }


def stack_exchange(values: Values) -> Values:
    """Stack Exchange table: an answer's parent is its question, which is its thread."""
    parent = values.get("ParentId") or None
    return values | {
        "thread_id": parent or values.get("Id"),
        "parent_id": parent,
        "post_type": None,  # 1 and 2 mean question and answer here, not a system action
    }


def unchanged(values: Values) -> Values:
    """Any other export."""
    return values


_SIGNS: Mapping[str, Callable[[Values], Values]] = {
    "link_id": reddit,
    "selftext": reddit,
    "PostTypeId": stack_exchange,
}


def adapter(columns: Iterable[str]) -> Callable[[Values], Values]:
    """Return the function for the platform whose columns these are."""
    available = set(columns)
    return next((f for sign, f in _SIGNS.items() if sign in available), unchanged)
