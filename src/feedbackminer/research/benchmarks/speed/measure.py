"""Contenders in turn over the same posts: seconds, memory, and how good their topics are.

Each run is a process of its own, so that imports and the loading of models count as they do for
whoever types a command. Contenders take turns (ours, a peer, the next; then all again): what else
the machine does meanwhile falls on all of them alike.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from feedbackminer.errors import InputError, suggest
from feedbackminer.research.benchmarks.speed import contenders, meter
from feedbackminer.research.benchmarks.speed.contenders import CONTENDERS, OURS
from feedbackminer.research.benchmarks.speed.figures import (
    Absence,
    Report,
    Turn,
    growth_of,
    quality_of,
    summarise,
)
from feedbackminer.research.benchmarks.speed.machine import describe_machine
from feedbackminer.research.benchmarks.speed.posts import (
    LabelledPosts,
    draw,
    read_pool,
    write_export,
)

THREAD_SETTINGS = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS", "RAYON_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip


@dataclass
class _Ring:
    """Contenders as they take turns; who has failed takes no more."""

    names: list[str]
    threads: int
    tell: Callable[[str], None]
    turns: dict[tuple[str, int], list[Turn]] = field(default_factory=lambda: defaultdict(list))
    absent: list[Absence] = field(default_factory=list)

    def go_round(self, posts: LabelledPosts, export: Path) -> None:
        for name in list(self.names):
            self.tell(f"{len(posts):,} posts: {CONTENDERS[name].title} …")
            try:
                turn = run(name, posts, export, self.threads)
            except ContenderError as error:
                self.drop(name, len(posts), str(error))
                continue
            self.turns[name, len(posts)].append(turn)
            self.tell(f"  {turn.seconds:.1f} s, {turn.cpu_seconds:.1f} s of CPU")

    def drop(self, name: str, n_posts: int, why: str) -> None:
        self.names.remove(name)
        self.absent.append(Absence(name, CONTENDERS[name].title, n_posts, why))
        self.tell(f"  {why}")


class ContenderError(Exception):
    """A contender did not come to its end."""


def measure(
    folder: Path,
    sizes: Sequence[int],
    *,
    repeat: int = 3,
    peers: Sequence[str] = tuple(CONTENDERS),
    threads: int = 0,
    tell: Callable[[str], None] = lambda _: None,
) -> Report:
    """Let ours and its peers find topics in so many posts, in turn.

    Args:
        folder: of the public sets.
        repeat: turns of each with each number of posts.
        peers: names of contenders beside ours.
        threads: the cores that each may use; 0: all, and as many threads as each takes by itself.
        tell: hears what is going on.
    Raises:
        InputError: a set is not there, or a contender is not known.
    """
    chosen = [OURS, *(name for name in _known(peers) if name != OURS)]
    ring = _Ring(chosen, threads, tell)
    for name in [name for name in chosen if not CONTENDERS[name].is_installed()]:
        ring.drop(name, 0, f"{CONTENDERS[name].package} is not installed")

    machine = describe_machine(threads)
    pool, lines = read_pool(folder), []
    for size in sorted(set(sizes)):
        posts = draw(pool, size)
        lines.append(f"{size:,} posts of {posts.n_labels} labels, {posts.n_made:,} of them made")
        with TemporaryDirectory() as scratch:
            export = Path(scratch) / "posts.jsonl"
            write_export(posts, export)
            for _ in range(repeat):
                ring.go_round(posts, export)

    figures = list(summarise(ring.turns))
    return Report(
        machine=replace(machine, load_after=os.getloadavg()),
        posts=lines,
        figures=figures,
        growth=list(growth_of(figures)),
        absent=ring.absent,
    )


def run(name: str, posts: LabelledPosts, export: Path, threads: int) -> Turn:
    """Have one contender do its work in a process of its own.

    Raises:
        ContenderError: it did not.
    """
    with TemporaryDirectory() as scratch:
        report = Path(scratch) / "cost.json"
        work = (sys.executable, "-P", "-m", contenders.__name__, name, str(export),
                str(posts.n_labels), str(threads), scratch)  # fmt: skip
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-I", "-S", str(meter.__file__), str(report), *work],
            env=_environment(threads), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, check=False,
        )  # fmt: skip
        cost = json.loads(report.read_text("utf-8")) if report.exists() else {"exit_code": 1}
        if cost["exit_code"]:
            raise ContenderError(_last_line(done.stderr, cost["exit_code"]))
        answer = json.loads((Path(scratch) / "answer.json").read_text("utf-8"))
    return Turn(
        seconds=cost["seconds"],
        cpu_seconds=cost["cpu_seconds"],
        peak_bytes=cost["peak_bytes"],
        stages=_with_rest(answer["stages"], cost["seconds"]),
        **quality_of(answer["labels"], posts.labels),
    )


def _known(names: Sequence[str]) -> Sequence[str]:
    for name in names:
        if name not in CONTENDERS:
            raise InputError(
                f"no contender {name!r}; {suggest(name, list(CONTENDERS), ', '.join(CONTENDERS))}"
            )
    return list(dict.fromkeys(names))


def _environment(threads: int) -> dict[str, str]:
    """Return the caller's environment, with nothing in it that holds one contender back alone."""
    inherited = {k: v for k, v in os.environ.items() if k not in THREAD_SETTINGS}
    chosen = dict.fromkeys(THREAD_SETTINGS, str(threads)) if threads else {}
    return inherited | chosen | {"HF_HUB_OFFLINE": "1"}


def _with_rest(stages: Mapping[str, float], seconds: float) -> dict[str, float]:
    """Return the stages, and what no stage accounts for: Python itself among it."""
    return {**stages, "rest": max(0.0, seconds - sum(stages.values()))}


def _last_line(stderr: str, exit_code: int) -> str:
    lines = [line for line in stderr.splitlines() if line.strip()]
    how = f"was killed by signal {-exit_code}" if exit_code < 0 else f"ended with {exit_code}"
    return f"{how}: {lines[-1].strip()[:200] if lines else 'it said nothing'}"
