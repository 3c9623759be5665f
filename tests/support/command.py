"""The command as tests call it: in a process of its own, or in this one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from typer.testing import CliRunner, Result

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "data" / "sample" / "posts.jsonl"
SHARED = ROOT.parent / "shared" / "data"
COMMAND = (sys.executable, "-c", "from feedbackminer.cli.main import main; main()")

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Mined:
    """An export that went through the command: its store and its digest."""

    project: Path
    out: Path
    seconds: float  # processor time of the command
    stderr: str

    def table(self, name: str) -> pl.DataFrame:
        """Read a table of the store."""
        from feedbackminer.project.store import Store

        return Store(self.project / "tables").read(name)

    @property
    def digest(self) -> dict[str, Any]:
        """Return digest.json."""
        content: dict[str, Any] = json.loads((self.out / "digest.json").read_text("utf-8"))
        return content

    def copy_to(self, folder: Path) -> Mined:
        """Return a copy that a test may change."""
        shutil.copytree(self.project, folder / "project")
        shutil.copytree(self.out, folder / "digest")
        return Mined(folder / "project", folder / "digest", self.seconds, self.stderr)


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a user's shell: nothing of ours but the path to Python."""
    own = {k: v for k, v in os.environ.items() if not k.startswith(("FEEDBACKMINER_", "PYTEST_"))}
    return own | dict(extra or {})


def process(*args: object, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [*COMMAND, *map(str, args)],
        capture_output=True,
        text=True,
        input=stdin,
        env=environment(),
        timeout=900,
        check=False,
    )


def processor_time() -> float:
    """Return the seconds that processes took that this one waited for, beside whom ever."""
    times = os.times()
    return times.children_user + times.children_system


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write an export."""
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def read_jsonl(path: Path) -> Rows:
    """Read an export or the gold labels."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def whole_threads(rows: Rows, count: int) -> Rows:
    """Return the first ``count`` posts and the rest of the threads that these belong to."""
    threads = {row["thread_id"] for row in rows[:count]}
    return [row for row in rows if row["thread_id"] in threads]


def invoke(*args: object, stdin: bytes | None = None) -> Result:
    """Run the command in this process, where BERTopic and torch are imported once for all."""
    from feedbackminer.cli.main import app

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries that are imported on the way
        return CliRunner().invoke(app, [str(arg) for arg in args], input=stdin)
