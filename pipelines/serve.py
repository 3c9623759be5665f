"""Bring up everything on this machine: ``python -m pipelines.serve PROJECT [DIGEST]``.

That is a Prefect server (unless one answers already), the deployments of ``prefect.yaml`` for the
project, and a worker. Ctrl-C stops what was started, the worker first.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

CHECKOUT = Path(__file__).parents[1]
POOL = "feedbackminer"
LOST_RUNS = "feedbackminer-lost-runs"  # in automations.yaml
PREFECT = (sys.executable, "-m", "prefect", "--no-prompt")
SERVER = (sys.executable, "-m", "pipelines.server")
PATIENCE = 120.0  # seconds that a server may take to start, and a process to stop
QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLI_PROMPT": "false",
    "HF_HUB_OFFLINE": "1",
}


def serve(project: Path, digest: Path) -> int:
    """Serve a project until Ctrl-C; returns the exit code."""
    if not project.is_dir():
        raise SystemExit(f"{project}: no such project; `feedbackminer init {project}` makes one")
    api = os.environ.get("PREFECT_API_URL", "http://127.0.0.1:4200/api")
    env = {
        **os.environ, **QUIET, "PREFECT_API_URL": api, "PWD": str(CHECKOUT),
        "PROJECT": str(project.resolve()), "DIGEST": str(digest.resolve()),
    }  # fmt: skip
    with _server(api, env):
        _prefect(env, "work-pool", "create", POOL, "--type", "process", "--overwrite")
        _prefect(env, "deploy", "--all")
        if not _is_done(env, "automation", "inspect", LOST_RUNS):
            file = Path(__file__).with_name("automations.yaml")
            _prefect(env, "automation", "create", "--from-file", str(file))
        with _started(env, *PREFECT, "worker", "start", "--pool", POOL) as worker:
            print(f"Deployments and runs: {api.removesuffix('/api')} (Ctrl-C stops)", flush=True)
            return worker.wait()


@contextmanager
def _server(api: str, env: Mapping[str, str]) -> Iterator[None]:
    """Have a server: the one that answers, else one of our own."""
    if _answers(api):
        yield
        return
    url = urlsplit(api)
    address = ("--host", str(url.hostname), "--port", str(url.port or 4200))
    with _started(env, *SERVER, *address) as server:
        deadline = time.monotonic() + PATIENCE
        while not _answers(api):
            if server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{api}: the Prefect server did not start; is the port taken?")
            time.sleep(0.2)
        yield


@contextmanager
def _started(env: Mapping[str, str], *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a part of Prefect in a session of its own, so that Ctrl-C reaches us alone."""
    process = subprocess.Popen(command, env=env, cwd=CHECKOUT, start_new_session=True)  # noqa: S603
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, then end its whole session."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE / 4)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _prefect(env: Mapping[str, str], *command: str) -> None:
    completed = _run(env, command)
    if completed.returncode:
        raise SystemExit(f"prefect {' '.join(command)}:\n{completed.stdout}{completed.stderr}")


def _is_done(env: Mapping[str, str], *command: str) -> bool:
    return _run(env, command).returncode == 0


def _run(env: Mapping[str, str], command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [*PREFECT, *command], env=env, cwd=CHECKOUT, capture_output=True, text=True, check=False
    )


def _answers(api: str) -> bool:
    try:
        with urlopen(f"{api}/health", timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def main(arguments: Sequence[str]) -> int:
    """Serve PROJECT, with its digest in DIGEST or in the project's folder."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        project, *rest = map(Path, arguments)
        return serve(project, rest[0] if rest else project / "digest")
    except KeyboardInterrupt:
        print("Stopped.")
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
