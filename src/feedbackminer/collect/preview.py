"""How an export would be read, before it is: for the eyes of whoever knows what it holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from feedbackminer.collect.columns import NAMES
from feedbackminer.collect.context import CollectContext
from feedbackminer.collect.finish import ThreadInfo
from feedbackminer.collect.ratings import STARS
from feedbackminer.collect.reading import Profile, Reading, read
from feedbackminer.collect.rows import BadRow, Row
from feedbackminer.collect.stage import collect_as, profile_of
from feedbackminer.privacy.masking import mask

ROWS_TRIED = 1_000  # of which is told what is odd
_SHOWN = (
    "author_id", "author_role", "created_at", "channel", "title", "body", "rating", "score", "url",
)  # fmt: skip
_MOST_CHARACTERS = 200


@dataclass(frozen=True)
class FieldReading:
    """Which columns hold a field.

    Attributes:
        columns: the first that is filled counts, row by row.
        why: what speaks for them.
        examples: first values of the first column.
    """

    field: str
    columns: tuple[str, ...]
    why: str
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Preview:
    """How an export would be read.

    Attributes:
        ignored: columns that become nothing -> their first value.
        posts: the first three, masked and with pseudonyms, as they would be stored.
        odd: what the person should look at.
    """

    name: str
    n_rows: int
    fields: tuple[FieldReading, ...]
    ignored: Mapping[str, str]
    posts: tuple[Mapping[str, Any], ...]
    odd: tuple[str, ...]


def preview(
    rows: Iterable[Row | BadRow],
    context: CollectContext,
    *,
    threads: Mapping[str, ThreadInfo] | None = None,
) -> Preview:
    """Read all rows, and turn the first of them into posts.

    Raises:
        InputError: no row can be read, or no column can hold the text.
    """
    found = profile_of(rows, context)
    reading = read(found, context.settings, where=context.name)
    first = list(islice(rows, ROWS_TRIED))
    collected = collect_as(reading, first, context, threads=threads)
    return Preview(
        context.name,
        found.n_rows,
        tuple(_fields(reading, found)),
        {column: _first(found, column) for column in reading.ignored},
        tuple(_shown(post) for post in collected.posts.head(3).iter_rows(named=True)),
        collected.notices,
    )


def described(reading: Reading) -> str:
    """Return which columns became which field, in one line."""
    fields = [
        name if found == (name,) else f"{name} = {' or '.join(found)}"
        for name, found in reading.columns.items()
    ]
    fields += [f"body + {' + '.join(reading.parts)}"] if reading.parts else []
    ignored = f"; left out: {', '.join(reading.ignored)}" if reading.ignored else ""
    return f"{', '.join(fields)}{ignored}"


def _fields(reading: Reading, found: Profile) -> Iterable[FieldReading]:
    for name in NAMES:
        columns = reading.columns.get(name, ())
        columns += reading.parts if name == "body" else ()
        if columns:
            examples = tuple(_on_a_line(text) for text in found.columns[columns[0]].examples)
            yield FieldReading(name, columns, _why(name, columns[0], reading, found), examples)


def _why(name: str, column: str, reading: Reading, found: Profile) -> str:
    """Return what speaks for a column, and how its values are read."""
    why = "the format" if column in found.ours else "its name"
    if name in reading.mapped:
        why = "you named it"
    if column in reading.by_value:
        why = "1 to 5 beside columns of reviews"
    if column == reading.by_replies:
        why = "replies name it"
    if column in reading.undecided:
        return f"{why}; dates month first, for want of a day above 12"
    if column in reading.day_first:
        return f"{why}; dates {'day' if reading.day_first[column] else 'month'} first"
    best = reading.scales.get(column, STARS)
    if best == STARS:
        return why
    return f"{why}; 0 to {best:g}, stretched to 1 to 5" if best else f"{why}; beyond any scale"


def _first(found: Profile, column: str) -> str:
    return _on_a_line(next(iter(found.columns[column].examples), ""))


def _on_a_line(text: str) -> str:
    return " ".join(mask(text).split())


def _shown(post: Mapping[str, Any]) -> Mapping[str, Any]:
    values = {name: post[name] for name in _SHOWN if post[name] is not None}
    return {k: v[:_MOST_CHARACTERS] if isinstance(v, str) else v for k, v in values.items()}
