"""Keep secrets out of logs, messages and reports."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from feedbackminer.privacy.tokens import TOKENS

SECRET_PREFIX: Final = "FEEDBACKMINER_SECRET_"  # then the name of a source, in capitals  # noqa: S105
MARK: Final = "…"
_OTHERS: Final = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")  # an object store reads these
_SHORTEST = 4  # a shorter value stands in too many words
_SHORTEST_PART = 8  # of a secret such as "id:password"

_PATTERNS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (  # Authorization: Bearer abc, as a header or as a key of JSON or Python
            r"""(authorization["']?\s*[:=]\s*["']?(?:[a-z]+\s+)?)[^\s"',;]+""",
            rf"\1{MARK}",
        ),
        (r"\b(bearer\s+)[\w.~+/=-]{8,}", rf"\1{MARK}"),
        (r"(://)[^\s/?#]+@", rf"\1{MARK}@"),  # user:password@host
        (  # of which the password has a slash, so that it is no port either
            r"(://)[^\s/?#:@]*:(?!\d+(?:[/?#]|$))[^\s@]{1,256}@",
            rf"\1{MARK}@",
        ),
        (  # in the query of a URL
            r"""([?&;#](?:[a-z]{1,20}[_-]){0,3}(?:token|key|secret|password|passwd|pwd|auth|sig|signature"""
            r"""|code|session)=)[^\s&#"'<>)]+""",
            rf"\1{MARK}",
        ),
        (  # and elsewhere, where the name leaves no doubt
            r"""\b((?:[a-z]{1,20}[_-]){0,3}(?:token|api_?key|access_?key|secret|password|passwd|pwd)"""
            r"""(?:\s?=|["']\s?:)\s?["']?)[^\s&#"'<>),;]{4,}""",
            rf"\1{MARK}",
        ),
        (  # what is known by how it begins
            rf"\b(?:{'|'.join(TOKENS)})[\w-]{{16,}}",
            MARK,
        ),
    )
)


def mask_secrets(text: str) -> str:
    """Replace what is or looks like a secret by ``…``; the rest of the text stays as it is.

    That is: values of ``FEEDBACKMINER_SECRET_*`` and of AWS's variables, ``Authorization``
    headers, ``token=`` and its kin, logins in URLs, and tokens known by their prefix.
    """
    for secret in sorted(set(_secrets_in_environment()), key=len, reverse=True):
        text = text.replace(secret, MARK)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def _secrets_in_environment() -> Iterator[str]:
    """Yield each secret as it is and as a URL has it, and its parts."""
    values = [
        v for name, v in os.environ.items() if name.startswith(SECRET_PREFIX) or name in _OTHERS
    ]
    for value in values:
        parts = [part for part in re.split(r"[:\s]", value) if len(part) >= _SHORTEST_PART]
        for secret in (value, *parts):
            if len(secret) >= _SHORTEST:
                yield from (secret, quote(secret, safe=""))
