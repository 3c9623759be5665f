"""What a command costs: run as a script of its own, which imports nothing of ours.

A process that is started inherits the peak memory of the one that starts it, until its own program
is loaded. Whoever measures a small program has to be smaller: this is, the benchmark is not.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

UNIT = 1 if sys.platform == "darwin" else 1024  # bytes in which the peak is counted


def main(report: str, *command: str) -> None:
    """Run a command to its end and write what it and the processes that it waited for took."""
    Path(report).write_text(json.dumps(cost_of(command)), "utf-8")


def cost_of(command: Sequence[str]) -> dict[str, float]:
    """Return seconds on the clock and of processors, the peak in bytes, and the exit code."""
    began = time.perf_counter()
    process = os.posix_spawn(command[0], list(command), os.environ)
    _, status, used = os.wait4(process, 0)
    return {
        "seconds": time.perf_counter() - began,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak_bytes": used.ru_maxrss * UNIT,
        "exit_code": os.waitstatus_to_exitcode(status),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
