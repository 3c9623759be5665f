"""Which columns of an export may hold which field of a post, by their names.

The names are those of Discourse, Reddit and YouTube dumps, Stack Exchange, app stores and shops,
surveys, trackers and plain tables. A mapping by the user always wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from feedbackminer.errors import InputError, SettingsError, suggest

# Order matters: row by row, the first of these columns that is filled counts.
NAMES: Mapping[str, tuple[str, ...]] = {
    "post_id": (
        "post_id", "id", "comment_id", "review_id", "message_id", "message_key", "tweet_id",
        "status_id", "id_str", "guid", "uuid", "response_id", "feedback_id", "entry_id",
    ),
    "thread_id": (
        "thread_id", "topic_id", "link_id", "conversation_id", "discussion_id", "submission_id",
        "root_id", "thread",
    ),
    "parent_id": (
        "parent_id", "reply_to", "in_reply_to", "reply_to_id", "in_reply_to_id",
        "in_reply_to_status_id", "in_response_to_tweet_id", "parent_comment_id", "parent_post_id",
        "reply_to_message_id", "parent",
    ),
    "post_number": ("post_number", "number"),
    "reply_to_number": ("reply_to_post_number", "quoted_post"),
    "author": (
        "author", "username", "user_name", "user", "member", "author_name", "owner_user_id",
        "owner_display_name", "reviewer", "reviewer_name", "profile_name", "author_display_name",
        "screen_name", "user_screen_name", "login", "handle", "display_name", "nickname",
        "nick", "customer_name", "commenter", "commenter_name", "poster", "posted_by",
        "created_by", "written_by", "reporter", "sender", "sender_name", "from_user",
        "author_id", "user_id", "reviewer_id", "member_id", "customer_id", "account_id",
        "respondent_id", "creator", "autor", "auteur", "benutzer", "usuario",
    ),
    "author_role": ("author_role", "role", "is_staff", "staff", "is_bot", "moderator", "admin"),
    "created_at": (
        "created_at", "created_utc", "creation_date", "created", "timestamp", "date", "datetime",
        "time", "date_time", "posted_at", "published_at", "submitted_at", "created_on",
        "created_time", "created_date", "date_created", "creation_time", "create_time",
        "timestamp_created", "tweet_created", "unix_review_time", "review_date", "review_time",
        "comment_date", "comment_time", "comment_published_at", "post_date", "post_time",
        "posted_on", "posted", "date_posted", "published", "published_on", "publish_date",
        "publish_time", "date_published", "submission_date", "submitted_on", "date_submitted",
        "sent_at", "sent", "reviewed_at", "review_submit_date_and_time", "response_date",
        "feedback_date", "datum", "fecha", "at",
    ),
    "edited_at": (
        "edited_at", "updated_at", "last_edit_date", "edited", "modified", "updated", "modified_at",
        "last_edited_at", "last_modified", "edit_date", "updated_time",
    ),
    "title": (
        "title", "subject", "topic_title", "headline", "review_title", "review_headline",
        "thread_title", "post_title", "summary", "review_summary", "titel", "titre", "titulo",
    ),
    "body": (
        "body", "text", "content", "message", "raw", "cooked", "selftext", "full_text",
        "review_text", "review_body", "review_content", "review_comment", "review",
        "comment_text", "comment_body", "comment_content", "text_original", "text_display",
        "comment", "body_text", "body_markdown", "post_text", "post_content", "post_body",
        "post", "tweet_text", "tweet", "message_text", "message_body", "content_text",
        "feedback_text", "feedback", "description", "review_description", "body_html",
        "content_html", "verbatim", "answer_text", "comments", "caption", "kommentar",
        "commentaire", "comentario", "texte", "texto", "testo",
    ),
    "url": (
        "html_url", "web_url", "permalink", "post_url", "page_url", "review_link", "review_url",
        "url", "link", "href",
    ),
    "rating": (
        "rating", "stars", "star_rating", "review_rating", "overall_rating", "user_rating",
        "reviewer_rating", "rating_value", "review_score", "review_stars", "overall", "bewertung",
        "sterne", "calificacion",
    ),
    "score": (
        "like_count", "likes", "thumbs_up_count", "thumbs_up", "helpful_count", "helpful_votes",
        "helpfulness_numerator", "helpful", "votes_up", "score", "ups", "upvotes",
        "upvote_count", "points", "votes", "vote_count", "favorite_count", "num_likes",
        "reaction_count",
    ),
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
# Names that mean a field only where no other column does: "name" may be a product's.
LAST_RESORT: Mapping[str, tuple[str, ...]] = {
    "author": ("name", "from", "by", "account", "customer"),
    "body": ("response", "answer", "opinion", "note", "notes"),
    "created_at": ("ts", "epoch", "timestamp_ms"),
}
# Names of texts that are numbers in other exports: how many there are, or their ids.
MAY_BE_COUNTS = frozenset(("comments", "comment", "review", "post", "feedback", "answer", "notes"))
# What a review says in several columns; all of them are its words.
PARTS = (
    "pros", "cons", "likes_text", "dislikes_text", "what_do_you_like", "what_do_you_dislike",
    "what_do_you_like_best", "positive_review", "negative_review", "advice_to_management",
)  # fmt: skip
# A table of comments names the post by comment_id, and what it is about by one of these.
COMMENT_OF = ("post_id", "submission_id")
META = (
    "app_version", "app_version_name", "version", "device", "os", "platform", "country", "tags",
    "label", "views", "status", "priority", "satisfaction_score",
)  # fmt: skip
_NAMELESS = re.compile(r"\s*|unnamed:? ?\d+(?:_level_\d+)?|column ?\d+|_c\d+", re.IGNORECASE)


def candidates(available: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return field -> the columns that may hold it, the best first."""
    by_name = plain_names(available)

    def present(known: Iterable[str]) -> list[str]:
        return [name for name in dict.fromkeys(map(plain, known)) if name in by_name]

    names = {field: present(known) for field, known in NAMES.items()}
    for field, known in LAST_RESORT.items():
        names[field] = names[field] or present(known)
    if "commentid" in by_name:
        names["post_id"].remove("commentid")
        names["post_id"].insert(0, "commentid")
        whose = present(COMMENT_OF)
        names["post_id"] = [name for name in names["post_id"] if name not in whose]
        names["thread_id"] += whose
    return {field: tuple(by_name[n] for n in found) for field, found in names.items() if found}


