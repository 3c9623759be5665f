"""A server process that speaks S3."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

S3_KEYS = {"aws_access_key_id": "tester", "aws_secret_access_key": "secret"}


@contextmanager
def object_store(log: Path) -> Iterator[dict[str, str]]:
    """Have such a server, with a bucket "community"; yields storage options."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with log.open("wb") as sink:
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=sink,
            stderr=sink,
        )
    try:
        _make_bucket(port, deadline=time.monotonic() + 60)
        yield {
            "aws_endpoint_url": f"http://127.0.0.1:{port}",
            "aws_allow_http": "true",
            "aws_region": "us-east-1",
        }
    finally:
        server.terminate()
        server.wait(30)


def _make_bucket(port: int, deadline: float) -> None:
    while True:
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
                connection.request("PUT", "/community")
                assert connection.getresponse().status == 200
                return
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "the S3 server did not start"
            time.sleep(0.1)
