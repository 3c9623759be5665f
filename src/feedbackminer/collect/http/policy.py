"""When a request is tried again, and how long to wait for it."""

from __future__ import annotations

import math
import re
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from feedbackminer.collect.http.answers import (
    Answer,
    MissingError,
    PassingError,
    RefusedError,
    shown,
)
from feedbackminer.errors import SourceError
from feedbackminer.privacy.secrets import mask_secrets

_MAY_PASS = {408, 425, 429, 500, 502, 503, 504, 520, 522, 524}
_GONE = {404, 410}
_LIMIT = re.compile(rb"rate limit", re.IGNORECASE)
LIMIT_LASTS = 60.0  # seconds, where a refusal speaks of a limit but not of its end


def backoff(error: Exception) -> bool | float:
    """Tell stamina whether to try again, and after how long where the server said so."""
    if not isinstance(error, PassingError):
        return False
    return True if error.wait is None else error.wait


def raise_unless_accepted(answer: Answer, longest_wait: float) -> Answer:
    """Return an answer that can be used; raise what its status means otherwise."""
    if answer.status < 400:
        return answer
    page, status = shown(answer.url), answer.status
    if status in _GONE:
        raise MissingError(f"{page}: there is no such page (HTTP {status}); check the address")
    if _may_pass(answer):
        raise _try_later(answer, longest_wait)
    if status in (401, 403):
        raise RefusedError(
            f"{page}: access refused (HTTP {status}); check the secret of this source and what "
            "it may read"
        )
    raise SourceError(f"{page}: HTTP {status}: {mask_secrets(answer.text()[:200])!r}")


def _may_pass(answer: Answer) -> bool:
    is_used_up = answer.status == 403 and requests_left(answer, otherwise=1) < 1
    return (
        answer.status in _MAY_PASS
        or is_used_up
        or _names_limit(answer)
        or "retry-after" in answer.headers
    )


def _names_limit(answer: Answer) -> bool:
    return answer.status == 403 and _LIMIT.search(answer.body[:2_000]) is not None


def _try_later(answer: Answer, longest_wait: float) -> SourceError:
    """Return the error of a failure that passes: an end of it where the wait is too long."""
    page, status, wait = shown(answer.url), answer.status, _requested_wait(answer)
    if wait is not None and wait > longest_wait:
        return SourceError(
            f"{page}: asks to wait {wait:.0f} s (HTTP {status}); what was read is kept, run "
            "the same command again after that"
        )
    return PassingError(f"{page}: HTTP {status} again and again; try later", wait)


def _requested_wait(answer: Answer) -> float | None:
    """Return the seconds that a refusal asks to wait; None where it speaks of no wait."""
    # With requests left in the allowance, another limit is meant than the one that is reset.
    is_allowance = answer.status in (403, 429) and requests_left(answer, otherwise=0) < 1
    reset = rate_limit(answer, "reset") if is_allowance else None
    when = answer.headers.get("retry-after") or reset
    if when is not None:
        return seconds_until(when)
    return LIMIT_LASTS if _names_limit(answer) else None


def requests_left(answer: Answer, *, otherwise: float) -> float:
    """Return how many requests a server still allows, or ``otherwise`` where it does not say."""
    try:
        return float(rate_limit(answer, "remaining") or "")
    except ValueError:
        return otherwise


def rate_limit(answer: Answer, what: str) -> str | None:
    """Return a rate limit header, with or without the ``X-`` that some platforms write."""
    prefixed: str | None = answer.headers.get(f"x-ratelimit-{what}")
    return prefixed or answer.headers.get(f"ratelimit-{what}")


def seconds_until(when: str) -> float:
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
