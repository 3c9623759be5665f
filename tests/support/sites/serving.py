"""A local web server for sites that a test makes up, and the ways in which a server fails."""

from __future__ import annotations

import json
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qs, urlsplit

from feedbackminer.settings.sections import SourceSettings

FAULTS = ("429", "500", "time-out", "reset", "truncated", "bad JSON", "duplicate page")
SLOW = 0.6  # seconds that a slow answer takes; tests give up before


@dataclass(frozen=True)
class Request:
    """What a client asked."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    def get(self, name: str, default: str = "") -> str:
        """Return the first value of a query parameter."""
        return self.query.get(name, [default])[0]

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What the site answers; content that is no bytes is sent as JSON."""

    content: Any = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        if isinstance(self.content, bytes):
            return self.content
        return json.dumps(self.content).encode()


class Site(Protocol):
    """A made-up community behind the interface of a real platform."""

    secret: str

    def __call__(self, request: Request) -> Reply:
        """Answer a request as the platform would."""

    def settings(self, url: str) -> SourceSettings:
        """Return the settings of the source, when the site is served at ``url``."""

    def ids(self) -> set[str]:
        """Return the native ids of all posts that can be seen now."""

    def talk(self, count: int) -> None:
        """Let members write some more posts: new threads and replies."""

    def edit(self) -> str:
        """Let a member append "(edited)" to a recent post; returns its native id."""

    def delete(self) -> str:
        """Delete a recent post that nobody answered; returns its native id."""


@dataclass
class Faults:
    """Makes some answers fail, by chance, at most three in a row."""

    kind: str
    seed: int
    share: float = 0.4
    _in_a_row: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.last: dict[str, Reply] = {}

    def strikes(self) -> bool:
        """Tell whether the next answer fails."""
        hit = self._in_a_row < 3 and self.chance.random() < self.share
        self._in_a_row = self._in_a_row + 1 if hit else 0
        return hit


@dataclass
class Served:
    """A site that is being served."""

    site: Callable[[Request], Reply]
    url: str = ""
    faults: Faults | None = None
    requests: list[str] = field(default_factory=list)
    seconds: float = 0.0  # that the site itself took to answer

    def reset(self) -> None:
        """Forget what was asked so far."""
        self.requests.clear()
        self.seconds = 0.0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else every answer waits 40 ms for an acknowledgement
    served: ClassVar[Served]
    lock: ClassVar[threading.Lock]

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    do_PATCH = do_PUT = do_POST  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _serve(self) -> None:
        began = time.perf_counter()
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(
            self.command, parts.path, parse_qs(parts.query), dict(self.headers.items()), body
        )
        with self.lock:
            served = self.served
            served.requests.append(self.path)
            faults = served.faults
            fault = faults.kind if faults and faults.strikes() else ""
            reply = served.site(request)
            if faults:
                earlier = faults.last.get(parts.path, reply)
                faults.last[parts.path] = reply
                reply = earlier if fault == "duplicate page" else reply
        try:
            self._send(reply, fault)
        except OSError:  # the client gave up
            self.close_connection = True
        served.seconds += time.perf_counter() - began

    def _send(self, reply: Reply, fault: str) -> None:
        if fault == "429":
            reply = Reply(b"slow down", 429, {"Retry-After": "1"})
        elif fault == "500":
            reply = Reply(b"<h1>Internal Server Error</h1>", 500, {"Content-Type": "text/html"})
        elif fault == "time-out":
            time.sleep(SLOW)
        elif fault == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.connection.close()
            return
        body = reply.body
        if fault == "bad JSON":
            body = body[: len(body) // 2]
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault == "truncated":
            body = body[: len(body) // 2]
            self.close_connection = True
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: Any) -> None:
        """Connections that a test breaks on purpose are no news."""


@contextmanager
def serve(site: Callable[[Request], Reply], faults: Faults | None = None) -> Iterator[Served]:
    """Serve a site on a free local port."""
    served = Served(site, faults=faults)
    handler = type("Handler", (_Handler,), {"served": served, "lock": threading.Lock()})
    server = _Server(("127.0.0.1", 0), handler)
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def doubled(items: Sequence[Any]) -> list[Any]:
    """Return what stands more than once."""
    return [item for item, n in Counter(items).items() if n > 1]
