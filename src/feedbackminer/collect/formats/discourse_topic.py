"""Topics of a Discourse forum, as ``/t/ID.json`` gives them, and its newest posts (``posts.json``).

Ids are those of the live source. https://docs.discourse.org
"""

from __future__ import annotations

from collections.abc import Iterator

from feedbackminer.collect.formats.json_access import (
    Values,
    identifier,
    items,
    part,
    parts,
    text,
    total,
)
from feedbackminer.collect.formats.tables import item_rows
from feedbackminer.collect.rows import BadRow, Row
from feedbackminer.errors import InputError

_LIKE = "2"  # the id of that action
_NO_POSTS = {
    "topic_list": "a list of topics, without their posts",
    "grouped_search_result": "results of a search, which hold pieces of posts only",
}


def is_document(document: Values) -> bool:
    """Tell whether a JSON object is a topic, or another list that a forum gives."""
    is_list = isinstance(document.get("latest_posts"), list)
    return is_list or any(part(document, name) for name in ("post_stream", *_NO_POSTS))


def document_rows(name: str, document: Values) -> Iterator[Row | BadRow]:
    """Yield the posts, and one row for those of the topic that are not in the file.

    Raises:
        InputError: the forum gives no posts there.
    """
    for key, what in _NO_POSTS.items():
        if part(document, key):
            raise InputError(
                f"{name}: {what}; take the JSON of the topics themselves (/t/ID.json), or collect "
                'with a source of kind "discourse"'
            )
    topic = {} if "latest_posts" in document else document
    listed = items(part(topic, "post_stream"), "posts") or items(document, "latest_posts")
    for row in item_rows(name, listed):
        yield _post(row, topic) if isinstance(row, Row) else row
    yield from _absent(name, topic, listed)


def _absent(name: str, topic: Values, listed: list[object]) -> Iterator[BadRow]:
    """Tell of posts that the topic counts and the file lacks: a page holds twenty."""
    counted = topic.get("posts_count")
    whole = max(
        len(items(part(topic, "post_stream"), "stream")),
        counted if isinstance(counted, int) else 0,
    )
    if whole > len(listed):
        detail = (
            f"the file holds {len(listed)} of the topic's {whole} posts; the others are on its "
            "other pages (?page=2), or all in one with ?print=true"
        )
        yield BadRow(f"{name}:other pages", "not_in_file", detail)


def _post(row: Row, topic: Values) -> Row | BadRow:
    post = row.values
    if post.get("deleted_at") or post.get("user_deleted") is True:
        return BadRow(row.ref, "deleted_at_source", "the post was deleted")
    if post.get("hidden") is True:
        return BadRow(row.ref, "deleted_at_source", "the post is hidden, its text is not there")
    return Row.given(row.ref, _values(post, topic))


def _values(post: Values, topic: Values) -> Values:
    thread = identifier(post, "topic_id") or identifier(topic, "id")
    number, answered = identifier(post, "post_number"), identifier(post, "reply_to_post_number")
    is_staff = any(post.get(flag) is True for flag in ("staff", "admin", "moderator"))
    likes = [like for like in parts(post, "actions_summary") if identifier(like, "id") == _LIKE]
    is_known = thread and number
    title = text(topic, "title") or text(post, "topic_title")
    return {
        "post_id": f"{thread}-{number}" if is_known else identifier(post, "id"),
        "thread_id": thread,
        "parent_id": f"{thread}-{answered}" if thread and answered else None,
        "post_number": number,
        "author": text(post, "username"),
        "author_role": "staff" if is_staff else None,
        "created_at": text(post, "created_at"),
        "edited_at": text(post, "updated_at") if _is_edited(post) else None,
        "title": title if number == "1" else None,
        "body": text(post, "raw") or f"<div>{text(post, 'cooked')}</div>",
        "score": total({"likes": likes}, "likes", "count"),
        "accepted": post.get("accepted_answer") is True or _is_solution(number, topic),
        "post_type": text(post, "post_type"),
        "channel": _category(topic) or _category(post),
    }


def _is_edited(post: Values) -> bool:
    """Tell whether an author changed a post; it is also "updated" by whatever happens to it."""
    version = post.get("version")
    if isinstance(version, int):
        return version > 1
    return text(post, "updated_at") != text(post, "created_at")


def _is_solution(number: str, topic: Values) -> bool:
    solution = identifier(part(topic, "accepted_answer"), "post_number")
    return solution != "" and solution == number


def _category(values: Values) -> str:
    """Return the category; a topic names it by its number only."""
    native = identifier(values, "category_id")
    name = text(values, "category_name") or text(part(values, "category"), "name")
    return name or (f"category {native}" if native else "")
