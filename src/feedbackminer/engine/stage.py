"""A stage: what it reads and writes, and what else decides its result.

The declaration is the only one. The run, Prefect, the doctor, erasure, the documents and the tests
read it, and a stage gets at no table that it does not declare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import polars as pl

from feedbackminer.accounts import Account
from feedbackminer.engine.workers import Here, Workers
from feedbackminer.errors import UndeclaredTableError

if TYPE_CHECKING:
    from feedbackminer.engine.models import Models
    from feedbackminer.engine.reporting import Reporter
    from feedbackminer.project.store import TableStore
    from feedbackminer.settings.sections import Settings


@dataclass(frozen=True)
class Context:
    """What a stage is given beside tables.

    Attributes:
        now: the only clock that it sees.
        code: changes with all code that the stage reaches; for what it need not do again.
        continues: whether the tables that the stage writes are as it left them when it was last
            done, by the same code, settings and models; only what it reads has changed since.
        workers: whoever does what is row by row.
    """

    settings: Settings
    models: Models
    run_id: str
    now: datetime
    reporter: Reporter
    code: str
    continues: bool = False
    workers: Workers = field(default_factory=Here)


@dataclass(frozen=True)
class StageResult:
    """What a stage did beside the tables it wrote.

    Attributes:
        dropped: rows of ``dropped`` that take the place of those that the stage left before; None:
            the stage drops nothing.
    """

    account: Account
    notices: tuple[str, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)
    detail: str = ""
    dropped: pl.DataFrame | None = None


ModelName = Literal["encoder", "tagger", "nlp"]


def _nothing(_: Context) -> str:
    return ""


@dataclass(frozen=True)
class Stage:
    """One stage over the tables of a project.

    Attributes:
        do: reads and writes the declared tables, no other.
        reads: tables whose versions decide whether it has to be done.
        writes: tables that it makes; where one is missing, or another wrote it, it is done again.
        settings: sections of the settings that decide its result.
        models: that it uses (``encoder``, ``tagger``, ``nlp``); their names and code decide it too.
        depends: whatever else decides it.
        lasting: tables among ``writes`` that hold what earlier runs said: names and ids of topics,
            checks of past weeks. Nothing but a backup brings those back as they were.
        has_threads: it works on every processor by itself.
    """

    name: str
    do: Callable[[StageTables, Context], StageResult]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    settings: tuple[str, ...] = ()
    models: tuple[ModelName, ...] = ()
    depends: Callable[[Context], str] = _nothing
    lasting: tuple[str, ...] = ()
    has_threads: bool = False


class StageTables:
    """The tables of a store, as far as a stage declares them."""

    def __init__(self, stage: Stage, store: TableStore) -> None:
        self.stage, self._store = stage, store

    def read(self, name: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Return a table that the stage reads."""
        self._allow(name, self.stage.reads, "reads")
        return self._store.read(name, columns)

    def read_all(self) -> dict[str, pl.DataFrame]:
        """Return every table that the stage reads, by name."""
        return {name: self._store.read(name) for name in self.stage.reads}

    def previous(self, name: str) -> pl.DataFrame:
        """Return a table that the stage writes as it stands; empty where other code wrote it."""
        self._allow(name, self.stage.writes, "writes")
        return self._store.recall(name)

    def select(self, name: str, keys: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of a table whose key columns stand in ``keys``."""
        self._allow(name, (*self.stage.reads, *self.stage.writes), "reads")
        return self._store.select(name, keys)

    def replace(self, name: str, frame: pl.DataFrame) -> None:
        """Make a table that the stage writes equal to ``frame``."""
        self._allow(name, self.stage.writes, "writes")
        self._store.replace(name, frame)

    def append(self, name: str, frame: pl.DataFrame) -> None:
        """Add rows to a table that the stage writes."""
        self._allow(name, self.stage.writes, "writes")
        self._store.append(name, frame)

    def writable(self, name: str) -> TableStore:
        """Return the store, for whoever adds rows to a table that the stage writes."""
        self._allow(name, self.stage.writes, "writes")
        return self._store

    def finished_runs(self) -> pl.DataFrame:
        """Return ``run_id`` of the runs that came to the end of this stage, out of the ledger."""
        runs = self._store.read("runs")
        return runs.filter(pl.col("stage") == self.stage.name).select("run_id")

    def _allow(self, name: str, declared: Sequence[str], verb: str) -> None:
        if name not in declared:
            raise UndeclaredTableError(
                f"stage {self.stage.name}: {verb} table {name!r} and does not declare it "
                f"(declared: {', '.join(declared) or 'none'}); add it to its Stage in "
                "feedbackminer/steps/mining.py"
            )


@dataclass(frozen=True)
class Outcome:
    """How a step ended."""

    account: Account
    seconds: float
    reused: bool
    notices: tuple[str, ...] = ()
    detail: str = ""
    source: str = ""  # that a collect read
