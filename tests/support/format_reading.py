"""What the tests of formats share: read bytes, and collect what was read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from feedbackminer.collect.context import CollectContext
from feedbackminer.collect.files import BadRow, FileContent, Row, read_rows
from feedbackminer.collect.stage import Collected, collect_posts
from feedbackminer.privacy.pseudonyms import Pseudonyms
from feedbackminer.settings.sections import CollectSettings

PSEUDONYMS = Pseudonyms(b"a key for tests, 32 bytes long..")


def read(name: str, data: bytes) -> list[Row | BadRow]:
    """Read a file."""
    return list(read_rows(FileContent(name, data, "")))


def values(rows: list[Row | BadRow], *names: str) -> list[Any]:
    """Return values of the readable rows: one each, or a tuple of several."""
    tuples = [tuple(r.values.get(n) for n in names) for r in rows if isinstance(r, Row)]
    return [value[0] if len(names) == 1 else value for value in tuples]


def reasons(rows: list[Row | BadRow]) -> dict[str, str]:
    """Return place -> reason of the rows that cannot be read."""
    return {row.ref: row.reason for row in rows if isinstance(row, BadRow)}


def collect(rows: list[Row | BadRow]) -> Collected:
    """Turn rows into posts."""
    return collect_posts(
        rows,
        CollectContext(
            name="export",
            source="x",
            settings=CollectSettings(),
            pseudonyms=PSEUDONYMS,
            now=datetime(2026, 11, 1, tzinfo=UTC),
        ),
    )


def posts(rows: list[Row | BadRow], *columns: str) -> dict[str, Any]:
    """Collect rows; return post id -> value, or values, of ``columns``."""
    table = collect(rows).posts.select("post_id", *columns)
    return {post_id: rest[0] if len(rest) == 1 else tuple(rest) for post_id, *rest in table.rows()}
