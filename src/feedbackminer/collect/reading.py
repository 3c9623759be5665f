"""How an export is read: which column became which field, and what its values mean.

It is decided once for all rows, from the names of the columns and from what stands in them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from feedbackminer.collect import columns, fields
from feedbackminer.collect.dates import DateOrder
from feedbackminer.collect.ratings import Scale
from feedbackminer.collect.rows import Row
from feedbackminer.errors import InputError
from feedbackminer.settings.sections import CollectSettings

# Beside one of these, "score" of 1 to 5 is what the reviewer gave, not what others voted.
_BESIDE_STARS = (
    "thumbsup", "helpful", "review", "product", "appversion", "asin", "verified", "purchase",
)  # fmt: skip
_MOST_EXAMPLES = 3
_ENOUGH = 1_000
_FIRST_OF_NUMBERS = frozenset("0123456789+-., ")
_LONGEST_NUMBER = 12  # what is longer is no rating


@dataclass
class Column:
    """What stands in a column.

    Attributes:
        is_whole: every value counts; else enough of them to tell texts from numbers.
        n_filled: rows that have a value there.
        n_texts: values that are neither numbers nor yes or no.
        examples: the first values.
        dates: in which order its dates are written.
        scale: what its bare numbers would be counted in, were they ratings.
        n_stars: whole numbers from 1 to 5.
        length: of all values together, in characters.
        ids: the values as ids, of the first rows, where it may hold ids of posts.
    """

    is_whole: bool = True
    may_be_id: bool = False
    n_filled: int = 0
    n_texts: int = 0
    n_stars: int = 0
    length: int = 0
    examples: list[str] = field(default_factory=list)
    dates: DateOrder = field(default_factory=DateOrder)
    scale: Scale = field(default_factory=Scale)
    ids: set[str] = field(default_factory=set)

    def add(self, value: Any) -> None:
        """Count a value; empty ones are none."""
        if not is_filled(value):
            return
        self.n_filled += 1
        if self.may_be_id and self.n_filled <= _ENOUGH:
            self.ids.add(fields.identifier(value))
        if self.n_filled > _ENOUGH and not self.is_whole:
            return
        if len(self.examples) < _MOST_EXAMPLES:
            self.examples.append(fields.text(value)[:80])
        if isinstance(value, str):
            self._add_text(value)
        elif not isinstance(value, bool):
            self._add_number(fields.number(value))

    def _add_text(self, value: str) -> None:
        starts_with_digit = value[0] in _FIRST_OF_NUMBERS
        if starts_with_digit:
            self.dates.add(value)
        number = (
            fields.number(value) if starts_with_digit and len(value) <= _LONGEST_NUMBER else None
        )
        if number is None:
            self.n_texts += 1
            self.length += len(value)
        else:
            self._add_number(number)

    def _add_number(self, number: float | None) -> None:
        if number is not None:
            self.scale.add(number)
            self.n_stars += number in (1, 2, 3, 4, 5)


@dataclass
class Profile:
    """What stands in an export: its columns, in order of appearance.

    Attributes:
        mapped: columns that the user named, of which every value counts.
        ours: columns that a known format gave.
    """

    mapped: frozenset[str] = frozenset()
    n_rows: int = 0
    columns: dict[str, Column] = field(default_factory=dict)
    ours: set[str] = field(default_factory=set)

    def add(self, row: Row) -> None:
        """Count a row."""
        self.n_rows += 1
        self.ours.update(row.ours)
        for name, value in row.values.items():
            column = self.columns.get(name)
            if column is None:
                is_whole = name in self.mapped or columns.is_told_by_all(name)
                column = self.columns[name] = Column(is_whole, columns.may_be_id(name))
            column.add(value)


@dataclass(frozen=True)
class Reading:
    """Which columns hold which field, and how their values are read.

    Attributes:
        columns: field -> columns; row by row, the first that is filled counts.
        mapped: fields whose column the user named.
        parts: columns whose words belong to the body as well.
        meta: name -> column of what is kept beside the fields.
        scales: column -> the best that its bare numbers can give; 0: they are no ratings.
        day_first: column -> whether 03/04/2024 is 3 April there; columns with such dates only.
        undecided: columns of dates in which nothing shows the order.
        by_value: columns that stand for a field because of what is in them.
        by_replies: the column of ids, where replies name it and not the one whose name is better.
        ignored: columns that are no field.
    """

    columns: Mapping[str, tuple[str, ...]]
    mapped: frozenset[str] = frozenset()
    parts: tuple[str, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict)
    scales: Mapping[str, float] = field(default_factory=dict)
    day_first: Mapping[str, bool] = field(default_factory=dict)
    undecided: tuple[str, ...] = ()
    by_value: tuple[str, ...] = ()
    by_replies: str = ""
    ignored: tuple[str, ...] = ()

    def of(self, row: Row) -> RowFields:
        """Return the fields of a row."""
        return RowFields(row.values, self, row.ours)


@dataclass(frozen=True)
class RowFields:
    """The values of one row by field name."""

    values: Mapping[str, Any]
    reading: Reading
    ours: Collection[str] = ()

    def columns(self, name: str) -> tuple[str, ...]:
        """Return the columns that may hold a field in this row, the best first."""
        if name in self.ours and name not in self.reading.mapped:
            return (name,)
        return self.reading.columns.get(name, ())

    def filled(self, name: str) -> tuple[str, Any]:
        """Return the first column of a field that is filled, with its value; else ("", None)."""
        for column in self.columns(name):
            value = self.values.get(column)
            if is_filled(value):
                return column, value
        return "", None

    def value(self, name: str) -> Any:
        """Return the value of a field, or None."""
        return self.filled(name)[1]

    def all(self, name: str) -> list[Any]:
        """Return the values of all columns of a field, the best first."""
        return [self.values.get(column) for column in self.columns(name)]

    def is_object(self, name: str) -> bool:
        """Tell whether all that stands in a field is an object or a list, which is no value."""
        values = [value for value in self.all(name) if value]
        return any(isinstance(v, dict | list) for v in values) and not any(map(is_filled, values))

    def text(self, name: str) -> str:
        """Return the value of a field as text; empty where there is none."""
        return fields.text(self.value(name))

    def identifier(self, name: str) -> str:
        """Return the value of a field as an id; empty where there is none."""
        return fields.identifier(self.value(name)) if self.columns(name) else ""


def is_filled(value: Any) -> bool:
    """Tell whether there is a value: text of blanks, null, NaN, objects and lists are none."""
    if isinstance(value, str):
        return bool(value) and not value.isspace()
    if value is None or isinstance(value, dict | list):
        return False
    return not (isinstance(value, float) and math.isnan(value))


def profile(rows: Iterable[Row]) -> Profile:
    """Read all rows once, to learn what stands in their columns."""
    found = Profile()
    for row in rows:
        found.add(row)
    return found


def read(found: Profile, settings: CollectSettings, *, where: str) -> Reading:
    """Decide how an export is read.

    Args:
        where: what to call the export in a message.
    Raises:
        SettingsError: the mapping names a field that posts do not have.
        InputError: a mapped column does not exist, or nothing can be the body.
    """
    names = list(found.columns)
    columns.check_mapping(settings.map, names, where=where)
    column_of = columns.candidates(names)
    column_of["body"] = tuple(c for c in column_of.get("body", ()) if _has_text(found, c))
    by_value = _stars_called_score(found, column_of)
    if by_value:
        column_of["rating"] = by_value
        column_of["score"] = tuple(c for c in column_of["score"] if c not in by_value)
    by_replies = _named_by_replies(found, column_of)
    if by_replies:
        others = (c for c in column_of["post_id"] if c != by_replies)
        column_of["post_id"] = (by_replies, *others)
    column_of |= {name: (column,) for name, column in settings.map.items()}
    parts = () if "body" in settings.map else columns.parts(names)
    if not (column_of["body"] or parts):
        raise InputError(_no_body(found, where))
    reading = _with_values(found, column_of, parts, settings, by_value)
    return replace(reading, by_replies="" if "post_id" in settings.map else by_replies)


def of_columns(names: Sequence[str], settings: CollectSettings, *, where: str) -> Reading:
    """Decide by the names of the columns alone, where the rows come bit by bit."""
    columns.check_mapping(settings.map, list(names), where=where)
    mapped = {name: (column,) for name, column in settings.map.items()}
    return Reading(
        columns.candidates(names) | mapped, frozenset(mapped), meta=columns.find_meta(names)
    )


def _with_values(
    found: Profile,
    column_of: Mapping[str, tuple[str, ...]],
    parts: tuple[str, ...],
    settings: CollectSettings,
    by_value: tuple[str, ...],
) -> Reading:
    dates = {c: found.columns[c].dates for c in _of(column_of, "created_at", "edited_at")}
    meta = columns.find_meta(found.columns)
    used = {*_of(column_of, *column_of), *parts, *meta.values()}
    is_auto = settings.date_order == "auto"
    return Reading(
        columns={name: found for name, found in column_of.items() if found},
        mapped=frozenset(settings.map),
        parts=parts,
        meta=meta,
        scales={c: found.columns[c].scale.best for c in _of(column_of, "rating")},
        day_first={
            c: order.is_day_first if is_auto else settings.date_order == "day_first"
            for c, order in dates.items()
            if order.matters
        },
        undecided=tuple(c for c, order in dates.items() if is_auto and order.is_open),
        by_value=by_value,
        ignored=tuple(c for c in found.columns if c not in used),
    )


def _of(column_of: Mapping[str, tuple[str, ...]], *names: str) -> list[str]:
    return [column for name in names for column in column_of.get(name, ())]


def _has_text(found: Profile, column: str) -> bool:
    """Tell whether a column can hold texts: "comments" may be how many there are."""
    here = found.columns[column]
    return columns.plain(column) not in columns.MAY_BE_COUNTS or here.n_texts > 0


def _stars_called_score(
    found: Profile, column_of: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """Return the column "score" where it holds what reviewers gave."""
    if any(found.columns[column].n_filled for column in column_of.get("rating", ())):
        return ()
    plain = columns.plain_names(found.columns)
    is_beside = any(mark in name for name in plain for mark in _BESIDE_STARS)
    score = plain.get("score", "")
    if not score or not is_beside:
        return ()
    here = found.columns[score]
    return (score,) if 0 < here.n_filled == here.n_stars else ()


def _named_by_replies(found: Profile, column_of: Mapping[str, tuple[str, ...]]) -> str:
    """Return the column whose ids most replies name, if the one of the best name has fewer."""
    named = {i for c in column_of.get("parent_id", ()) for i in found.columns[c].ids}
    hits = {c: len(named & found.columns[c].ids) for c in column_of.get("post_id", ())}
    best = max(hits, key=hits.__getitem__, default="")
    return best if best and hits[best] > next(iter(hits.values())) else ""


def _no_body(found: Profile, where: str) -> str:
    """Say that no column holds the text, and which one looks most like it."""
    texts = {c: f.length / f.n_filled for c, f in found.columns.items() if f.n_texts}
    longest = max(texts, key=texts.__getitem__, default="")
    hint = f" ({longest!r} has the longest values)" if longest else ""
    return (
        f"{where}: no column holds the text of the posts; found {columns.some(list(found.columns))}"
        f"; name it with --map body=COLUMN{hint} (in Python: columns={{'body': 'COLUMN'}})"
    )
