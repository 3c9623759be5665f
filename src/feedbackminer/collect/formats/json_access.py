"""Parts of a JSON object that may be missing, null or of another type than documented."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from feedbackminer.collect import fields

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
