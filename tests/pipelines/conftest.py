"""One Prefect server for all tests of flows; each test's own flows talk to it as well."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

from tests.support.standing import Standing, standing


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    with standing(tmp_path_factory.mktemp("prefect")) as server:
        yield server


@pytest.fixture(autouse=True)
def _prefect(server: Standing) -> Iterator[None]:
    """Let flows that a test calls in its own process talk to the server."""
    with temporary_settings({PREFECT_API_URL: server.url, PREFECT_HOME: server.home}):
        yield
        EventsWorker.drain_all()
        APILogWorker.drain_all()
