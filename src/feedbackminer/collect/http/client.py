"""Ask a web server politely: what can pass is tried again, what is hostile is refused.

Waits that the server asks for are kept, answers are limited in size and time, every hop of a
redirect must be a public web address, and an answer counts only once it is whole and of the
expected shape.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
import stamina

from feedbackminer import __version__
from feedbackminer.collect.http.answers import Answer, PassingError, describe, parse, shown
from feedbackminer.collect.http.policy import (
    backoff,
    raise_unless_accepted,
    rate_limit,
    requests_left,
    seconds_until,
)
from feedbackminer.errors import SourceError
from feedbackminer.privacy.secrets import mask_secrets

T = TypeVar("T")
USER_AGENT = f"feedbackminer/{__version__} (community research; one reader, no crawling)"
MEGABYTE = 1 << 20
REDIRECTS = 5
# Addresses of IPv6 that stand for one of IPv4, which may be a private one: NAT64, 6to4, mapped.
_TUNNELS = [ipaddress.ip_network(n) for n in ("64:ff9b::/96", "2002::/16", "::/96")]
SECRET_LENGTH = 8  # shorter words of a header are no secrets


@dataclass(frozen=True)
class Limits:
    """What a source may cost; sizes in bytes (unpacked), times in seconds."""

    attempts: int = 6
    timeout: float = 30  # without a byte
    total: float = 120  # for one answer
    size: int = 64 * MEGABYTE
    longest_wait: float = 330  # that a server may ask for; a window of five minutes is common


@dataclass
class Web:
    """Asks one site.

    Args:
        base: address that relative paths are added to.
        headers: sent along, to the site only; may hold a secret, which no message repeats.
        private_network: allow the site itself to be in a private network.
    """

    base: str
    headers: Mapping[str, str] = field(default_factory=dict)
    private_network: bool = False
    limits: Limits = field(default_factory=Limits)
    sleep = staticmethod(time.sleep)  # tests put a list of the seconds in its place
    _rested_until: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.base = self.base.rstrip("/")
        self._client = httpx.Client(
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate", **self.headers},
            timeout=self.limits.timeout,
        )

    def __enter__(self) -> Web:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def json(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        is_right: Callable[[Any], bool] = lambda _: True,
        body: Any = None,
    ) -> Any:
        """Return what a JSON answer holds; ``body`` makes it a POST.

        Args:
            path: under the base, or a whole address.
            is_right: tells whether the answer has the expected shape; a wrong one is asked for
                again, since caches and proxies answer with other pages now and then.
        Raises:
            MissingError: the server says that there is no such thing.
            SourceError: it refuses, keeps failing, or answers with something else.
        """
        return self._asked(path, params, lambda answer: parse(answer, is_right), body)

    def get(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        is_right: Callable[[Answer], bool] = lambda _: True,
        body: bytes | None = None,
    ) -> Answer:
        """Return an answer of any kind, 304 included; raises as :meth:`json` does.

        ``body`` makes it a POST of a form, or of what ``headers`` say.
        """

        def checked(answer: Answer) -> Answer:
            if not is_right(answer):
                raise PassingError(f"{shown(answer.url)}: {describe(answer)}")
            return answer

        return self._asked(path, params, checked, body, headers)

    def _asked(
        self,
        path: str,
        params: Mapping[str, Any] | None,
        read: Callable[[Answer], T],
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> T:
        url = path if "://" in path else f"{self.base}/{path.lstrip('/')}"
        query = {k: v for k, v in (params or {}).items() if v is not None}
        content: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
        if isinstance(body, bytes):
            headers = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        request = self._client.build_request(
            "GET" if body is None else "POST",
            url,
            params=query or None,
            headers=headers,
            **content,
        )
        for attempt in stamina.retry_context(
            on=backoff,
            attempts=self.limits.attempts,
            timeout=None,
            wait_initial=0.5,
            wait_max=30,
        ):
            with attempt:
                try:
                    return read(self._answer(request))
                except SourceError as error:  # a server may repeat what it was sent
                    error.args = (self._without_secrets(str(error)),)
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _answer(self, request: httpx.Request) -> Answer:
        """Send a request once and read the whole answer, within the limits."""
        self._keep_rest()
        page = shown(str(request.url))
        try:
            answer = self._followed(request)
        except httpx.UnsupportedProtocol:
            raise SourceError(f"{page}: leads to an address that is no web page") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            cause = mask_secrets(str(error) or "no answer in time")
            raise PassingError(f"{page}: {type(error).__name__}: {cause}") from None
        self._rest(answer)
        return raise_unless_accepted(answer, self.limits.longest_wait)

    def _followed(self, request: httpx.Request) -> Answer:
        """Follow redirects; of their answers nothing is read, and no other site gets a secret."""
        page = shown(str(request.url))
        onward: httpx.Request | None = request
        for _ in range(REDIRECTS + 1):
            if onward is None:
                break
            self._refuse_unsafe(onward)
            if _site(onward.url) != _site(request.url) or not self._is_base(onward.url):
                for name in self.headers:
                    onward.headers.pop(name, None)
            response = self._client.send(onward, stream=True)
            try:
                self._refuse_rebound(response)
                onward = response.next_request
                if onward is None:
                    body = self._body(response, page)
                    return Answer(str(response.url), response.status_code, response.headers, body)
            finally:
                response.close()
        raise SourceError(f"{page}: redirects without end; check the address")

    def _without_secrets(self, message: str) -> str:
        words = [word for value in self.headers.values() for word in value.split()]
        for word in (word for word in words if len(word) >= SECRET_LENGTH):
            message = message.replace(word, "…")
        return mask_secrets(message)

    def _body(self, response: httpx.Response, page: str) -> bytes:
        deadline = time.monotonic() + self.limits.total
        pieces, size = [], 0
        for piece in response.iter_bytes():
            size += len(piece)
            if size > self.limits.size:
                raise SourceError(
                    f"{page}: the answer is larger than {self.limits.size // MEGABYTE} MB; refused"
                )
            if time.monotonic() > deadline:
                raise PassingError(
                    f"{page}: the answer did not end within {self.limits.total:.0f} s"
                )
            pieces.append(piece)
        return b"".join(pieces)

    def _rest(self, answer: Answer) -> None:
        """Where the server says that its allowance is used up, wait before the next request."""
        reset = rate_limit(answer, "reset")
        if reset and requests_left(answer, otherwise=1) < 1:
            wait = min(seconds_until(reset), self.limits.longest_wait)  # else it refuses, and says
            self._rested_until = time.monotonic() + wait

    def _keep_rest(self) -> None:
        rest = self._rested_until - time.monotonic()
        if rest > 0:
            self._rested_until = 0.0
            self.sleep(rest)

    def _refuse_unsafe(self, request: httpx.Request) -> None:
        """Refuse addresses that are no public web address; called for every hop."""
        url = request.url
        if url.scheme not in ("http", "https"):
            raise SourceError(f"{shown(str(url))}: is no web address; want http:// or https://")
        if self._is_allowed(url):
            return
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            addresses = socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise PassingError(f"{url.host[:80]}: no such host is known: {error}") from None
        for *_, address in addresses:
            _refuse_private(url.host, str(address[0]))

    def _refuse_rebound(self, response: httpx.Response) -> None:
        """Refuse an answer from a private address: a name may mean another one by now."""
        stream = response.extensions.get("network_stream")
        address = stream.get_extra_info("server_addr") if stream else None
        if address and not self._is_allowed(response.url):
            _refuse_private(response.url.host, str(address[0]))

    def _is_allowed(self, url: httpx.URL) -> bool:
        return self.private_network and self._is_base(url)

    def _is_base(self, url: httpx.URL) -> bool:
        """Tell whether an address is of the site that the secret is for, by https if that is."""
        base = httpx.URL(self.base)
        return url.host == base.host and (
            _site(url) == _site(base) or (base.scheme, url.scheme) == ("http", "https")
        )


def _site(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _refuse_private(host: str, address: str) -> None:
    ip = ipaddress.ip_address(address.partition("%")[0])
    is_tunnel = any(ip in network for network in _TUNNELS if ip.version == network.version)
    if not ip.is_global or ip.is_multicast or is_tunnel:
        raise SourceError(
            f"{host}: is an address of a private network, refused; if it is your own site, set "
            "private_network = true for the source"
        )
