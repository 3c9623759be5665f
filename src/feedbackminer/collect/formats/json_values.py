"""JSON as files hold it: an array, an object, one object a line, or several values in a row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from feedbackminer.collect.formats.tables import item_rows, jsonl_rows
from feedbackminer.collect.formats.wrappers import flattened
from feedbackminer.collect.rows import BadRow, Row
from feedbackminer.errors import InputError

_DECODER = json.JSONDecoder(strict=False)
_NO_SPACE = re.compile(r"\S")


def array_rows(name: str, text: str) -> Iterator[Row | BadRow]:
    """Yield an object for each item of an array, or of several, as pages that were put together.

    Raises:
        InputError: it is no JSON.
    """
    values, damage = _values(text)
    if not values:
        raise InputError(f"{name}: not valid JSON: {damage}; the file is damaged or cut short")
    return _value_rows(name, flattened(values), damage)


def object_rows(name: str, text: str) -> Iterator[Row | BadRow]:
    """Yield an object for each line; objects that are written over several lines are read whole.

    Raises:
        InputError: an object over several lines is damaged or cut short.
    """
    if _values(text.lstrip().split("\n", 1)[0])[0]:
        return jsonl_rows(name, text)
    values, damage = _values(text)
    if values:
        return _value_rows(name, values, damage)
    if any(_values(line)[0] for line in text.split("\n") if line.lstrip().startswith("{")):
        return jsonl_rows(name, text)  # the first of them is damaged
    raise InputError(f"{name}: not valid JSON: {damage}; the file is damaged or cut short")


def _value_rows(name: str, values: list[Any], damage: str) -> Iterator[Row | BadRow]:
    yield from item_rows(name, flattened(values))
    if damage:
        yield BadRow(f"{name}: what follows item {len(values)}", "malformed_json", damage)


def _values(text: str) -> tuple[list[Any], str]:
    """Return the values that a text begins with, and what is amiss behind them."""
    values: list[Any] = []
    start = _NO_SPACE.search(text)
    while start:
        try:
            value, end = _DECODER.raw_decode(text, start.start())
        except (ValueError, RecursionError) as error:
            return values, str(error)[:200]
        values.append(value)
        start = _NO_SPACE.search(text, end)
    return values, ""
