"""Row accounts: rows in = rows out + rows dropped with a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import dataframely as dy
import polars as pl

from feedbackminer.errors import ConservationError
from feedbackminer.tables import Dropped, check, column_types

COLLECT = "collect"
LOSSY = (COLLECT, "clean")  # stages whose rows are posts, and that let some of them go


@dataclass(frozen=True)
class Account:
    """Row account of one stage: ``rows_in == rows_out + sum(dropped.values())``."""

    stage: str
    rows_in: int
    rows_out: int
    dropped: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lost = self.rows_in - self.rows_out - sum(self.dropped.values())
        if lost:
            raise ConservationError(
                f"{self.stage}: {self.rows_in} rows in, {self.rows_out} out, "
                f"{dict(self.dropped)} dropped: {lost} rows unaccounted for; please report this"
            )


@dataclass(frozen=True)
class DroppedRow:
    """A row that does not go on, as :class:`~feedbackminer.tables.Dropped` has it."""

    ref: str
    reason: str
    detail: str = ""
    value: str = ""
    other_ref: str = ""


def dropped_frame(stage: str, rows: Iterable[DroppedRow]) -> dy.DataFrame[Dropped]:
    """Build the ``dropped`` table of a stage."""
    frame = pl.DataFrame(
        [{"stage": stage, **asdict(row)} for row in rows], schema=column_types(Dropped)
    )
    return check(frame, Dropped, where=stage)


def account(stage: str, rows_in: int, kept: pl.DataFrame, dropped: pl.DataFrame) -> Account:
    """State the row account of a stage from its two outputs."""
    counts = dropped["reason"].value_counts(sort=True)
    return Account(stage, rows_in, len(kept), dict(counts.iter_rows()))


def account_of(step: Mapping[str, Any]) -> Account:
    """Return the row account of a step, as the ledger tells of it."""
    return Account(step["stage"], step["rows_in"], step["rows_out"], step["dropped"])


def sum_accounts(stage: str, accounts: Sequence[Account]) -> Account:
    """Add the accounts of several files up to that of one stage."""
    dropped: Counter[str] = Counter()
    for one in accounts:
        dropped.update(one.dropped)
    rows_in, rows_out = sum(a.rows_in for a in accounts), sum(a.rows_out for a in accounts)
    return Account(stage, rows_in, rows_out, dict(dropped))
