"""Releases and other events: what to look at first where something began soon after one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from feedbackminer.vocabulary.moments import midnight

SOON = timedelta(days=14)  # after an event
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Event:
    """Something of the product or around it that happened on a day."""

    at: datetime
    name: str
    kind: str  # release, outage, price …: what the user calls it


def events_of(table: pl.DataFrame) -> tuple[Event, ...]:
    """Return the rows of the ``events`` table, earliest first."""
    rows = table.sort("at", "event_id").select("at", "name", "kind")
    return tuple(Event(*row) for row in rows.iter_rows())


def look_first(began: datetime | None, events: Sequence[Event]) -> str:
    """Say of what began on some day which event came shortly before; empty: none did.

    This is where to look, not what caused it.
    """
    if began is None:
        return ""
    day = midnight(began)
    before = [event for event in events if timedelta(0) <= day - midnight(event.at) <= SOON]
    if not before:
        return ""
    event = max(before, key=lambda event: event.at)
    n_days = (day - midnight(event.at)).days
    when = {0: "on the day of", 1: "a day after"}.get(n_days, f"{n_days} days after")
    kind = f", {event.kind}" if event.kind else ""
    return f"Began {when} {event.name} ({event.at:%-d %B %Y}{kind}): look there first."


def began(moments: pl.Series, since: datetime, until: datetime) -> datetime | None:
    """Return the day from which something is said more often, between two moments.

    The day that best parts them into two stretches of constant rates (a Poisson process with one
    step, by maximum likelihood); None where nothing is said.
    """
    days = (moments.filter((moments >= since) & (moments < until)) - since).dt.total_seconds()
    n_days = -((since - until) // _DAY)
    if not len(days) or n_days < 2:
        return since if len(days) else None
    counts = np.bincount((days // 86_400).to_numpy(), minlength=n_days).astype(float)
    parts = np.arange(n_days)
    before = np.concatenate([[0.0], counts.cumsum()[:-1]])
    after = counts.sum() - before
    fit = _rate_times_log(before, parts) + _rate_times_log(after, n_days - parts)
    rises = after * np.maximum(parts, 1) >= before * (n_days - parts)
    return since + int(np.argmax(np.where(rises, fit, -np.inf))) * _DAY


def _rate_times_log(n: np.ndarray, days: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(n > 0, n * np.log(n / days), 0.0)
