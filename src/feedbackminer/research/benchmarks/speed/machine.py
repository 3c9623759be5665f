"""What something is measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("feedbackminer", "bertopic", "scikit-learn", "turftopic", "obsei", "torch",
            "sentence-transformers", "onnxruntime", "numpy")  # fmt: skip


@dataclass(frozen=True)
class Machine:
    """What it was measured on, and how busy that was: processes at work in 1, 5, 15 minutes."""

    date: str
    processor: str
    cores: int
    threads: int  # 0: as many as each contender takes by itself
    system: str
    python: str
    versions: Mapping[str, str]
    load_before: tuple[float, float, float]
    load_after: tuple[float, float, float] | None = None


def describe_machine(threads: int) -> Machine:
    """Say what it is measured on."""
    return Machine(
        date=datetime.now(UTC).isoformat(timespec="minutes"),
        processor=processor(),
        cores=threads or os.cpu_count() or 1,
        threads=threads,
        system=platform.platform(),
        python=platform.python_version(),
        versions=dict(_versions()),
        load_before=os.getloadavg(),
    )


def _versions() -> Iterator[tuple[str, str]]:
    for name in PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue


def processor() -> str:
    """Return the name of the processor; what the system calls it where it tells none."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
