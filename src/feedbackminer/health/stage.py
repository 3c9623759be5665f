"""The stage: tables in, one row per check out, and a notice for each that warns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dataframely as dy
import polars as pl

from feedbackminer.accounts import Account
from feedbackminer.health.baseline import Reading
from feedbackminer.health.checks import CHECKS
from feedbackminer.health.weeks import MICROSECOND, Recent
from feedbackminer.settings.sections import DriftSettings
from feedbackminer.tables import Health, check, column_types, finite_or_none

STAGE = "health"


@dataclass(frozen=True)
class Checked:
    """One row per check; ``notices`` are those that warn, in words."""

    checks: dy.DataFrame[Health]
    account: Account
    notices: tuple[str, ...]


def check_health(recent: Recent, *, settings: DriftSettings, run_id: str, now: datetime) -> Checked:
    """Hold the latest week against those before it.

    Args:
        recent: the weeks, as :func:`~feedbackminer.health.weeks.read_weeks` puts them together.
        now: what ``checked_at`` becomes; it decides nothing.
    """
    readings = {name: one(recent, settings.tolerance) for name, one in CHECKS.items()}
    common = {"run_id": run_id, "checked_at": now}
    rows = [_row(name, reading) | common for name, reading in readings.items()]
    frame = pl.DataFrame(rows, schema=column_types(Health))
    return Checked(
        check(frame, Health, where=STAGE),
        Account(STAGE, len(rows), len(rows)),
        tuple(_notices(readings, recent)),
    )


def _row(name: str, reading: Reading) -> dict[str, Any]:
    """Return a row of ``health``, with null for what is nan."""
    numbers = {"value": reading.value, "low": reading.low, "high": reading.high}
    numbers_or_null = {name: finite_or_none(value) for name, value in numbers.items()}
    return {"check": name, "status": reading.status, "detail": reading.detail} | numbers_or_null


def _notices(readings: Mapping[str, Reading], recent: Recent) -> list[str]:
    if recent.end is None:
        return []
    day = recent.end - MICROSECOND
    return [
        f"the week to {day.day} {day:%B %Y} is unusual: {reading.detail} ({name})"
        for name, reading in readings.items()
        if reading.status == "warning"
    ]
