"""Parts of a JSON object that may be missing, null or of another type than documented."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from feedbackminer.collect import fields
from feedbackminer.collect.columns import plain, plain_names

Values = dict[str, Any]


def part(values: Mapping[str, Any], name: str) -> Values:
    """Return an object inside an object, empty where there is none."""
    value = values.get(name)
    return value if isinstance(value, dict) else {}


def parts(values: Mapping[str, Any], name: str) -> list[Values]:
    """Return the objects of an array inside an object."""
    return [item for item in items(values, name) if isinstance(item, dict)]


def items(values: Mapping[str, Any], name: str) -> list[Any]:
    """Return an array inside an object; what should be one and is not counts as its only item."""
    value = values.get(name)
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def columns_by_name(values: Mapping[str, Any]) -> Mapping[str, str]:
    """Return plain name -> column: "createdAt" and "created_at" are both "createdat"."""
    return _by_name(tuple(values))


def present(values: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Yield column and value of those plain names that hold something, in the order of names."""
    for column in _columns(tuple(values), names):
        if (value := values[column]) not in (None, "", [], {}):
            yield column, value


def first(values: Mapping[str, Any], *names: str) -> Any:
    """Return the first value that one of the plain names holds, or None."""
    return next((value for _, value in present(values, names)), None)


def is_scalar(value: Any) -> bool:
    """Tell whether a value is neither an object nor an array."""
    return not isinstance(value, dict | list)


@lru_cache(maxsize=4096)
def plain_name(column: str) -> str:
    """Return the plain name of a column."""
    return plain(column)


@lru_cache(maxsize=1024)
def _by_name(columns: tuple[str, ...]) -> Mapping[str, str]:
    return plain_names(columns)


@lru_cache(maxsize=4096)
def _columns(columns: tuple[str, ...], names: tuple[str, ...]) -> tuple[str, ...]:
    by_name = _by_name(columns)
    return tuple(by_name[name] for name in names if name in by_name)


def text(values: Mapping[str, Any], name: str) -> str:
    """Return a text or number inside an object as text, empty where there is neither."""
    value = values.get(name)
    return "" if isinstance(value, dict | list) else fields.text(value)


def identifier(values: Mapping[str, Any], *names: str) -> str:
    """Return the first of these ids that an object has, empty where there is none."""
    for name in names:
        if native := text(values, name).strip():
            return fields.identifier(native)
    return ""


def total(values: Mapping[str, Any], name: str, count: str) -> float:
    """Return the sum of a number over the objects of an array, such as of reactions."""
    return sum(fields.number(item.get(count)) or 0 for item in parts(values, name))
