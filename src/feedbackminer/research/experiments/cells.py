"""Cells of an experiment: what one method gave each text, kept so that it is done once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from feedbackminer.research.experiments.measures import Outcome
from feedbackminer.research.experiments.methods import OURS
from feedbackminer.research.experiments.parts import ALL, Part
from feedbackminer.research.experiments.spec import Variant
from feedbackminer.settings.sections import Settings

CELLS = "cells"


@dataclass(frozen=True)
class Cell:
    """One method with one combination of settings and one seed, on all texts or a part of them."""

    method: str
    variant: Variant
    seed: int
    part: Part = ALL

    @property
    def title(self) -> str:
        """Return what it is called in tables and reports."""
        return self.variant.name if self.method == OURS else self.method

    @property
    def settings(self) -> Settings:
        """Return the settings of the variant with the seed."""
        settings = self.variant.settings
        topics = settings.topics.model_copy(update={"seed": self.seed})
        return settings.model_copy(update={"topics": topics})


def cell_path(folder: Path, cell: Cell) -> Path:
    """Return where the outcome of a cell is told, within the results of its experiment."""
    part = [] if cell.part == ALL else [cell.part.title]
    what = json.dumps([cell.method, dict(cell.variant.changed), cell.seed, *part])
    return folder / CELLS / f"{hashlib.sha256(what.encode()).hexdigest()[:16]}.json"


def write_cell(cell: Cell, outcome: Outcome, path: Path, seconds: float) -> None:
    """Write what each text was given, and then, as a sign that it is whole, the rest."""
    given = [outcome.name(number) for number in outcome.given.tolist()]
    chances = outcome.chances.tolist() if len(outcome.classes) else [[]] * len(given)
    schema: Any = {"given": pl.String, "chances": pl.List(pl.Float64)}
    table = pl.DataFrame({"given": given, "chances": chances}, schema=schema)
    table.write_parquet(path.with_suffix(".parquet"))
    rest = {
        "method": cell.method,
        "variant": dict(cell.variant.changed),
        "title": cell.title,
        "seed": cell.seed,
        "part": cell.part.title,
        "classes": [outcome.name(number) for number in outcome.classes.tolist()],
        "words": {topic: list(words) for topic, words in outcome.words.items()},
        "seconds": round(seconds, 3),
    }
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(rest, ensure_ascii=False), "utf-8")
    draft.replace(path)


def read_cell(path: Path, gold: Sequence[str], words: Sequence[Sequence[str]]) -> Outcome:
    """Read the outcome of a cell back.

    Args:
        gold, words: label and words of each of its texts, which are not written.
    """
    rest = json.loads(path.read_text("utf-8"))
    given = pl.read_parquet(path.with_suffix(".parquet"))
    return Outcome.of(
        gold,
        given["given"].to_list(),
        chances=np.array(given["chances"].to_list()) if rest["classes"] else None,
        classes=rest["classes"],
        words=rest["words"],
        texts=words,
    )
