"""What earlier runs did, and what two of them differ in: ``runs``, and tables as they once were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from feedbackminer.accounts import LOSSY
from feedbackminer.engine.ledger import Row, decode
from feedbackminer.errors import InputError
from feedbackminer.project.store import TableStore
from feedbackminer.tables import TABLES


@dataclass(frozen=True)
class PastRun:
    """One run; ``steps`` are its rows of ``runs`` in the order they were done."""

    run_id: str
    steps: Sequence[Row]

    @property
    def started(self) -> datetime:
        """Return when its first step began (UTC)."""
        first = self.steps[0]
        finished: datetime = first["finished_at"]
        return finished - timedelta(seconds=first["seconds"])

    @property
    def seconds(self) -> float:
        """Return how long its steps took together."""
        return float(sum(step["seconds"] for step in self.steps))

    @property
    def rows(self) -> tuple[int, int]:
        """Return the rows that came in, and those that reading and cleaning left."""
        last = [step for step in self.steps if step["stage"] in LOSSY] or self.steps[:1]
        return self.steps[0]["rows_in"], last[-1]["rows_out"]

    @property
    def notices(self) -> list[str]:
        """Return what its steps told, each once."""
        return list(dict.fromkeys(notice for step in self.steps for notice in step["notices"]))

    @property
    def versions(self) -> dict[str, int]:
        """Return the version of each table as the run left it, or else read it."""
        versions: Row = {}
        for step in self.steps:
            versions |= {**step["reads"], **step["writes"]}
        return {n: v for n, v in versions.items() if n in TABLES and isinstance(v, int)}


def past_runs(store: TableStore) -> list[PastRun]:
    """Return every run, the latest first."""
    by_id: dict[str, list[Row]] = {}
    for step in decode(store.read("runs").sort("finished_at", "stage")):
        by_id.setdefault(step["run_id"], []).append(step)
    runs = [PastRun(run_id, steps) for run_id, steps in by_id.items()]
    return sorted(runs, key=lambda run: (run.started, run.run_id), reverse=True)


def find_run(store: TableStore, wanted: str) -> PastRun:
    """Return the run of that id, or the only one whose id begins so.

    Raises:
        InputError: there is none, or there are several.
    """
    runs = past_runs(store)
    matches = [run for run in runs if run.run_id == wanted]
    matches = matches or [run for run in runs if run.run_id.startswith(wanted)]
    if len(matches) == 1:
        return matches[0]
    if not runs:
        raise InputError(f"{store.url}: nothing was run yet; `feedbackminer import` is the first")
    what = "fits several runs" if matches else "is no run"
    some = ", ".join(run.run_id for run in (matches or runs)[:3])
    raise InputError(
        f"run {wanted!r} {what}; want one such as {some}; `feedbackminer runs list` shows them"
    )
