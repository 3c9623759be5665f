"""The served SQLite bears several runs at once: nothing is refused, no event is lost or doubled."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from prefect.server.database.configurations import AioSqliteConfiguration
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from pipelines.server import WriterFirstSqlite
from tests.support.command import ROOT
from tests.support.sites.discourse import Discourse
from tests.support.sites.serving import serve
from tests.support.standing import Standing, written

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
COLLECT = "import sys; from pipelines.community import collect; collect(sys.argv[1])"
BROKEN = [f"broken{n}" for n in range(12)]  # sources of a project, an event for each
STATES = [f"prefect.flow-run.{state}" for state in ("Pending", "Running", "Failed")]
PATIENCE = 20.0  # seconds for the last events to be stored; the server does that every five


async def count_together(database: AioSqliteConfiguration) -> int:
    """Have two transactions read a number and then write the next one; returns the last number."""
    engine = await database.engine()

    async def count_up() -> None:
        session = await database.session(engine)
        async with session, database.begin_transaction(session):
            number = (await session.execute(text("SELECT n FROM counter"))).scalar_one()
            await asyncio.sleep(0.5)  # the other reads as well, if it may
            await session.execute(text("UPDATE counter SET n = :n"), {"n": number + 1})

    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE counter AS SELECT 0 AS n"))
    try:
        await asyncio.gather(count_up(), count_up())
        async with engine.connect() as connection:
            return int((await connection.execute(text("SELECT n FROM counter"))).scalar_one())
    finally:
        await engine.dispose()


def test_two_transactions_that_read_and_then_write_take_turns(tmp_path: Path) -> None:
    database = WriterFirstSqlite(f"sqlite+aiosqlite:///{tmp_path}/turns.db")
    assert asyncio.run(count_together(database)) == 2


def test_prefect_alone_refuses_the_second_of_them(tmp_path: Path) -> None:
    """Where this fails, Prefect has mended it and ``pipelines.server`` can go."""
    database = AioSqliteConfiguration(f"sqlite+aiosqlite:///{tmp_path}/refused.db")
    with pytest.raises(OperationalError, match="database is locked"):
        asyncio.run(count_together(database))


def test_three_runs_at_once_meet_no_locked_database_and_lose_no_event(
    server: Standing, tmp_path: Path
) -> None:
    # Looking at all runs, it makes the server do more with an event than store it.
    server.prefect("automation", "create", "--from-file", "pipelines/automations.yaml")
    log_before = server.log()
    with serve(Discourse(30)) as forum:
        projects = [with_broken_sources(tmp_path / name, forum.url) for name in "abc"]
        flows = [start_collect(server, project) for project in projects]
        assert [flow.wait(150) for flow in flows] == [1, 1, 1]  # for the broken sources

    runs = [run_of(server, project) for project in projects]
    expected = Counter(
        [(str(project), source) for project in projects for source in BROKEN]
        + [(run, state) for run in runs for state in STATES]
    )
    assert stored(server, [*map(str, projects), *runs], expected.total()) == expected
    assert "Traceback" not in server.log().removeprefix(log_before)
    assert not list((server.home / "dlq").glob("*"))


def with_broken_sources(folder: Path, url: str) -> Path:
    """Make a project with a forum, and with sources of a kind that there is not."""
    project = written(folder, url)
    with (project / "feedbackminer.toml").open("a", encoding="utf-8") as file:
        file.writelines(f'[sources.{name}]\nkind = "telepathy"\n' for name in BROKEN)
    return project


def start_collect(server: Standing, project: Path) -> subprocess.Popen[bytes]:
    """Start the flow in a process of its own, against the server."""
    return subprocess.Popen(
        [sys.executable, "-c", COLLECT, str(project)], cwd=ROOT, env=dict(server.env),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def run_of(server: Standing, project: Path) -> str:
    """Return the id of the flow run that worked in a project."""
    runs = server.ask("flow_runs/filter", sort="START_TIME_DESC", limit=200)
    (run,) = [run["id"] for run in runs if run["parameters"].get("project") == str(project)]
    return str(run)


def stored(server: Standing, subjects: Sequence[str], n_expected: int) -> Counter[tuple[str, str]]:
    """Count the stored events about projects and runs, once as many are there as expected."""
    deadline = time.monotonic() + PATIENCE
    while True:
        counts: Counter[tuple[str, str]] = Counter()
        for event in server.events_like("feedbackminer.source.failed", "prefect.flow-run."):
            resource = event["resource"]
            if event["event"] in STATES:
                run = resource["prefect.resource.id"].removeprefix("prefect.flow-run.")
                counts[run, event["event"]] += 1
            elif "feedbackminer.folder" in resource:
                counts[resource["feedbackminer.folder"], event["payload"]["source"]] += 1
        counts = Counter({key: n for key, n in counts.items() if key[0] in subjects})
        if counts.total() >= n_expected or time.monotonic() > deadline:
            return counts
        time.sleep(0.5)
