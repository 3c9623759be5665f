"""Parts of a JSON object that may be missing, null or of another type than documented."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Values = dict[str, Any]


def part(values: Mapping[str, Any], name: str) -> Values:
    """Return an object inside an object, empty where there is none."""
    value = values.get(name)
    return value if isinstance(value, dict) else {}


def parts(values: Mapping[str, Any], name: str) -> list[Values]:
    """Return the objects of an array inside an object."""
    value = values.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
