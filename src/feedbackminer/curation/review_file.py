"""The file in which a person labels posts."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from feedbackminer.errors import InputError, suggest
from feedbackminer.vocabulary.tags import KINDS, SENTIMENTS

NONE = "none"  # written where a post does nothing of all kinds
SEVERITIES = ("0", "1", "2", "3", "4")
COLUMNS = ("post_id", "sentiment", "kinds", "severity", "guess", "text")


def write_review(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write posts to label as CSV; cells that a spreadsheet would run are kept from running.

    Raises:
        InputError: the file cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(
                {name: as_cell(str(row.get(name) or "")) for name in COLUMNS} for row in rows
            )
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None


def read_review(path: Path) -> list[dict[str, Any]]:
    """Read labels from CSV; rows without any are left out.

    Raises:
        InputError: the file cannot be read, lacks a column, or holds a label that there is not;
            every such line is named.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = {"post_id", "sentiment", "kinds", "severity"} - set(reader.fieldnames or ())
            if missing:
                raise InputError(
                    f"{path}: has no column {', '.join(sorted(missing))}; "
                    f"want {', '.join(COLUMNS[:4])}"
                )
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as CSV: {error}") from None

    labels, wrong = [], []
    for line, row in rows:
        try:
            label = as_label(row)
        except ValueError as error:
            wrong.append(f"{path}:{line}: {error}")
        else:
            labels += [label] if label else []
    if wrong:
        raise InputError(
            "\n".join([*wrong, "No label was stored; correct these lines and repeat."])
        )
    return labels


def as_label(cells: Mapping[str, str | None]) -> dict[str, Any] | None:
    """Return a row of ``tag_labels`` from what a person wrote; None where that is nothing.

    Raises:
        ValueError: it names a label that there is not.
    """
    sentiment = (cells.get("sentiment") or "").strip().lower()
    severity = (cells.get("severity") or "").strip()
    names = (cells.get("kinds") or "").replace(";", ",").replace(" ", ",").split(",")
    kinds = [name.strip().lower() for name in names if name.strip()]
    if not (sentiment or severity or kinds):
        return None

    _refuse_unknown("sentiment", sentiment, SENTIMENTS)
    _refuse_unknown("severity", severity, SEVERITIES)
    for kind in kinds:
        _refuse_unknown("kind", kind, (*KINDS, NONE))
    if NONE in kinds and len(kinds) > 1:
        raise ValueError(f"kinds {', '.join(kinds)}: {NONE!r} stands alone")

    post_id = (cells.get("post_id") or "").strip().removeprefix("'")  # of ``as_cell``
    return {
        "post_id": post_id,
        "sentiment": sentiment or None,
        "kinds": [kind for kind in dict.fromkeys(kinds) if kind != NONE] if kinds else None,
        "severity": int(severity) if severity else None,
    }


def _refuse_unknown(what: str, name: str, names: Sequence[str]) -> None:
    if name and name not in names:
        hint = suggest(name, names, f"want one of {', '.join(names)}")
        raise ValueError(f"there is no {what} {name!r}; {hint}")


def as_cell(text: str) -> str:
    """Keep a spreadsheet from taking a post for a formula."""
    return f"'{text}" if text.startswith(("'", "=", "+", "-", "@", "\t", "\r")) else text
