"""What an object or a list in a field says: an account, a text, a moment, an address, names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from feedbackminer.collect import fields
from feedbackminer.collect.columns import META, NAMES, plain
from feedbackminer.collect.formats.json_access import (
    Values,
    first,
    is_scalar,
    plain_name,
    present,
)
from feedbackminer.collect.formats.rich_text import text_of, title_of

# The account comes before the name that a person can change.
_ACCOUNT = (
    "login", "username", "screenname", "acct", "handle", "name", "displayname", "fullname",
    "realname", "nickname", "nick", "email", "emailaddress", "accountid", "key", "id", "userid",
)  # fmt: skip
_AROUND = ("data", "attributes", "node", "user", "profile", "actor", "account", "person")
_NAME = ("name", "title", "label", "displayname", "text", "value", "slug", "key", "id", "number")
_ID = ("id", "oid", "uuid", "key", "number", "iid", "value")
_MOMENT = ("date", "datetime", "iso", "seconds", "timestamp", "time", "value", "utc", "numberlong")
_AMOUNT = (
    "ratingvalue", "value", "rating", "stars", "score", "votes", "count", "totalcount", "total",
    "numberint", "numberlong", "numberdouble", "numberdecimal",
)  # fmt: skip
_ADDRESS = ("href", "html", "url", "web", "self", "link", "alternate")
PERSONS = (
    *(plain(name) for name in NAMES["author"]), "owner", "reporter", "creator", "createdby",
    "poster", "postedby", "sender", "from", "by", "account", "actor", "customer", "consumer",
    "commenter", "submitter", "requester", "profile",
)  # fmt: skip
_STAFF_MARKS = ("isstaff", "staff", "isadmin", "admin", "ismoderator", "moderator")
_ASSOCIATED = {"OWNER", "MEMBER", "COLLABORATOR"}  # of a repository's author_association
_UP = {"+1", "thumbsup", "thumbs_up", "like", "likes", "upvote"}
_DOWN = {"-1", "thumbsdown", "thumbs_down", "dislike", "confused", "downvote"}
_DEEPEST = 4
FIELD_OF = {plain_name(name): field for field, names in NAMES.items() for name in names}


def account(person: Any) -> Any:
    """Return the account name of a person who is an object; None where nothing names one."""
    for _ in range(_DEEPEST):
        if isinstance(person, list) and len(person) == 1:
            person = person[0]
        if not isinstance(person, dict):
            return None if isinstance(person, list) else person
        name = _first_scalar(person, _ACCOUNT)
        if name is not None:
            return name
        person = first(person, *_AROUND)
    return None


def role(values: Values) -> str:
    """Return staff or bot where the objects of a post say so, else an empty string.

    Only what calls itself a bot is one: ``is_bot: false`` is no mark of it.
    """
    person = next((p for _, p in present(values, PERSONS) if isinstance(p, dict)), {})
    kind = str(first(person, "type", "typename") or "").lower()
    if kind == "bot" or any(fields.flag(first(person, name)) for name in ("isbot", "bot")):
        return "bot"
    marks = (fields.flag(first(person, name)) for name in _STAFF_MARKS)
    is_associated = fields.text(first(values, "authorassociation")) in _ASSOCIATED
    is_staff = any(marks) or fields.role(first(person, "role"), "role") == "staff"
    return "staff" if is_staff or is_associated else ""


def names(value: Any) -> str | None:
    """Return the names of an object, or of a list of objects or strings."""
    items = listed(value) if isinstance(value, dict) else value
    if not isinstance(items, list):
        name = _first_scalar(value, _NAME)
        return None if name is None else fields.text(name)
    found = [item if is_scalar(item) else _first_scalar(item, _NAME) for item in items]
    return ", ".join(fields.text(name) for name in found if name not in (None, "")) or None


def listed(value: Any) -> list[Any] | None:
    """Return the list in a list's wrapper: ``{"nodes": […]}``, ``{"edges": [{"node": …}]}``."""
    for _ in range(_DEEPEST):
        if not isinstance(value, dict):
            break
        inner = (v for _, v in present(value, LISTS) if isinstance(v, dict | list))
        value = next(inner, None)
    return value if isinstance(value, list) else None


LISTS = (
    "nodes", "edges", "items", "data", "results", "values", "value", "records", "rows", "hits",
    "entries", "list", "children", "comments", "replies", "notes", "answers", "responses",
    "worklogs",
)  # fmt: skip


def score(value: Any) -> float | None:
    """Return how many approve: thumbs up where reactions are told apart, else all of them."""
    if isinstance(value, dict):
        counts = [fields.number(value[name]) for name in value if name.lower() in _UP]
        ups = [count for count in counts if count is not None]
        return sum(ups) if ups else fields.number(_amount(value))
    if not isinstance(value, list) or any(map(is_scalar, value)):
        return None
    counted = [(_reaction(item), _count(item)) for item in value if isinstance(item, dict)]
    ups = [count for name, count in counted if name in _UP]
    return sum(ups or [count for name, count in counted if name not in _DOWN])


def field_value(column: str, value: Any) -> Any:
    """Return what an object or a list says in a column, or the value itself where it says nothing.

    A column that names no field gets the name of whom or what the object is.
    """
    name = plain_name(column)
    read = _READERS.get(FIELD_OF.get(name, name)) or (account if name in PERSONS else names)
    said = read(value)
    return value if said is None else said


def _moment(value: Any) -> Any:
    for _ in range(_DEEPEST):
        if not isinstance(value, dict):
            return None if isinstance(value, list) else value
        value = first(value, *_MOMENT)
    return None


def _address(value: Any) -> Any:
    for _ in range(_DEEPEST):
        if not isinstance(value, dict):
            return value if isinstance(value, str) else None
        value = first(value, *_ADDRESS)
    return None


def _amount(value: Any) -> Any:
    for _ in range(_DEEPEST):
        if not isinstance(value, dict):
            return None if isinstance(value, list) else value
        value = first(value, *_AMOUNT, "summary", "users")
    return None


def _identity(value: Any) -> Any:
    return _first_scalar(value, _ID) if isinstance(value, dict) else None


def _first_scalar(value: Any, keys: tuple[str, ...]) -> Any:
    if not isinstance(value, dict):
        return None
    found = (v for _, v in present(value, keys))
    return next((v for v in found if is_scalar(v) and not isinstance(v, bool)), None)


def _reaction(item: Values) -> str:
    return str(first(item, "content", "name", "type", "emoji") or "").lower()


def _count(item: Values) -> float:
    number = fields.number(_amount(item))
    return 1 if number is None else number  # each by itself, or how many there are


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "post_id": _identity,
    "thread_id": _identity,
    "parent_id": _identity,
    "author": account,
    "created_at": _moment,
    "edited_at": _moment,
    "title": title_of,
    "body": text_of,
    "url": _address,
    "rating": _amount,
    "score": score,
    **dict.fromkeys(META, names),
}
