"""Files of texts without a project: one JSON object a row out, in order."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from feedbackminer.api.texts import tag_rows, topic_rows
from feedbackminer.errors import InputError
from feedbackminer.settings.sections import Settings

COLUMNS_SHOWN = 12
RATING = "rating"  # the column with stars


def fit_topics(path: str, out: Path, *, text_column: str, settings: Settings) -> str:
    """Find topics in a file of texts and write ``topic_id``, ``score``, ``label``, ``level``.

    Further columns: ``theme``, ``subtopic``, ``also`` (topics that parts of a long text are about)
    and, where there is no topic, ``reason``.

    Returns:
        one line that says what was found.

    Raises:
        InputError: the file cannot be read, has no such column, or ``out`` cannot be written.
    """
    strings = read_texts(path, text_column=text_column, encoding=settings.collect.encoding)
    topics, reasons = set(), Counter[str | None]()

    def counted(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for row in rows:
            reasons[row["reason"]] += 1
            if row["level"] == "topic":
                topics.add(row["topic_id"])
            yield row

    _write(out, counted(topic_rows(strings, settings)))
    return (
        f"{len(strings):,} rows, {len(topics)} topics, {reasons['unsorted']:,} unsorted, "
        f"{reasons['no_text']:,} without text: {out}"
    )


def tag_file(
    path: str, out: Path, *, text_column: str, settings: Settings, are_reviews: bool = False
) -> str:
    """Tag a file of texts and write one JSON object per row.

    Each holds ``sentiment`` with ``p_negative``, ``p_neutral`` and ``p_positive``, ``experience``
    with ``p_experience`` (of bad, good, mixed, none), ``kinds``, ``p_kinds`` (all of them),
    ``kind_status`` (how the text speaks of each kind that it speaks of), ``severity``, ``churn``
    (its probability) and ``unsure``. Where nothing can be said, ``reason`` tells why: no_text,
    no_words or other_language. Stars in a column ``rating`` are read, and make a text a review.

    Args:
        are_reviews: the texts are reviews of an app, which are put otherwise than posts.

    Returns:
        one line that says what was found, and a line for each notice.

    Raises:
        InputError: the file cannot be read, has no such column, or ``out`` cannot be written.
        ModelError: a head is damaged, or was trained on another encoder.
    """
    values = list(read_rows(path, text_column=text_column, encoding=settings.collect.encoding))
    strings = [str(row.get(text_column) or "").strip() for row in values]
    ratings = [_stars(row.get(RATING)) for row in values]
    rows, notices = tag_rows(strings, settings, are_reviews=are_reviews, ratings=ratings)
    _write(out, rows)
    silent = sum(row["reason"] is not None for row in rows)
    unsure = sum(bool(row["unsure"]) for row in rows) - silent
    summary = f"{len(rows):,} rows, {silent:,} not tagged, {unsure:,} unsure in part: {out}"
    return "\n".join([summary, *notices])


def read_texts(path: str, *, text_column: str, encoding: str) -> list[str]:
    """Return the text of every row of a file, empty where there is none.

    Raises:
        InputError: the file cannot be read, or no row has the column.
    """
    rows = read_rows(path, text_column=text_column, encoding=encoding)
    return [str(row.get(text_column) or "").strip() for row in rows]


def read_rows(path: str, *, text_column: str, encoding: str) -> Iterator[Mapping[str, Any]]:
    """Yield the values of every row of a file; none of a row that is unreadable.

    Raises:
        InputError: at its end: no row has the column.
    """
    from feedbackminer.collect import files

    columns: dict[str, None] = {}
    for row in files.read_rows(files.open_file(path), encoding=encoding):
        values = row.values if isinstance(row, files.Row) else {}
        columns.update(dict.fromkeys(values))
        yield values
    if text_column not in columns:
        shown = ", ".join(list(columns)[:COLUMNS_SHOWN])
        raise InputError(
            f"{path}: no row has a column {text_column!r}; name another with --text-column "
            f"(there is: {shown or 'none'})"
        )


def _stars(value: Any) -> float | None:
    """Return stars from 1 to 5; what is none of these is none."""
    try:
        stars = float(value)
    except (TypeError, ValueError):
        return None
    return stars if 1 <= stars <= 5 else None


def _write(out: Path, rows: Iterable[dict[str, Any]]) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    except OSError as error:
        raise InputError(f"{out}: cannot be written: {error.strerror}") from None
