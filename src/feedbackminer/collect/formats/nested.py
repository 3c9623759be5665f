"""Posts in JSON of any shape: lists inside objects, objects in fields, comments inside a post.

An object around a list of posts is opened; an author, a text or a date that is an object becomes
what it says; comments and replies become posts of the thread. What cannot be understood stays as
it is, and is told where records are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count
from typing import Any

from feedbackminer.collect import fields, platforms
from feedbackminer.collect.columns import META
from feedbackminer.collect.formats import objects, tickets, trackers, wrappers
from feedbackminer.collect.formats.json_access import (
    Values,
    columns_by_name,
    first,
    is_scalar,
    plain_name,
    present,
)
from feedbackminer.collect.formats.rich_text import title_of
from feedbackminer.collect.formats.tables import item_rows
from feedbackminer.collect.formats.wrappers import ANSWERS, PLAIN, TALK, ListInside
from feedbackminer.collect.rows import BadRow, Row

_KEYS = ("id", *PLAIN["post_id"], "key", "number", "iid")
_ONE_ANSWER = set(ANSWERS[ANSWERS.index("reply") :])  # by those whom a review is about
_REACTIONS = ("reactions", "reactiongroups")
_UNDERSTOOD = {
    *objects.FIELD_OF, *objects.PERSONS, *ANSWERS, *TALK, *wrappers.ENVELOPES, *_REACTIONS,
    *map(plain_name, META), "labels",
}  # fmt: skip
_MOST_NAME = 40  # characters of a name that are shown
_NO_PARENT = {"", "0"}


def rows(table: Iterable[Row | BadRow]) -> Iterator[Row | BadRow]:
    """Yield the posts in the rows of one table; rows without objects pass as they are."""
    reader = _Reader()
    for row in table:
        if isinstance(row, BadRow) or all(map(is_scalar, row.values.values())):
            yield row
        elif row.ours:  # of a known format
            yield Row(row.ref, _flat(row.values), row.ours)
        else:
            yield from reader.rows(row)
    yield from reader.left_out()


def is_page(document: Values) -> bool:
    """Tell whether an object holds a list of posts, and is none itself."""
    return bool(wrappers.pages(wrappers.opened(document))[0])


@dataclass(eq=False)
class _Post:
    """A post, what it stands in, and what its values mean in our names.

    Attributes:
        own: its id as the export has it; empty where it has none.
        key: its id among all posts; empty where it has none and needs none.
    """

    ref: str
    values: Values
    ours: Values
    own: str
    answered: _Post | None = None
    key: str = ""


class _Reader:
    """Reads the rows of one table, and remembers the texts that are left out."""

    def __init__(self) -> None:
        self.left: dict[
            str, tuple[str, int]
        ] = {}  # text that is left out -> where first, how often
        self.people: dict[str, Any] = {}  # id -> account name

    def rows(self, row: Row | BadRow) -> Iterator[Row | BadRow]:
        """Yield the posts of a row, which may be a page of many."""
        todo: list[tuple[Row | BadRow, Values]] = [(row, {})]
        while todo:
            row, shared = todo.pop()
            if isinstance(row, BadRow) or row.ours:
                yield row
                continue
            values = wrappers.opened(row.values)
            lists = self._lists(row.ref, values)
            if lists:
                self._note_page(row.ref, values)
                todo += reversed(list(_page_rows(row.ref, values, lists)))
            elif not (shared or self.people or _means_something(row.values)):
                yield row
            else:
                yield from self._thread(row.ref, values, shared)

    def left_out(self) -> Iterator[BadRow]:
        """Yield a row for each name under which texts were left out."""
        for name, (ref, n) in self.left.items():
            where = f" (in {n:,} objects)" if n > 1 else ""
            detail = f"what stands in {name!r} is no post{where}; if it is, import it alone"
            yield BadRow(f"{ref}, {name!r}", "passed_over", detail)

    def _leave(self, ref: str, column: str) -> None:
        first_ref, n = self.left.get(column[:_MOST_NAME], (ref, 0))
        self.left[column[:_MOST_NAME]] = first_ref, n + 1

    def _lists(self, ref: str, values: Values) -> list[ListInside]:
        """Return the lists of posts in a page; none in a post."""
        lists, left_out = wrappers.pages(values)
        for one in left_out:
            self._leave(ref, one.name)
        return lists

    def _note_page(self, ref: str, values: Values) -> None:
        """Note the people that stand beside a page, and a text that is the page's own."""
        self.people |= wrappers.people_in(values)
        for column, value in present(values, PLAIN["body"]):
            if isinstance(value, str) and " " in value.strip():
                self._leave(ref, column)

    def _thread(self, start: str, values: Values, shared: Values) -> Iterator[Row | BadRow]:
        """Yield a post and all that answers it, each before its own answers."""
        missing = {n: v for n, v in shared.items() if first(values, *PLAIN[n]) is None}
        values = values | missing
        read = list(self._posts(start, values))
        posts = [post for post in read if isinstance(post, _Post)]
        if len(posts) > 1 or _answers(values):
            _link(posts)
        elif "thread_id" in missing and posts:
            _number(posts[0], fields.identifier(missing["thread_id"]))
        for post in read:
            yield _row(post) if isinstance(post, _Post) else post

    def _posts(self, start: str, values: Values) -> Iterator[_Post | BadRow]:
        numbers = count(1)
        todo: list[tuple[str, Any, _Post | None, str]] = [(start, values, None, "")]
        while todo:
            ref, item, answered, role = todo.pop()
            if not isinstance(item, dict):
                yield BadRow(ref, "not_an_object", f"got a {type(item).__name__}, want an object")
                continue
            values = wrappers.opened(item)
            answers = _answers(values)
            if not (answered and answers) or wrappers.has_words(values):
                post = self._post(ref, values, answered, role)
                yield post
                answered = post if isinstance(post, _Post) else answered
            todo += reversed(
                [
                    (f"{start}, comment {next(numbers)}", answer, answered, _role(column, answer))
                    for column, items in answers.items()
                    for answer in items
                ]
            )

    def _post(self, ref: str, values: Values, answered: _Post | None, role: str) -> _Post | BadRow:
        if reason := trackers.aside(values):
            return BadRow(ref, *reason)
        (checked,) = item_rows(ref, [values])
        if isinstance(checked, BadRow):
            return replace(checked, ref=ref)

        answers = _answers(values)
        flat = _flat({k: v for k, v in values.items() if k not in answers})
        for column, value in present(flat, objects.PERSONS) if self.people else ():
            flat[column] = self.people.get(fields.identifier(value), value)
        row = platforms.adapted(Row(ref, flat))
        ours = {name: row.values[name] for name in row.ours}
        ours |= _meaning(values, flat) | trackers.in_our_names(values)
        if role and not wrappers.is_said(values):
            ours["author_role"] = role
        own = ours.get("post_id") or first(flat, *_KEYS)
        return _Post(ref, flat, ours, fields.identifier(own) if is_scalar(own) else "", answered)


