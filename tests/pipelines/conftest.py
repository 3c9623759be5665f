"""A Prefect server for the flows of each module."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator

import pytest
from prefect.testing.utilities import prefect_test_harness


@pytest.fixture(scope="module", autouse=True)
def _prefect() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=180):
        yield
    with warnings.catch_warnings():  # its sockets, now rather than in somebody else's test
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
