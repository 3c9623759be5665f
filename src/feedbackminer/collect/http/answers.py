"""What came back from the web, and what its failures mean."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from feedbackminer.errors import SourceError
from feedbackminer.privacy.secrets import mask_secrets

_HTML = re.compile(r"^\s*<(!doctype html|html)\b", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>([^<]{0,80})", re.IGNORECASE)


class MissingError(SourceError):
    """What was asked for is not there, or not any more."""


class RefusedError(SourceError):
    """The server does not let us see it: wrong secret, or closed to its holder."""


class PassingError(SourceError):
    """A failure that may pass; ``wait`` is what the server asked for, in seconds."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True)
class Answer:
    """A whole answer of a server."""

    url: str
    status: int
    headers: httpx.Headers
    body: bytes

    def text(self) -> str:
        """Return the body decoded as its header says."""
        charset = re.search(r"charset=[\"']?([\w-]+)", self.headers.get("content-type", ""))
        try:
            return self.body.decode(charset[1] if charset else "utf-8", "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")


def parse(answer: Answer, is_right: Callable[[Any], bool]) -> Any:
    try:
        data = json.loads(answer.body)
    except (ValueError, RecursionError):
        if _HTML.match(answer.text()):
            raise SourceError(
                f"{shown(answer.url)}: {describe(answer)}, not the data that was asked for; "
                "check the address"
            ) from None
        raise PassingError(f"{shown(answer.url)}: {describe(answer)}, not JSON") from None
    if not is_right(data):
        raise PassingError(
            f"{shown(answer.url)}: answers with JSON of another shape than documented "
            f"({mask_secrets(str(data)[:120])!r}); is the address right, and the version?"
        )
    return data


def describe(answer: Answer) -> str:
    text = answer.text()
    if _HTML.match(text):
        title = _TITLE.search(text)
        return f"answers with a web page ({title[1].strip()!r})" if title else "answers with HTML"
    return f"answers with {len(answer.body)} bytes of {answer.headers.get('content-type', '?')}"


def shown(url: str) -> str:
    """Return an address as a message may show it: no query, which may hold a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
