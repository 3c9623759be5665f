"""A file that says which accounts are one person's: source, author and person in each row."""

from __future__ import annotations

from pathlib import Path

from feedbackminer.collect.files import FileContent, open_file, read_rows
from feedbackminer.collect.rows import BadRow, Row
from feedbackminer.errors import InputError
from feedbackminer.privacy.names import normal_name

COLUMNS = ("source", "author", "person")


def open_identities(path: Path) -> FileContent:
    """Return what is in the file.

    Raises:
        InputError: it is missing, unreadable or empty.
    """
    try:
        return open_file(str(path))
    except InputError as error:
        raise InputError(f"identities: {error}") from None


def read_identities(content: FileContent) -> dict[tuple[str, str], str]:
    """Return source and normal name of each account -> the person whose it is.

    Raises:
        InputError: a column or a value is missing, or an account is of two persons.
    """
    persons: dict[tuple[str, str], str] = {}
    for row in read_rows(content):
        source, author, person = _values(row)
        account = (source, normal_name(author))
        if persons.setdefault(account, person) != person:
            raise InputError(
                f"{row.ref}: the account {author!r} of {source!r} is another person's in a row "
                "above; want one person for each account"
            )
    if not persons:
        raise InputError(f"{content.name}: names no account; want {', '.join(COLUMNS)} in each row")
    return persons


def _values(row: Row | BadRow) -> list[str]:
    if isinstance(row, BadRow):
        raise InputError(f"{row.ref}: cannot be read: {row.detail}")
    values = {str(key).strip().lower(): value for key, value in row.values.items()}
    found = [str(values.get(column) or "").strip() for column in COLUMNS]
    if missing := [column for column, value in zip(COLUMNS, found, strict=True) if not value]:
        has = ", ".join(values) or "nothing"
        raise InputError(
            f"{row.ref}: has no {missing[0]} (it has {has}); want the columns {', '.join(COLUMNS)}"
        )
    return found
