"""A PostgreSQL of its own, with an empty database."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.standing import free_port, until


@contextmanager
def postgresql_server() -> Iterator[str]:
    """Run PostgreSQL; yields USER@HOST:PORT/DATABASE. Where there is none, the test is skipped."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        pytest.skip("no PostgreSQL here; as root, `make postgresql` installs it")
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    folder, port = Path(tempfile.mkdtemp(prefix="feedbackminer-pg-")), free_port()
    if user:
        shutil.chown(folder, user)
    make = [str(found[-1] / "initdb"), "-D", f"{folder}/data", "-A", "trust", "-U", "prefect"]
    subprocess.run(make, user=user, capture_output=True, check=True, cwd=folder)
    where = ("-h", "127.0.0.1", "-p", str(port), "-k", str(folder))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(found[-1] / "postgres"), "-D", f"{folder}/data", *where, "-F"],
            user=user, stdout=log, stderr=log, cwd=folder,
        )  # fmt: skip
    try:
        until(lambda: b"ready to accept" in (folder / "log").read_bytes(), "PostgreSQL")
        yield f"prefect@127.0.0.1:{port}/postgres"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
        shutil.rmtree(folder)