def _row(post: _Post) -> Row:
    return Row(post.ref, post.values | post.ours, post.ours.keys())


def _flat(values: Values) -> Values:
    """Return values with objects and lists as what they say in their column."""
    return {c: v if is_scalar(v) else objects.field_value(c, v) for c, v in values.items()}


def _means_something(values: Values) -> bool:
    """Tell whether objects in a post mean anything; those of some dumps do not."""
    columns = tuple(column for column, value in values.items() if not is_scalar(value))
    return _are_understood(columns) or not wrappers.has_words(values)


@lru_cache(maxsize=1024)
def _are_understood(columns: tuple[str, ...]) -> bool:
    return not _UNDERSTOOD.isdisjoint(map(plain_name, columns))


def _page_rows(
    ref: str, values: Values, lists: Sequence[ListInside]
) -> Iterator[tuple[Row | BadRow, Values]]:
    """Yield the items of the lists of a page, each with what the page says of it."""
    for number, one in enumerate(lists, start=1):
        start = f"{ref}, list {number}" if len(lists) > 1 else ref
        shared = _shared(values) if plain_name(one.name) in (*TALK, *ANSWERS) else {}
        for item in tickets.rows(item_rows(start, wrappers.flattened(one.items))):
            yield item, shared


def _shared(values: Values) -> Values:
    """Return what the posts of a thread have in common."""
    thread, title = first(values, "id", *_KEYS), title_of(first(values, *PLAIN["title"]))
    shared = {"thread_id": thread if is_scalar(thread) else None, "title": title}
    return {name: value for name, value in shared.items() if value}


