"""Turn one raw value of an export into a typed field: ``value -> field`` functions.

Dates and ratings have modules of their own.
"""

from __future__ import annotations

import math
import re
from typing import Any

_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_TRUE = {"true", "1", "yes", "y", "t"}
_WEB_LINK = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)
_STAFF = {"staff", "admin", "administrator", "moderator", "employee", "team", "owner"}
_BOT = {"bot", "automation", "system"}


class BadValueError(ValueError):
    """A value that cannot be what it should; ``reason`` names why."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def text(value: Any) -> str:
    """Return a value as text without null bytes and broken surrogates; None is empty.

    An object or a list is no text: its JSON would be nobody's words.
    """
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, float) and math.isnan(value):
        return ""
    if isinstance(value, str):
        plain = value
    elif isinstance(value, bytes):
        plain = value.decode("utf-8", "ignore")
    else:
        plain = str(value)
    if plain.isascii() and "\x00" not in plain:
        return plain
    return plain.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")


def identifier(value: Any) -> str:
    """Return an id as text; "12.0" is 12 that went through a column of floats."""
    plain = text(value).strip()
    return plain[:-2] if plain.endswith(".0") and plain[:-2].isdecimal() else plain


def number(value: Any) -> float | None:
    """Return a finite number, or None; a comma before three digits parts thousands."""
    plain = text(value)
    try:
        parsed = float(_THOUSANDS.sub("", plain).replace(",", ".") if "," in plain else plain)
    except ValueError:
        return None
    return parsed if math.isfinite(parsed) else None


def flag(value: Any) -> bool:
    """Return whether a value says yes."""
    return text(value).strip().lower() in _TRUE


def role(value: Any, column: str) -> str:
    """Return member, staff, bot or unknown from a role name or an ``is_staff``-like flag."""
    plain = text(value).strip().lower()
    if plain in _STAFF or (plain in _TRUE and "bot" not in column.lower()):
        return "staff"
    if plain in _BOT or (plain in _TRUE and "bot" in column.lower()):
        return "bot"
    return "member" if plain else "unknown"


def web_link(value: Any) -> str | None:
    """Return an http(s) link, or None: no other scheme is ever made clickable."""
    link = text(value).strip()
    return link if _WEB_LINK.fullmatch(link) else None
