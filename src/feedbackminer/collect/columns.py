"""Which column of an export holds which field of a post.

Guesses cover Discourse, Reddit dumps, Stack Exchange, app-store review sheets, support tickets and
plain tables; a mapping by the user always wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from feedbackminer.errors import InputError, SettingsError, nearest

# Order matters: the first name an export has is taken.
NAMES: Mapping[str, tuple[str, ...]] = {
    "post_id": ("post_id", "id", "comment_id", "review_id", "message_id", "message_key", "uuid"),
    "thread_id": ("thread_id", "topic_id", "link_id", "conversation_id", "discussion_id", "thread"),
    "parent_id": ("parent_id", "reply_to", "in_reply_to", "reply_to_id", "parent"),
    "post_number": ("post_number", "number", "n"),
    "reply_to_number": ("reply_to_post_number", "quoted_post"),
    "author": (
        "author", "username", "user_name", "user", "member", "author_name", "owner_user_id",
        "owner_display_name", "reviewer", "nickname", "from", "author_id",
    ),
    "author_role": ("author_role", "role", "is_staff", "staff", "is_bot", "moderator", "admin"),
    "created_at": (
        "created_at", "created_utc", "creation_date", "created", "timestamp", "date", "datetime",
        "time", "posted_at", "published_at", "submitted_at", "review_date", "at",
        "review_submit_date_and_time",
    ),
    "edited_at": ("edited_at", "updated_at", "last_edit_date", "edited", "modified"),
    "title": ("title", "subject", "topic_title", "headline", "summary", "review_title"),
    "body": (
        "body", "text", "content", "message", "raw", "cooked", "selftext", "review",
        "review_text", "comment", "post", "description", "feedback",
    ),
    "url": ("url", "link", "permalink", "post_url", "href", "review_link"),
    "rating": ("rating", "stars", "star_rating", "review_rating"),
    "score": ("score", "likes", "like_count", "ups", "upvotes", "points", "votes"),
    "accepted": (
        "accepted", "accepted_answer", "is_accepted", "is_accepted_answer", "is_solution",
        "solution",
    ),
    "accepted_answer_id": ("accepted_answer_id",),
    "post_type": ("post_type",),
    "channel": (
        "channel", "category", "category_name", "forum", "board", "subreddit", "list", "app",
    ),
}  # fmt: skip
META = (
    "app_version", "app_version_name", "version", "device", "os", "platform", "country", "tags",
    "label", "views", "status", "priority", "satisfaction_score",
)  # fmt: skip


def find_columns(
    available: Iterable[str], wanted: Mapping[str, str], *, where: str
) -> dict[str, str]:
    """Return field -> column of the export.

    Args:
        available: the columns of the export.
        wanted: the user's mapping, field -> column.
        where: what to call the export in a message.
    Raises:
        SettingsError: the mapping names a field that posts do not have.
        InputError: a mapped column does not exist, or nothing can be the body.
    """
    columns = list(available)
    by_name = plain_names(columns)
    column_of = {
        field: by_name[plain(name)]
        for field, names in NAMES.items()
        for name in reversed(names)
        if plain(name) in by_name
    }

    for field, column in wanted.items():
        _check_mapping(field, column, columns, where)
        column_of[field] = column

    if "body" not in column_of:
        raise InputError(
            f"{where}: no column holds the text of the posts; found {_some(columns)}; "
            "name it with --map body=COLUMN (in Python: columns={'body': 'COLUMN'})"
        )
    return column_of


def find_meta(available: Iterable[str]) -> dict[str, str]:
    """Return name -> column of what is kept of a post beside its fields."""
    by_name = plain_names(available)
    return {name: by_name[plain(name)] for name in META if plain(name) in by_name}


def plain_names(columns: Iterable[str]) -> dict[str, str]:
    """Return plain name -> column; of two columns with one plain name the first counts."""
    return {plain(column): column for column in reversed(list(columns))}


def plain(name: str) -> str:
    """Return a name in small letters and digits only: "Star Rating", "star_rating" are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _check_mapping(field: str, column: str, columns: list[str], where: str) -> None:
    if field not in NAMES:
        near = nearest(field, NAMES)
        hint = f"did you mean {near!r}?" if near else f"fields are {', '.join(NAMES)}"
        raise SettingsError(f"--map {field}={column}: posts have no field {field!r}; {hint}")
    if column not in columns:
        near = nearest(column, columns)
        hint = f"did you mean {near!r}?" if near else f"it has {_some(columns)}"
        raise InputError(f"{where}: --map {field}={column}: no column {column!r}; {hint}")


def _some(columns: list[str]) -> str:
    shown = ", ".join(repr(column[:40]) for column in columns[:12])
    return shown + (f" and {len(columns) - 12} more" if len(columns) > 12 else "")
