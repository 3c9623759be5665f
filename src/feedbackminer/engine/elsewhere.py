"""What another process is given to work on: a part of the rows, the store, and what decides."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from math import ceil
from pathlib import Path

import polars as pl

from feedbackminer.engine.reporting import Silent
from feedbackminer.engine.stage import Context
from feedbackminer.engine.workers import Here
from feedbackminer.project.store import Store, TableStore


def portable(context: Context) -> Context:
    """Return a context for another process, which works alone on one processor."""
    embed = context.settings.embed.model_copy(update={"threads": 1})
    settings = context.settings.model_copy(update={"embed": embed})
    models = replace(context.models, settings=settings, heads=context.models.heads.resolve())
    return replace(context, settings=settings, models=models, reporter=Silent(), workers=Here())


def shared(store: TableStore) -> Store | None:
    """Return a store as other processes find it; None: it is in the memory of this one."""
    if not isinstance(store, Store):
        return None
    there = copy(store)
    if "://" not in store.url:
        there.url = str(Path(store.url).resolve())
    return there


def parts(rows: pl.DataFrame, size: int) -> Iterator[pl.DataFrame]:
    """Yield parts of equal size, none larger than that."""
    return rows.iter_slices(ceil(len(rows) / ceil(len(rows) / size)))