def _answers(values: Values) -> dict[str, list[Any]]:
    """Return column -> the posts in it that answer a post."""
    names = (*ANSWERS, *TALK) if wrappers.says(values, "body") else ANSWERS
    columns = columns_by_name(values)
    found = {columns[n]: wrappers.answers(values[columns[n]]) for n in names if n in columns}
    return {
        column: _as_posts(items)
        for column, items in found.items()
        if items is not None and (plain_name(column) != "comment" or _are_posts(items))
    }


def _are_posts(items: list[Any]) -> bool:
    """Tell posts from the parts of a text, which may be called "comment" as well."""
    return not items or any(map(wrappers.is_post, items))


def _as_posts(items: list[Any]) -> list[Any]:
    """Return answers as objects; numbers and single words are ids, of which nothing is known."""
    posts = [{"body": i} if isinstance(i, str) and " " in i.strip() else i for i in items]
    return [post for post in posts if not is_scalar(post)]


def _role(column: str, answer: Any) -> str:
    return "staff" if plain_name(column) in _ONE_ANSWER and isinstance(answer, dict) else ""


def _meaning(values: Values, flat: Values) -> Values:
    """Return in our names what objects and lists in the fields of a post mean."""
    ours: Values = {}
    persons = [c for c, v in present(values, objects.PERSONS) if isinstance(v, dict)]
    column, author = next(present(flat, PLAIN["author"]), ("", None))
    if persons and (author is None or column.lower().endswith("id")):
        ours["author"] = flat[persons[0]]
    if role := objects.role(values):
        ours["author_role"] = role
    if labels := objects.names(first(values, "labels")):
        ours["tags"] = ", ".join(filter(None, (fields.text(first(flat, "tags")), labels)))
    reactions = first(values, *_REACTIONS)
    if reactions is not None and first(values, *PLAIN["score"]) is None:
        ours["score"] = objects.score(reactions)
    return ours


def _link(posts: list[_Post]) -> None:
    """Give the posts of a thread their ids, and what each of them answers."""
    answered = {id(post.answered) for post in posts}
    for post in posts:
        own = post.own or (post.ref if id(post) in answered else "")
        # Comments may be numbered anew in each thread, or as the threads are.
        post.key = f"{posts[0].key}-{own}" if post.answered and own.isdecimal() else own

    keys = {post.own: post.key for post in reversed(posts)}
    for post in posts:
        opener = posts[0].ours if post.answered else post.ours
        thread = opener.get("thread_id") or first(post.values, *PLAIN["thread_id"])
        post.ours |= {"post_id": post.key} if post.key else {}
        if post.answered:
            post.ours |= {"thread_id": thread, "parent_id": _parent(post, keys)}
        else:
            post.ours["thread_id"] = thread or post.key


def _parent(post: _Post, keys: Mapping[str, str]) -> str | None:
    """Return the id of what a post answers: its own word for it, else what it stands in."""
    own = post.ours.get("parent_id") or first(post.values, *PLAIN["parent_id"])
    return keys.get(fields.identifier(own)) or (post.answered.key if post.answered else None)


def _number(post: _Post, page: str) -> None:
    """Tell apart the ids of posts that may be numbered anew in each thread."""
    parent = fields.identifier(first(post.values, *PLAIN["parent_id"]))
    if post.own.isdecimal():
        post.ours["post_id"] = f"{page}-{post.own}"
    if parent.isdecimal() and parent not in _NO_PARENT:
        post.ours["parent_id"] = f"{page}-{parent}"
