"""What Prefect costs a nightly run: ``python -m pipelines.measure_overhead EXPORT [TIMES]``.

The export is mined from scratch, in turn by the plain steps and by the flow against the server of
``PREFECT_API_URL``, each in a process of its own, so that imports and connections count. Imports
of the export itself are not timed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import polars as pl

from feedbackminer.accounts import COLLECT
from feedbackminer.engine.run import Run
from feedbackminer.project.project import open_project
from feedbackminer.steps.exports import collect_exports

PLAIN = (
    "import sys, pathlib; from feedbackminer.engine.run import Run; "
    "from feedbackminer.project.project import open_project; "
    "from feedbackminer.steps import mining; "
    "mining.mine(Run(open_project(pathlib.Path(sys.argv[1]))))"
)
FLOW = "import sys; from pipelines.community import mine; mine(sys.argv[1])"


@dataclass(frozen=True)
class Mined:
    """How long a process took that mined a fresh project, and its stages, in seconds of wall time.

    ``outside`` is what is left: interpreter, imports, connections, and Prefect where it is there.
    What else the machine does slows the stages, by far more than Prefect costs, but hardly this.
    """

    whole: float
    stages: float

    @property
    def outside(self) -> float:
        """Return the seconds that no stage took."""
        return self.whole - self.stages


def mined(code: str, export: Path) -> Mined:
    """Mine an export from scratch in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="feedbackminer-") as folder:
        project = open_project(Path(folder))
        collect_exports(Run(project), [str(export)])
        began = time.perf_counter()
        completed = subprocess.run([sys.executable, "-c", code, folder], capture_output=True)  # noqa: S603
        whole = time.perf_counter() - began
        if completed.returncode:
            raise SystemExit(completed.stderr.decode()[-2000:])
        runs = project.store.read("runs").filter(pl.col("stage") != COLLECT)
        return Mined(whole, float(runs["seconds"].sum()))


def main(arguments: Sequence[str]) -> None:
    """Measure EXPORT, each way TIMES times, in turn."""
    export, times = Path(arguments[0]), int(arguments[1]) if len(arguments) > 1 else 3
    if "PREFECT_API_URL" not in os.environ:
        raise SystemExit("set PREFECT_API_URL to a server that stands, or its start is measured")
    pairs = [(mined(PLAIN, export), mined(FLOW, export)) for _ in range(times)]
    for plain, flow in pairs:
        print(f"plain {plain.whole:5.1f} s, of which outside the stages {plain.outside:4.1f} s;  "
              f"flow {flow.whole:5.1f} s, outside {flow.outside:4.1f} s")  # fmt: skip
    extra = median(flow.outside - plain.outside for plain, flow in pairs)
    usual = median(plain.whole for plain, _ in pairs)
    print(f"Prefect costs {extra:.1f} s, {extra / usual:.1%} of {usual:.1f} s; "
          f"5 % or less of runs longer than {extra / 0.05:.0f} s")  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
