"""A Prefect server and workers in processes of their own, as an operator has them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.support.command import ROOT, environment

PREFECT = (sys.executable, "-m", "prefect", "--no-prompt")
SERVER = (sys.executable, "-m", "pipelines.server")
POOL = "feedbackminer"
FORUM = '[sources.forum]\nkind = "discourse"\nurl = "{}"\nprivate_network = true\n'
ENDED = {"COMPLETED", "FAILED", "CANCELLED", "CRASHED"}


@dataclass(frozen=True)
class Standing:
    """A server that answers at ``url``; ``home`` holds its database and its log."""

    url: str
    home: Path
    env: Mapping[str, str]

    def prefect(self, *command: str, **env: str) -> str:
        """Run a command of Prefect in the checkout and return what it printed."""
        done = subprocess.run(
            [*PREFECT, *command], env={**self.env, **env}, cwd=ROOT, capture_output=True,
            text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ask(self, path: str, body: Any = None, **fields: Any) -> Any:
        """Post to the server's interface and return the answer."""
        return self._request("POST", path, body or fields)

    def get(self, path: str) -> Any:
        """Get something from the server."""
        return self._request("GET", path)

    def _request(self, method: str, path: str, body: Any = None) -> Any:
        answer = httpx.request(method, f"{self.url}/{path}", json=body, timeout=60)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def deployment(self, name: str) -> Any:
        """Return a deployment, named FLOW/NAME."""
        return self.get(f"deployments/name/{name}")

    def start(self, name: str, **parameters: Any) -> str:
        """Ask for a run of a deployment now; returns its id."""
        path = f"deployments/{self.deployment(name)['id']}/create_flow_run"
        wanted = {"type": "SCHEDULED", "name": "Scheduled"}
        return str(self.ask(path, parameters=parameters, state=wanted)["id"])

    def drop_schedules(self, name: str) -> None:
        """Leave a deployment without schedules."""
        found = self.deployment(name)
        for one in found["schedules"]:
            self._request("DELETE", f"deployments/{found['id']}/schedules/{one['id']}")

    def schedule(self, name: str, **parameters: Any) -> None:
        """Schedule a deployment for every hour, from three seconds on."""
        first = datetime.now(UTC) + timedelta(seconds=3)
        every = {"interval": 3600, "anchor_date": first.isoformat()}
        path = f"deployments/{self.deployment(name)['id']}/schedules"
        self.ask(path, [{"schedule": every, "parameters": parameters}])

    def runs_of(self, name: str, *states: str) -> list[dict[str, Any]]:
        """Return the runs of a deployment that are in one of some states, first one first."""
        found = self.ask(
            "flow_runs/filter",
            deployments={"id": {"any_": [self.deployment(name)["id"]]}},
            flow_runs={"state": {"type": {"any_": list(states)}}},
            sort="START_TIME_ASC",
        )
        return list(found)

    def state(self, run_id: str) -> str:
        """Return the type of a run's state."""
        return str(self.get(f"flow_runs/{run_id}")["state"]["type"])

    def end_of(self, run_id: str, patience: float = 90) -> str:
        """Wait for the end of a run and return its state."""
        until(lambda: self.state(run_id) in ENDED, f"end of {run_id}", patience)
        return self.state(run_id)

    def tasks_of(self, run_id: str) -> list[dict[str, Any]]:
        """Return the task runs of a run."""
        return list(self.ask("task_runs/filter", flow_runs={"id": {"any_": [run_id]}}))

    def log_of(self, run_id: str) -> str:
        """Return what a run logged, as far as the server has it."""
        found = self.ask("logs/filter", logs={"flow_run_id": {"any_": [run_id]}})
        return "\n".join(entry["message"] for entry in found)

    def events(self, name: str) -> list[dict[str, Any]]:
        """Wait for events of a name and return them, newest first."""
        wanted = {"filter": {"event": {"name": [name]}}, "limit": 50}
        until(lambda: bool(self.ask("events/filter", wanted)["events"]), name)
        return list(self.ask("events/filter", wanted)["events"])

    def events_like(self, *prefixes: str) -> list[dict[str, Any]]:
        """Return all events whose names begin like that, as far as the server has stored them."""
        page = self.ask("events/filter", filter={"event": {"prefix": prefixes}}, limit=50)
        events = list(page["events"])
        while page["next_page"]:
            page = self.get(page["next_page"].removeprefix(f"{self.url}/"))
            events += page["events"]
        return events

    def log(self) -> str:
        """Return what the server has logged."""
        return (self.home / "server.log").read_text("utf-8")

    def artifact(self, key: str) -> Any:
        """Return the data of the latest artifact of a key."""
        data = self.get(f"artifacts/{key}/latest")["data"]
        return json.loads(data) if data.startswith(("[{", "[]")) else data

    @contextmanager
    def worker(self) -> Iterator[psutil.Process]:
        """Have a worker; whatever it left is killed at the end."""
        with (self.home / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                [*PREFECT, "worker", "start", "--pool", POOL],
                env=dict(self.env), stdout=log, stderr=log, start_new_session=True, cwd=self.home,
            )  # fmt: skip
        try:
            yield psutil.Process(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                kill_tree(psutil.Process(process.pid))
            process.wait()


@contextmanager
def standing(home: Path, database: str = "") -> Iterator[Standing]:
    """Run a server on a free port, with SQLite in ``home`` or with another database."""
    port = free_port()
    env = {
        **environment(),
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
        "PREFECT_LOGGING_TO_API_BATCH_INTERVAL": "0.5",
        "PREFECT_SERVER_LOG_RETRYABLE_ERRORS": "true",  # a locked database among them
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    }
    if database:
        env["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = database
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*SERVER, "--host", "127.0.0.1", "--port", str(port)],
            env=env, cwd=ROOT, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    server = Standing(env["PREFECT_API_URL"], home, env)
    try:
        until(lambda: is_up(server.url), "the server", 180)
        yield server
    finally:
        kill_tree(psutil.Process(process.pid))
        process.wait()


def written(folder: Path, url: str) -> Path:
    """Make a project whose source is a Discourse forum on this machine."""
    folder.mkdir()
    (folder / "feedbackminer.toml").write_text(FORUM.format(url), "utf-8")
    return folder


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def kill_tree(process: psutil.Process) -> None:
    """Kill a process and all it started, as when a machine dies.

    The first to go is the one that would tell of the others' end.
    """
    processes = [process, *process.children(recursive=True)]
    for one in processes:
        os.kill(one.pid, signal.SIGKILL)


def until(holds: Callable[[], bool], what: str, patience: float = 60) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline, f"waited {patience:.0f} s for {what}"
        time.sleep(0.2)
