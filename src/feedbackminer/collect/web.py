"""Ask a web server politely: what can pass is tried again, what is hostile is refused.

Waits that the server asks for are kept, answers are limited in size and time, every hop of a
redirect must be a public web address, and an answer counts only once it is whole and of the
expected shape.
"""

from __future__ import annotations

import ipaddress
import json
import math
import re
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import stamina

from feedbackminer import __version__
from feedbackminer.errors import SourceError
from feedbackminer.secrets import mask_secrets

T = TypeVar("T")
USER_AGENT = f"feedbackminer/{__version__} (community research; one reader, no crawling)"
MEGABYTE = 1 << 20
REDIRECTS = 5
# Addresses of IPv6 that stand for one of IPv4, which may be a private one: NAT64, 6to4, mapped.
_TUNNELS = [ipaddress.ip_network(n) for n in ("64:ff9b::/96", "2002::/16", "::/96")]
SECRET_LENGTH = 8  # shorter words of a header are no secrets
_HTML = re.compile(r"^\s*<(!doctype html|html)\b", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>([^<]{0,80})", re.IGNORECASE)
_MAY_PASS = {408, 425, 429, 500, 502, 503, 504, 520, 522, 524}
_GONE = {404, 410}
_LIMIT = re.compile(rb"rate limit", re.IGNORECASE)
LIMIT_LASTS = 60.0  # seconds, where a refusal speaks of a limit but not of its end


class MissingError(SourceError):
    """What was asked for is not there, or not any more."""


class RefusedError(SourceError):
    """The server does not let us see it: wrong secret, or closed to its holder."""


class _PassingError(SourceError):
    """A failure that may pass; ``wait`` is what the server asked for, in seconds."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True)
class Limits:
    """What a source may cost; sizes in bytes (unpacked), times in seconds."""

    attempts: int = 6
    timeout: float = 30  # without a byte
    total: float = 120  # for one answer
    size: int = 64 * MEGABYTE
    longest_wait: float = 330  # that a server may ask for; a window of five minutes is common


@dataclass(frozen=True)
class Answer:
    """A whole answer of a server."""

    url: str
    status: int
    headers: httpx.Headers
    body: bytes

    def text(self) -> str:
        """Return the body decoded as its header says."""
        found = re.search(r"charset=[\"']?([\w-]+)", self.headers.get("content-type", ""))
        try:
            return self.body.decode(found[1] if found else "utf-8", "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")


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
        return self._asked(path, params, lambda answer: _parsed(answer, is_right), body)

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
                raise _PassingError(f"{_shown(answer.url)}: {_what_it_is(answer)}")
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
        given = {k: v for k, v in (params or {}).items() if v is not None}
        content: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
        if isinstance(body, bytes):
            headers = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        request = self._client.build_request(
            "GET" if body is None else "POST",
            url,
            params=given or None,
            headers=headers,
            **content,
        )
        for attempt in stamina.retry_context(
            on=_backoff,
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
        time.sleep(max(0.0, self._rested_until - time.monotonic()))
        where = _shown(str(request.url))
        try:
            answer = self._followed(request)
        except httpx.UnsupportedProtocol:
            raise SourceError(f"{where}: leads to an address that is no web page") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            what = str(error) or "no answer in time"
            raise _PassingError(f"{where}: {type(error).__name__}: {mask_secrets(what)}") from None
        self._rest(answer)
        return _accepted(answer, self.limits.longest_wait)

    def _followed(self, request: httpx.Request) -> Answer:
        """Follow redirects; of their answers nothing is read, and no other site gets a secret."""
        where = _shown(str(request.url))
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
                    body = self._body(response, where)
                    return Answer(str(response.url), response.status_code, response.headers, body)
            finally:
                response.close()
        raise SourceError(f"{where}: redirects without end; check the address")

    def _without_secrets(self, message: str) -> str:
        words = [word for value in self.headers.values() for word in value.split()]
        for word in (word for word in words if len(word) >= SECRET_LENGTH):
            message = message.replace(word, "…")
        return mask_secrets(message)

    def _body(self, response: httpx.Response, where: str) -> bytes:
        deadline = time.monotonic() + self.limits.total
        pieces, size = [], 0
        for piece in response.iter_bytes():
            size += len(piece)
            if size > self.limits.size:
                raise SourceError(
                    f"{where}: the answer is larger than {self.limits.size // MEGABYTE} MB; refused"
                )
            if time.monotonic() > deadline:
                raise _PassingError(
                    f"{where}: the answer did not end within {self.limits.total:.0f} s"
                )
            pieces.append(piece)
        return b"".join(pieces)

    def _rest(self, answer: Answer) -> None:
        """Where the server says that its allowance is used up, wait before the next request."""
        left, reset = _left(answer), _limit(answer, "reset")
        if left is not None and left < 1 and reset:
            wait = min(_seconds_until(reset), self.limits.longest_wait)  # else it refuses, and says
            self._rested_until = time.monotonic() + wait

    def _refuse_unsafe(self, request: httpx.Request) -> None:
        """Refuse addresses that are no public web address; called for every hop."""
        url = request.url
        if url.scheme not in ("http", "https"):
            raise SourceError(f"{_shown(str(url))}: is no web address; want http:// or https://")
        if self._is_own(url):
            return
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            found = socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise _PassingError(f"{url.host[:80]}: no such host is known: {error}") from None
        for *_, address in found:
            _refuse_private(url.host, str(address[0]))

    def _refuse_rebound(self, response: httpx.Response) -> None:
        """Refuse an answer from a private address: a name may mean another one by now."""
        stream = response.extensions.get("network_stream")
        address = stream.get_extra_info("server_addr") if stream else None
        if address and not self._is_own(response.url):
            _refuse_private(response.url.host, str(address[0]))

    def _is_own(self, url: httpx.URL) -> bool:
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
    found = ipaddress.ip_address(address.partition("%")[0])
    is_other = any(found in network for network in _TUNNELS if found.version == network.version)
    if not found.is_global or found.is_multicast or is_other:
        raise SourceError(
            f"{host}: is an address of a private network, refused; if it is your own site, set "
            "private_network = true for the source"
        )


def _backoff(error: Exception) -> bool | float:
    """Tell stamina whether to try again, and after how long where the server said so."""
    if not isinstance(error, _PassingError):
        return False
    return True if error.wait is None else error.wait


def _accepted(answer: Answer, longest_wait: float) -> Answer:
    """Return an answer that can be used; raise what its status means otherwise."""
    if answer.status < 400:
        return answer
    where, status = _shown(answer.url), answer.status
    if status in _GONE:
        raise MissingError(f"{where}: there is no such page (HTTP {status}); check the address")
    left = _left(answer)
    says_limit = status == 403 and _LIMIT.search(answer.body[:2_000]) is not None
    refused = status == 403 and left is not None and left < 1
    if status in _MAY_PASS or refused or says_limit or "retry-after" in answer.headers:
        counts = status in (403, 429) and (left is None or left < 1)  # else another limit is meant
        reset = _limit(answer, "reset") if counts else None
        asked = answer.headers.get("retry-after") or reset
        unknown = LIMIT_LASTS if says_limit else None
        wait = unknown if asked is None else _seconds_until(asked)
        if wait is not None and wait > longest_wait:
            raise SourceError(
                f"{where}: asks to wait {wait:.0f} s (HTTP {status}); what was read is kept, run "
                "the same command again after that"
            )
        raise _PassingError(f"{where}: HTTP {status} again and again; try later", wait)
    if status in (401, 403):
        raise RefusedError(
            f"{where}: access refused (HTTP {status}); check the secret of this source and what "
            "it may read"
        )
    raise SourceError(f"{where}: HTTP {status}: {mask_secrets(answer.text()[:200])!r}")


def _left(answer: Answer) -> float | None:
    """Return how many requests a server still allows, where it says so."""
    try:
        return float(_limit(answer, "remaining") or "")
    except ValueError:
        return None


def _limit(answer: Answer, what: str) -> str | None:
    """Return a rate limit header, with or without the ``X-`` that some platforms write."""
    named: str | None = answer.headers.get(f"x-ratelimit-{what}")
    return named or answer.headers.get(f"ratelimit-{what}")


def _parsed(answer: Answer, is_right: Callable[[Any], bool]) -> Any:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        if _HTML.match(answer.text()):
            raise SourceError(
                f"{_shown(answer.url)}: {_what_it_is(answer)}, not the data that was asked for; "
                "check the address"
            ) from None
        raise _PassingError(f"{_shown(answer.url)}: {_what_it_is(answer)}, not JSON") from None
    if not is_right(found):
        raise _PassingError(
            f"{_shown(answer.url)}: answers with JSON of another shape than documented "
            f"({mask_secrets(str(found)[:120])!r}); is the address right, and the version?"
        )
    return found


def _what_it_is(answer: Answer) -> str:
    text = answer.text()
    if _HTML.match(text):
        title = _TITLE.search(text)
        return f"answers with a web page ({title[1].strip()!r})" if title else "answers with HTML"
    return f"answers with {len(answer.body)} bytes of {answer.headers.get('content-type', '?')}"


def _seconds_until(when: str) -> float:
    """Read ``Retry-After`` and its kin: seconds, seconds since 1970, an HTTP or an ISO date."""
    try:
        number = float(when)
        number = number - time.time() if number > 1e9 else number
        return max(0.0, number) if math.isfinite(number) else 1.0
    except ValueError:
        pass
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = parse(when)
        except ValueError:
            continue
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    return 1.0


def _shown(url: str) -> str:
    """Return an address as a message may show it: no query, which may hold a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
