"""What some platforms' exports need before their columns mean what ours mean.

The function of a platform takes the values of a row and returns what differs, in our names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any

from feedbackminer.collect import dates, fields, ratings, reading
from feedbackminer.collect.columns import plain_names
from feedbackminer.collect.reading import RowFields
from feedbackminer.collect.rows import Row
from feedbackminer.settings.sections import CollectSettings

Values = dict[str, Any]
QUESTION_AND_ANSWER = {"", "1", "2"}  # Stack Exchange; other types are tag wikis and the like
_MODERATORS = {"moderator", "admin"}
_FULL_NAME = re.compile(r"t[13]_\w{1,20}")  # of a comment or a submission on Reddit


def adapted(row: Row) -> Row:
    """Return a row in which the columns of a known platform have our names."""
    if row.ours:
        return row
    adapt = _adapter(tuple(row.values))
    if adapt is None and _FULL_NAME.fullmatch(str(row.values.get("parent_id") or "")):
        adapt = reddit
    if adapt is None:
        return row
    changed = adapt(row.values)
    return Row(row.ref, row.values | changed, changed.keys())


@lru_cache(maxsize=256)
def _adapter(names: tuple[str, ...]) -> Callable[[Values], Values] | None:
    """Return the function for the platform whose columns these are."""
    by_name = plain_names(names)
    if "linkid" in by_name or "selftext" in by_name:
        return reddit
    if "posttypeid" in by_name:
        return partial(stack_exchange, names=by_name)
    return None


def reddit(values: Values) -> Values:
    """Reddit dump: ids get their type prefix, so a comment's link and parent find their post."""
    parent, link = str(values.get("parent_id") or ""), values.get("link_id")
    is_comment = bool(link) or bool(_FULL_NAME.fullmatch(parent))
    native = str(values.get("name") or values.get("id") or "")
    if native and not _FULL_NAME.fullmatch(native):
        native = f"t1_{native}" if is_comment else f"t3_{native}"
    path = str(values.get("permalink") or "")
    address = f"https://www.reddit.com{path}" if path.startswith("/") else path
    return {
        "post_id": native or None,
        "thread_id": link or (parent if parent.startswith("t3_") else None if parent else native),
        "url": address or values.get("url"),
        "author_role": "staff" if values.get("distinguished") in _MODERATORS else None,
        "post_type": "deleted" if values.get("removed_by_category") else None,
    }


def stack_exchange(values: Values, *, names: dict[str, str]) -> Values:
    """Stack Exchange table: an answer's parent is its question, which is its thread."""
    parent = values.get(names.get("parentid", "")) or None
    kind = str(values.get(names["posttypeid"]) or "").removesuffix(".0")
    return {
        "thread_id": parent or values.get(names.get("id", "")),
        "parent_id": parent,
        "post_type": None if kind in QUESTION_AND_ANSWER else "wiki",
    }


def in_our_names(rows: Sequence[Row], *, where: str) -> list[Row]:
    """Return the rows of one table in our names, to stand beside other tables.

    Args:
        where: what to call the table in a message.
    Raises:
        InputError: no column can hold the text.
    """
    table = [adapted(row) for row in rows]
    found = reading.read(reading.profile(table), CollectSettings(), where=where)
    renamed = [_renamed(found.of(row)) for row in table]
    return [
        Row(row.ref, row.values | ours, ours.keys())
        for row, ours in zip(table, renamed, strict=True)
    ]


def _renamed(get: RowFields) -> Values:
    """Return what a row of a table is read as, in our names."""
    column, rated = get.filled("rating")
    said = [get.text("body"), *(fields.text(get.values.get(c)) for c in get.reading.parts)]
    renamed = {name: get.value(name) for name in get.reading.columns} | {
        "body": "\n\n".join(filter(None, said)),
        "rating": ratings.stars(rated, get.reading.scales.get(column, ratings.STARS)),
        "created_at": _dated(get),
    }
    column, role = get.filled("author_role")
    if column:  # what "yes" says depends on the column's name
        renamed["author_role"] = fields.role(role, column)
    return renamed


def _dated(get: RowFields) -> Any:
    """Return when a row says that it was written, in the order of days that its table has."""
    column, value = get.filled("created_at")
    day_first = get.reading.day_first.get(column, False)
    return dates.parse(value, day_first, datetime.now(UTC).year) or value
