"""What some platforms' exports need before their columns mean what ours mean.

Each function takes a raw row and returns the same row with our names for what differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from feedbackminer.collect import fields
from feedbackminer.collect.columns import find_columns, plain_names
from feedbackminer.collect.rows import Row

Values = dict[str, Any]
QUESTION_AND_ANSWER = {"", "1", "2"}  # Stack Exchange; other types are tag wikis and the like


def adapter(columns: Iterable[str]) -> Callable[[Values], Values]:
    """Return the function for the platform whose columns these are."""
    names = plain_names(columns)
    if "postid" in names:  # no platform's export has it, so somebody gave it our names
        return unchanged
    if "linkid" in names or "selftext" in names:
        return reddit
    if "posttypeid" in names:
        return partial(stack_exchange, names=names)
    return unchanged


def reddit(values: Values) -> Values:
    """Reddit dump: ids get their type prefix, so a comment's link and parent find their post."""
    kind = "t1" if values.get("link_id") else "t3"
    native = values.get("name") or (f"{kind}_{values['id']}" if values.get("id") else None)
    path = str(values.get("permalink") or "")
    link = f"https://www.reddit.com{path}" if path.startswith("/") else path
    return values | {
        "post_id": native,
        "thread_id": values.get("link_id") or native,
        "body": values.get("body") or values.get("selftext") or "",
        "url": link or values.get("url"),
    }


def stack_exchange(values: Values, *, names: dict[str, str]) -> Values:
    """Stack Exchange table: an answer's parent is its question, which is its thread."""
    parent = values.get(names.get("parentid", "")) or None
    kind = str(values.get(names["posttypeid"]) or "").removesuffix(".0")
    return values | {
        "thread_id": parent or values.get(names.get("id", "")),
        "parent_id": parent,
        "post_type": None if kind in QUESTION_AND_ANSWER else "wiki",
    }


def in_our_names(rows: Sequence[Row], *, where: str) -> list[Row]:
    """Return the rows of one table with our names beside its own, to stand beside other tables.

    Args:
        where: what to call the table in a message.
    Raises:
        InputError: no column can hold the text.
    """
    adapt = adapter(key for row in rows for key in row.values)
    adapted = [Row(row.ref, adapt(row.values)) for row in rows]
    columns = list(dict.fromkeys(key for row in adapted for key in row.values))
    column_of = find_columns(columns, {}, where=where)
    return [Row(row.ref, row.values | _by_field(row.values, column_of)) for row in adapted]


def _by_field(values: Values, column_of: Mapping[str, str]) -> Values:
    renamed = {field: values[column] for field, column in column_of.items() if column in values}
    if "author_role" in renamed:  # what "yes" says depends on the column's name
        renamed["author_role"] = fields.role(renamed["author_role"], column_of["author_role"])
    return renamed


def unchanged(values: Values) -> Values:
    """Any other export."""
    return values
