"""Turn one raw value of an export into a typed field: ``value -> field`` functions.

A value that cannot be a field raises :class:`BadValueError` with the reason under which the row
is set aside.
"""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from dateutil import parser as dateparser
from dateutil.parser import UnknownTimezoneWarning

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # no public community is older
CLOCK_SKEW = timedelta(days=1)
_EPOCH_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3), (0, 1))  # ns, us, ms, s
_ZONES = {
    name: int(hours * 3600)
    for name, hours in {
        "UT": 0, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "IST": 5.5, "JST": 9,
        "AEST": 10, "AEDT": 11, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6,
        "PST": -8, "PDT": -7,
    }.items()
}  # fmt: skip
_HAS_YEAR = re.compile(r"\b\d{4}\b")
_NUMERIC_DATE = re.compile(r"\s*(\d{1,2})[/.-](\d{1,2})[/.-]\d{4}(?!\d)")
_FLOAT_ID = re.compile(r"^(\d+)\.0$")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_TRUE = {"true", "1", "yes", "y", "t"}
_WEB_LINK = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)
_STAFF = {"staff", "admin", "administrator", "moderator", "employee", "team", "owner"}
_BOT = {"bot", "automation", "system"}


class BadValueError(ValueError):
    """A value that makes its row unusable; ``reason`` names it in ``dropped``."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def text(value: Any) -> str:
    """Return a value as text without null bytes and broken surrogates; None is empty."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        plain = value
    elif isinstance(value, bytes):
        plain = value.decode("utf-8", "ignore")
    elif isinstance(value, dict | list):
        plain = json.dumps(value, ensure_ascii=False, default=str)
    else:
        plain = str(value)
    if plain.isascii() and "\x00" not in plain:
        return plain
    return plain.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")


def is_day_first(values: Iterable[Any]) -> bool | None:
    """Tell from a column of dates whether 03/04/2026 is 3 April; None: not one of them shows it."""
    parts = [match.groups() for value in values if (match := _NUMERIC_DATE.match(text(value)))]
    if any(int(first) > 12 for first, _ in parts):
        return True
    return None if parts and all(int(second) <= 12 for _, second in parts) else False


def timestamp(value: Any, *, zone: tzinfo, now: datetime, day_first: bool = False) -> datetime:
    """Parse ISO 8601, epoch seconds to nanoseconds, mail dates and common written dates.

    Args:
        value: text, a number or a datetime.
        zone: of timestamps that name none.
        now: later timestamps (a day's skew allowed) are refused.
        day_first: 03/04/2026 is 3 April.
    Raises:
        BadValueError: ``bad_timestamp``, ``implausible_timestamp`` or ``future_timestamp``.
    """
    moment = _parse_moment(value, day_first)
    if moment is None:
        raise BadValueError(
            "bad_timestamp",
            f"{text(value)[:40]!r} is not a timestamp; want ISO 8601, e.g. 2026-03-01T09:30:00Z",
        )

    try:
        utc = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        edge = datetime.min if moment.year < EARLIEST.year else datetime.max
        utc = edge.replace(tzinfo=UTC)

    if utc < EARLIEST:
        raise BadValueError(
            "implausible_timestamp", f"{text(value)[:40]!r} is before {EARLIEST.year}"
        )
    if utc > now + CLOCK_SKEW:
        raise BadValueError(
            "future_timestamp", f"{text(value)[:40]!r} is after the import at {now:%F}"
        )
    return utc


def identifier(value: Any) -> str:
    """Return an id as text; "12.0" is 12 that went through a column of floats."""
    return _FLOAT_ID.sub(r"\1", text(value).strip())


def number(value: Any) -> float | None:
    """Return a finite number, or None; a comma before three digits parts thousands."""
    try:
        parsed = float(_THOUSANDS.sub("", text(value)).replace(",", "."))
    except ValueError:
        return None
    return parsed if math.isfinite(parsed) else None


def rating(value: Any) -> float | None:
    """Return stars from 1 to 5, or None where there are none."""
    stars = number(value)
    return stars if stars is not None and 1 <= stars <= 5 else None


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


def _parse_moment(value: Any, day_first: bool) -> datetime | None:
    if isinstance(value, datetime):
        return value
    plain = text(value).strip()
    seconds = number(plain) if re.fullmatch(r"\d{9,19}(\.\d+)?", plain) else None
    if seconds is not None:
        unit = next(unit for floor, unit in _EPOCH_UNITS if seconds >= floor)
        return datetime.fromtimestamp(seconds / unit, tz=UTC)
    try:
        return datetime.fromisoformat(plain)
    except ValueError:
        return _written_date(plain, day_first)


def _written_date(plain: str, day_first: bool) -> datetime | None:
    """Parse a date written in words, if it is whole: dateutil fills gaps from its default."""
    if not _HAS_YEAR.search(plain):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("error", UnknownTimezoneWarning)
        try:
            one, other = (
                dateparser.parse(
                    plain, default=datetime(part, part, part), tzinfos=_ZONES, dayfirst=day_first
                )
                for part in (1, 2)
            )
        except (ValueError, TypeError, OverflowError, UnknownTimezoneWarning):
            return None
    return one if one == other else None
