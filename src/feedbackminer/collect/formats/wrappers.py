"""Objects around posts: a page that holds a list of them, an envelope that holds one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from feedbackminer.collect import fields
from feedbackminer.collect.columns import NAMES, plain
from feedbackminer.collect.formats import objects
from feedbackminer.collect.formats.json_access import (
    Values,
    columns_by_name,
    is_scalar,
    plain_name,
    present,
)
from feedbackminer.collect.formats.rich_text import text_of

PLAIN: Mapping[str, tuple[str, ...]] = {
    field: tuple(dict.fromkeys(map(plain, names))) for field, names in NAMES.items()
}
_VOICE = (*objects.PERSONS, *PLAIN["rating"])
TALK = ("posts", "messages")  # of a thread, which may have words of its own
# Where what answers a post stands in it.
ANSWERS = (
    "comments", "replies", "notes", "answers", "children", "discussions", "responses", "comment",
    "reply", "response", "reviewreply", "companyreply", "ownerreply", "ownerresponse",
    "developerreply", "developerresponse", "developercomment",
)  # fmt: skip
_MANY = {*ANSWERS} - {"comment"}  # a list or an object under such a name is no text
_PAGES = {*objects.LISTS, *TALK, "reviews", "feedback"} - {*ANSWERS}  # hold posts, are no part
ENVELOPES = (
    "attributes", "fields", "node", "data", "source", "snippet", "properties", "payload",
    "document", "doc", "record", "item", "object", "issue", "ticket", "topic", "discussion", "post",
    "toplevelcomment", "usercomment", "review", "comment", "message",
)  # fmt: skip
_MARKS = tuple(
    {*PLAIN["post_id"], *PLAIN["created_at"]} - {"time"}
)  # "time": a text of nodes has it
_PEOPLE = (
    "users", "members", "people", "profiles", "accounts", "authors", "participants",
    "contributors", "assignees", "followers", "subscribers", "customers",
)  # fmt: skip
_DEEPEST = 6  # objects around a post or a list
_LOOKED_AT = 50  # items of a list that show what it holds


@dataclass(frozen=True)
class ListInside:
    """A list somewhere in an object, and how much its items look like posts."""

    name: str
    items: list[Any]
    is_direct: bool  # a field of the object itself
    is_of_posts: bool  # with words, and somebody who says them or a rating
    has_bodies: bool
    n_fields: int


def opened(values: Values) -> Values:
    """Return a post without the envelope that it lies in; what the envelope tells stays beside.

    Where only answers have words, the first of them is what its author says.
    """
    for _ in range(_DEEPEST):
        columns = [] if has_words(values) else list(_envelopes(values))
        if not columns:
            break
        outer = {k: v for k, v in values.items() if k not in columns}
        first, *others = [values[column] for column in columns]
        # Of a comment and what it is about, what stands beside them is said of the comment.
        values = first | {"comments": [outer | others[0], *others[1:]]} if others else outer | first
    return values if has_words(values) or not is_attributed(values) else _with_first_answer(values)


def has_words(values: Values) -> bool:
    """Tell whether an object has a text or a title of its own."""
    return says(values, "body") or says(values, "title")


def says(values: Values, field: str) -> bool:
    """Tell whether an object has words in a field; a post in it has its own."""
    found = ((plain_name(column), value) for column, value in present(values, PLAIN[field]))
    return any(_is_text(value) for name, value in found if is_scalar(value) or name not in _MANY)


def is_said(values: Values) -> bool:
    """Tell whether an object names who says it."""
    return next(present(values, objects.PERSONS), None) is not None


def is_attributed(values: Values) -> bool:
    """Tell whether somebody says what an object says: it has an author or a rating."""
    return next(present(values, _VOICE), None) is not None


def is_post(values: Any) -> bool:
    """Tell whether something is an object with words and with an author, rating, date or id."""
    return isinstance(values, dict) and has_words(values) and _is_marked(values)


def pages(values: Values, depth: int = 0) -> tuple[list[ListInside], list[ListInside]]:
    """Return the lists of posts in an object that is a page of them, and those left out.

    A post is no page: of it, lists are left out that look like posts and are no answers to it.

    Args:
        depth: how many lists it lies in.
    """
    has_own = has_words(values)
    lists = list(_lists_in(values, depth, skip=ANSWERS if has_own else ()))
    of_posts = [one for one in lists if one.is_of_posts]
    is_page = any(one.is_direct and plain_name(one.name) in _PAGES for one in of_posts)
    if has_own and (is_said(values) or not of_posts) and not is_page:
        return [], of_posts
    chosen = of_posts or sorted(lists, key=lambda one: -one.n_fields)[:1]
    return chosen, [one for one in lists if one not in chosen and one.has_bodies]


def people_in(values: Values) -> dict[str, Any]:
    """Return id -> account name of lists of people that stand beside lists of posts."""
    found = (people for inner in _objects_in(values) for _, people in present(inner, _PEOPLE))
    persons = [p for people in found if isinstance(people, list) for p in people]
    known = [p for p in persons if isinstance(p, dict)]
    return {fields.identifier(p.get("id")): objects.account(p) for p in known if p.get("id")}


def answers(value: Any) -> list[Any] | None:
    """Return what stands in a field of answers, however it is wrapped; None: no answers."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        return None
    if has_words(value):
        return [value]
    columns = columns_by_name(value)
    wrapped = next((value[columns[name]] for name in objects.LISTS if name in columns), None)
    if isinstance(wrapped, list):
        return wrapped
    return objects.listed(value) or (list(value.values()) if _is_of_posts(value) else None)