def parts(available: Iterable[str]) -> tuple[str, ...]:
    """Return the columns that hold a review's words beside its body."""
    by_name = plain_names(available)
    return tuple(by_name[plain(name)] for name in PARTS if plain(name) in by_name)


def is_told_by_all(column: str) -> bool:
    """Tell whether a single value may decide how a column is read: of dates, ratings, scores."""
    return plain(column) in _TOLD_BY_ALL


def may_be_id(column: str) -> bool:
    """Tell whether a column may hold ids of posts: their own, or of what they answer."""
    return plain(column) in _IDS


def find_meta(available: Iterable[str]) -> dict[str, str]:
    """Return name -> column of what is kept of a post beside its fields."""
    by_name = plain_names(available)
    return {name: by_name[plain(name)] for name in META if plain(name) in by_name}


def plain_names(columns: Iterable[str]) -> dict[str, str]:
    """Return plain name -> column; of two columns with one plain name the first counts.

    A column without a name is the row number of the program that wrote the table, and no field.
    """
    named = [column for column in columns if not _NAMELESS.fullmatch(column)]
    return {plain(column): column for column in reversed(named)}


def plain(name: str) -> str:
    """Return a name in small letters and digits only: "Star Rating", "star_rating" are one."""
    return re.sub(r"[\W_]", "", name.casefold())


def check_mapping(wanted: Mapping[str, str], columns: list[str], *, where: str) -> None:
    """Refuse a mapping of the user that cannot be.

    Args:
        wanted: field -> column of the export.
        where: what to call the export in a message.
    Raises:
        SettingsError: it names a field that posts do not have.
        InputError: a column of it does not exist.
    """
    for field, column in wanted.items():
        if field not in NAMES:
            hint = suggest(field, NAMES, f"fields are {', '.join(NAMES)}")
            raise SettingsError(f"--map {field}={column}: posts have no field {field!r}; {hint}")
        if column not in columns:
            hint = suggest(column, columns, f"it has {some(columns)}")
            raise InputError(f"{where}: --map {field}={column}: no column {column!r}; {hint}")


def some(columns: list[str]) -> str:
    """Return the first columns, for a message."""
    shown = ", ".join(repr(column[:40]) for column in columns[:12])
    return shown + (f" and {len(columns) - 12} more" if len(columns) > 12 else "")


_IDS = frozenset(plain(name) for field in ("post_id", "parent_id") for name in NAMES[field])
_TOLD_BY_ALL = frozenset(
    plain(name)
    for field in ("created_at", "edited_at", "rating", "score")
    for name in (*NAMES[field], *LAST_RESORT.get(field, ()))
)
