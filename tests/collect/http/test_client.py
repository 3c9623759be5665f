"""The client: patient with servers that fail, and closed to those that attack."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import stamina

from feedbackminer.collect.http.answers import MissingError
from feedbackminer.collect.http.client import Limits, Web
from feedbackminer.errors import SourceError
from tests.support.sites.serving import Reply, Request, Served, serve

LIMITS = Limits(attempts=3, timeout=0.5, total=1, size=100_000, longest_wait=5)


def ask(served: Served, *args: Any, headers: dict[str, str] | None = None, **more: Any) -> Any:
    """Ask a served site once, as a client of its own."""
    with Web(served.url, headers or {}, private_network=True, limits=LIMITS) as web:
        return web.json(*args or ("a",), **more)


@contextmanager
def answering(*replies: Reply) -> Iterator[Served]:
    """Serve the replies one after another; the last one again and again."""
    left = list(replies)

    def site(_: Request) -> Reply:
        return left.pop(0) if len(left) > 1 else left[0]

    with serve(site) as served:
        yield served


class TestPatience:
    @pytest.fixture(autouse=True)
    def _no_waiting(self) -> Iterator[None]:
        with stamina.set_testing(True, attempts=3):
            yield

    @pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
    def test_what_can_pass_is_tried_again(self, status: int) -> None:
        with answering(Reply(b"", status), Reply({"ok": 1})) as served:
            assert ask(served) == {"ok": 1}
        assert len(served.requests) == 2

    @pytest.mark.parametrize("status", [400, 401, 403, 422])
    def test_a_refusal_is_told_at_once(self, status: int) -> None:
        with (
            answering(Reply(b"no", status)) as served,
            pytest.raises(SourceError, match=str(status)),
        ):
            ask(served)
        assert len(served.requests) == 1

    def test_what_is_not_there_is_an_error_of_its_own(self) -> None:
        with answering(Reply(b"", 404)) as served, pytest.raises(MissingError):
            ask(served)

    def test_after_the_last_attempt_the_message_says_what_was_wrong(self) -> None:
        with answering(Reply(b"", 503)) as served, pytest.raises(SourceError, match="HTTP 503"):
            ask(served)
        assert len(served.requests) == 3

    def test_an_answer_of_another_shape_is_asked_for_again_and_then_told(self) -> None:
        with answering(Reply({"other": 1}), Reply({"posts": []})) as served:
            assert ask(served, "a", is_right=lambda x: "posts" in x) == {"posts": []}
        with (
            answering(Reply({"other": 1})) as served,
            pytest.raises(SourceError, match="another shape"),
        ):
            ask(served, "a", is_right=lambda x: "posts" in x)


class TestWaiting:
    @pytest.mark.parametrize("seconds", ["0.1", "0.4"])
    def test_a_wait_that_the_server_asks_for_is_kept(self, seconds: str) -> None:
        with answering(Reply(b"", 429, {"Retry-After": seconds}), Reply({})) as served:
            began = time.monotonic()
            ask(served)
        assert time.monotonic() - began >= float(seconds)

    def test_a_used_up_allowance_is_waited_for_before_the_next_request(
        self, waits: list[float]
    ) -> None:
        used_up = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "5"}
        with (
            answering(Reply({}, headers=used_up), Reply({})) as served,
            Web(served.url, private_network=True, limits=LIMITS) as web,
        ):
            web.json("a")
            assert waits == []
            web.json("a")
            assert waits == [pytest.approx(5, abs=1)]
            web.json("a")
        assert len(waits) == 1

    def test_a_wait_before_the_next_request_is_slept(self) -> None:
        used_up = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0.3"}
        with (
            answering(Reply({}, headers=used_up), Reply({})) as served,
            Web(served.url, private_network=True, limits=LIMITS) as web,
        ):
            web.json("a")
            began = time.monotonic()
            web.json("a")
        assert time.monotonic() - began >= 0.2

    def test_a_wait_that_is_too_long_ends_with_the_time_to_come_back(self) -> None:
        with (
            answering(Reply(b"", 429, {"Retry-After": "3600"})) as served,
            pytest.raises(SourceError, match="3600 s"),
        ):
            ask(served)
        assert len(served.requests) == 1


class TestHostileServers:
    @pytest.fixture(autouse=True)
    def _no_waiting(self) -> Iterator[None]:
        with stamina.set_testing(True, attempts=2):
            yield

    @pytest.mark.parametrize(
        "address",
        [
            "http://169.254.169.254/latest/meta-data/",
            "http://127.0.0.1:1/",
            "http://10.0.0.1/",
            "http://[::1]/",
            "http://0x7f.1/",
            "http://localhost/",
        ],
    )
    def test_a_redirect_to_a_private_address_is_refused(self, address: str) -> None:
        with (
            answering(Reply(b"", 302, {"Location": address})) as served,
            pytest.raises(SourceError, match="private network"),
        ):
            ask(served)

    @pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://example.org/", "gopher://x/"])
    def test_a_redirect_to_no_web_address_is_refused(self, address: str) -> None:
        with (
            answering(Reply(b"", 302, {"Location": address})) as served,
            pytest.raises(SourceError, match="no web"),
        ):
            ask(served)

    def test_redirects_without_end_are_left(self) -> None:
        with (
            answering(Reply(b"", 302, {"Location": "/a"})) as served,
            pytest.raises(SourceError, match="without end"),
        ):
            ask(served)

    def test_a_private_address_needs_to_be_allowed(self) -> None:
        with (
            answering(Reply({})) as served,
            Web(served.url, limits=LIMITS) as web,
            pytest.raises(SourceError, match="private_network"),
        ):
            web.json("a")

    def test_a_name_that_means_a_private_address_by_the_time_of_asking_is_refused(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with answering(Reply({})) as served:
            port = int(served.url.rpartition(":")[2])
            monkeypatch.setattr(
                "feedbackminer.collect.http.client.socket.getaddrinfo", first_public(port, times=1)
            )
            with (
                Web(f"http://rebound.example:{port}", limits=LIMITS) as web,
                pytest.raises(SourceError, match="private network"),
            ):
                web.json("a")

    def test_a_secret_does_not_follow_a_redirect_to_another_site(self) -> None:
        heard: list[Request] = []

        def other(request: Request) -> Reply:
            heard.append(request)
            return Reply({})

        with serve(other) as elsewhere:
            location = {"Location": elsewhere.url.replace("127.0.0.1", "localhost")}
            with answering(Reply(b"", 302, location)) as served, pytest.raises(SourceError):
                ask(served, headers={"Authorization": "Bearer secret"})
        assert not heard

    def test_another_site_s_page_with_status_200_is_told(self) -> None:
        page = b"<!DOCTYPE html><html><title>Welcome to nginx!</title></html>"
        with (
            answering(Reply(page, headers={"Content-Type": "text/html"})) as served,
            pytest.raises(SourceError, match="Welcome to nginx"),
        ):
            ask(served)
        assert len(served.requests) == 1

    def test_no_header_of_ours_follows_a_redirect_to_another_site(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("feedbackminer.collect.http.client._refuse_private", lambda *_: None)
        heard: list[Request] = []

        def other(request: Request) -> Reply:
            heard.append(request)
            return Reply({})

        with serve(other) as elsewhere:
            location = {"Location": elsewhere.url.replace("127.0.0.1", "localhost")}
            with answering(Reply(b"", 302, location)) as served:
                ask(served, headers={"Api-Key": "s3cret-value", "Authorization": "s3cret-value"})
        assert len(heard) == 1
        assert "s3cret-value" not in str(heard[0].headers)

    def test_what_a_redirect_itself_says_is_never_read(self) -> None:
        huge = Reply(b" " * 5_000_000, 302, {"Location": "/b"})
        with answering(huge, Reply({"ok": 1})) as served:
            assert ask(served) == {"ok": 1}

    @pytest.mark.parametrize("host", ["a..b", "a" * 70 + ".example"])
    def test_a_redirect_to_an_impossible_name_is_an_error_of_ours(self, host: str) -> None:
        with (
            answering(Reply(b"", 302, {"Location": f"http://{host}/"})) as served,
            pytest.raises(SourceError),
        ):
            ask(served)

    @pytest.mark.parametrize("wait", ["-1", "nan", "inf", "1500000000", "soon", ""])
    def test_an_odd_wait_is_no_crash(self, wait: str) -> None:
        limit = {"Retry-After": wait, "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0"}
        with answering(Reply(b"", 429, limit), Reply({"ok": 1})) as served:
            assert ask(served) == {"ok": 1}

    @pytest.mark.parametrize(
        "address", ["64:ff9b::a9fe:a9fe", "2002:7f00:1::", "::127.0.0.1", "ff02::1"]
    )
    def test_an_address_that_stands_for_a_private_one_is_refused(self, address: str) -> None:
        with (
            answering(Reply(b"", 302, {"Location": f"http://[{address}]/"})) as served,
            pytest.raises(SourceError, match="private network"),
        ):
            ask(served)

    def test_a_small_answer_that_unpacks_to_a_huge_one_is_refused(self) -> None:
        bomb = gzip.compress(b" " * 5_000_000)  # fifty times what is allowed
        assert len(bomb) < LIMITS.size
        with (
            answering(Reply(bomb, headers={"Content-Encoding": "gzip"})) as served,
            pytest.raises(SourceError, match="larger than"),
        ):
            ask(served)

    def test_json_nested_without_end_is_refused(self) -> None:
        with answering(Reply(b"[" * 90_000)) as served, pytest.raises(SourceError, match="JSON"):
            ask(served)

    def test_a_body_that_never_ends_is_given_up(self) -> None:
        with (
            dripping() as url,
            Web(url, private_network=True, limits=LIMITS) as web,
            pytest.raises(SourceError, match="did not end"),
        ):
            web.json("a")

    def test_no_message_repeats_a_secret(self) -> None:
        with (
            answering(Reply(b"bad token s3cret-value in access_token=s3cret-value", 400)) as served,
            pytest.raises(SourceError) as error,
        ):
            ask(
                served,
                "a",
                {"access_token": "s3cret-value", "key": "s3cret-value"},
                headers={"Authorization": "Bearer s3cret-value"},
            )
        assert "s3cret-value" not in str(error.value)


def first_public(port: int, *, times: int) -> Any:
    """Resolve any name to a public address for some times, then to this machine."""
    public = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port))]
    local = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    answers = [public] * times
    return lambda *_, **__: answers.pop() if answers else local


@contextmanager
def dripping() -> Iterator[str]:
    """Serve one endless answer, a byte at a time."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    is_over = threading.Event()

    def drip() -> None:
        while not is_over.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with connection, suppress(OSError):
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                while not is_over.wait(0.05):
                    connection.sendall(b"1\r\n[\r\n")

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        is_over.set()
        thread.join()
        listener.close()