def _with_first_answer(values: Values) -> Values:
    for column, value in present(values, ANSWERS):
        items = answers(value) or [None]
        if isinstance(items[0], dict) and _has_words_inside(items[0]):
            words = opened(items[0])
            return values if is_said(words) else values | words | {column: items[1:]}
    return values


def _envelopes(values: Values) -> Iterator[str]:
    for column, value in present(values, ENVELOPES):
        if isinstance(value, dict) and _has_words_inside(value):
            yield column


def _has_words_inside(values: Values) -> bool:
    for _ in range(_DEEPEST):
        if has_words(values):
            return True
        inner = (v for _, v in present(values, ENVELOPES) if isinstance(v, dict))
        values = next(inner, {})
    return False


def _is_text(value: Any) -> bool:
    if isinstance(value, str):
        return not value.isspace()
    if isinstance(value, list):
        items = (item for item in value[:_LOOKED_AT] if isinstance(item, dict))
        return not any(map(is_attributed, items)) and bool(text_of(value))
    return isinstance(value, dict) and not _is_marked(value) and bool(text_of(value))


def _is_marked(values: Values) -> bool:
    return is_attributed(values) or next(present(values, _MARKS), None) is not None


def _is_of_posts(values: Values) -> bool:
    """Tell whether an object is a list in disguise: its keys are ids, its values posts."""
    some = list(values.values())[:_LOOKED_AT]
    return len(some) > 1 and all(is_post(value) and is_attributed(value) for value in some)


def _objects_in(values: Values, skip: Sequence[str] = ()) -> Iterator[Values]:
    """Yield an object and the objects in it, the outer ones first; not those in lists."""
    todo = [values]
    for _ in range(_DEEPEST):
        yield from todo
        todo = [
            value
            for inner in todo
            for column, value in inner.items()
            if isinstance(value, dict) and not (inner is values and plain_name(column) in skip)
        ]
        if not todo:
            break


def _lists_in(values: Values, depth: int, skip: Sequence[str]) -> Iterator[ListInside]:
    """Yield the lists in an object whose items have words, or are pages of such."""
    for inner in _objects_in(values, skip) if depth < _DEEPEST else ():
        is_direct = inner is values
        skipped = {*_PEOPLE, *skip} if is_direct else _PEOPLE
        for column, value in inner.items():
            if is_scalar(value):
                continue
            items = _items(value)
            if items and plain_name(column) not in skipped:
                yield from _looked_at(column, items, is_direct, depth)


def _items(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values()) if _is_of_posts(value) else []
    return value if isinstance(value, list) else []


def _looked_at(name: str, items: list[Any], is_direct: bool, depth: int) -> Iterator[ListInside]:
    some = [opened(item) for item in flattened(items[:_LOOKED_AT]) if isinstance(item, dict)]
    spoken = [item for item in some if has_words(item)]
    is_of_posts = any(map(is_attributed, spoken)) or any(
        not has_words(item) and pages(item, depth + 1)[0] for item in some
    )
    if spoken or is_of_posts:
        yield ListInside(
            name,
            items,
            is_direct=is_direct,
            is_of_posts=is_of_posts,
            has_bodies=any(says(item, "body") for item in spoken),
            n_fields=max(map(_n_fields, spoken), default=0),
        )


def _n_fields(values: Values) -> int:
    return len({objects.FIELD_OF.get(name, "") for name in columns_by_name(values)} - {""})


def flattened(items: Sequence[Any]) -> list[Any]:
    """Return the items of lists in a list, as pages put one behind the other are."""
    return [one for item in items for one in (item if isinstance(item, list) else [item])]
