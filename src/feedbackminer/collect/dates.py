"""When a post was written: dates as exports write them, each column read one way for all its rows.

dateparser knows more languages, but takes 2 to 5 ms a value; dateutil and the names of months
below take a fiftieth of that.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import Any

from dateutil import parser as dateparser
from dateutil.parser import UnknownTimezoneWarning

from feedbackminer.collect.fields import BadValueError, text

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # no public community is older
CLOCK_SKEW = timedelta(days=1)
_EPOCH_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3), (0, 1))  # ns, us, ms, s
_SHEET_EPOCH = datetime(1899, 12, 30)  # day 0 of spreadsheets
_ZONES = {
    name: int(hours * 3600)
    for name, hours in {
        "UT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2,
        "EET": 2, "EEST": 3, "SAST": 2, "MSK": 3, "TRT": 3, "PKT": 5, "IST": 5.5, "WIB": 7,
        "ICT": 7, "HKT": 8, "SGT": 8, "PHT": 8, "AWST": 8, "JST": 9, "KST": 9, "ACST": 9.5,
        "ACDT": 10.5, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "BRT": -3, "ART": -3,
        "NST": -3.5, "NDT": -2.5, "AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "CST": -6,
        "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10,
    }.items()
}  # fmt: skip
# The months in German, French, Spanish, Italian, Portuguese, Dutch, Polish, Russian, Swedish,
# Danish, Czech, Ukrainian and Turkish, as dates name them; source: CLDR.
_MONTH_NAMES = (
    "januar jänner janvier enero gennaio janeiro januari styczeń stycznia январь января ledna "
    "leden січня січень ocak",
    "februar feber février febrero febbraio fevereiro februari luty lutego февраль февраля února "
    "únor лютого лютий şubat",
    "märz mars marzo março maart marzec marca март марта marts března březen березня березень mart",
    "april avril abril aprile kwiecień kwietnia апрель апреля dubna duben квітня квітень nisan",
    "mai mayo maggio maio mei maj maja май мая května květen травня травень mayıs",
    "juni juin junio giugno junho czerwiec czerwca июнь июня června červen червня червень haziran",
    "juli juillet julio luglio julho lipiec lipca июль июля července červenec липня липень temmuz",
    "august août agosto augustus sierpień sierpnia август августа augusti srpna srpen серпня "
    "серпень ağustos",
    "september septembre septiembre setiembre settembre setembro wrzesień września сентябрь "
    "сентября září вересня вересень eylül",
    "oktober octobre octubre ottobre outubro październik października октябрь октября října říjen "
    "жовтня жовтень ekim",
    "november novembre noviembre novembro listopad listopada ноябрь ноября listopadu листопада "
    "kasım",
    "dezember décembre diciembre dicembre dezembro december grudzień grudnia декабрь декабря "
    "prosince prosinec грудня грудень aralık",
)
_ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# What stands beside the day, the month and the time in these languages: articles, "at", weekdays.
_SPARE = frozenset(
    "de del di den der am um uhr à a às as las os le el il em o op om kl klo alle ore ora heures h "
    "г года в року о och og "
    "montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do fr sa so "
    "lundi mardi mercredi jeudi vendredi samedi dimanche lun mer jeu ven sam dim "
    "lunes martes miércoles jueves viernes sábado domingo mié jue vie sáb dom "
    "lunedì martedì mercoledì giovedì venerdì sabato domenica gio sab "
    "segunda terça quarta quinta sexta feira seg ter qua qui sex "
    "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag ma wo vr za zo "
    "poniedziałek wtorek środa czwartek piątek sobota niedziela pon wt śr czw pt sob niedz "
    "måndag tisdag onsdag torsdag fredag lördag söndag mandag tirsdag lørdag søndag "
    "понедельник вторник среда четверг пятница суббота воскресенье пн вт ср чт пт сб вс".split()
)
_HAS_YEAR = re.compile(r"\b\d{4}(?!\d)")
_SHORT_YEAR = re.compile(r"\d{1,2}[/.-](?:\d{1,2}|[^\W\d_]{3,10})[/.-]\d{2}(?!\d)")
_NUMERIC_DATE = re.compile(r"\s*(\d{1,2})([/.-])(\d{1,2})\2(?:\d{4}|\d{2})(?!\d)")
_EPOCH = re.compile(r"\d{9,19}(\.\d+)?")
_STAMP = re.compile(r"((?:19|20)\d{6})(\d{4}(?:\d\d)?)")  # 20240304101500
_SHEET_DAYS = re.compile(r"\d{5}(\.\d+)?")
_CJK_DATE = re.compile(r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]")
_WORD = re.compile(r"(?<![^\W_])[^\W\d_]+\.?")
_HALF_DAY = re.compile(r"(?<=\d)\s*([ap])\.?\s?m\b\.?", re.IGNORECASE)
_HOUR = re.compile(r"(?<=\d)\s?[hH]\s?(?=\d\d)")
_DOT_OF_DAY = re.compile(r"(?<=\d)\.(?=\s)")
_ORDINAL = re.compile(r"(?<=\d)(?:er|º|ª|°)(?=\s)")


@dataclass
class DateOrder:
    """What the dates of a column show of their order: does 03/04/2026 start with a day?

    Attributes:
        day_first: how many can only be read so.
        month_first: how many can only be read so.
        either: how many can be read both ways.
    """

    day_first: int = 0
    month_first: int = 0
    either: int = 0

    def add(self, value: str) -> None:
        """Count a date; those with dots are day first everywhere."""
        match = _NUMERIC_DATE.match(value) if "/" in value[:6] or "-" in value[:6] else None
        if match is None or match[2] == ".":
            return
        first, second = int(match[1]), int(match[3])
        self.day_first += first > 12 >= second
        self.month_first += second > 12 >= first
        self.either += first <= 12 and second <= 12

    @property
    def is_day_first(self) -> bool:
        """Tell whether most dates that show it put the day first."""
        return self.day_first > self.month_first

    @property
    def matters(self) -> bool:
        """Tell whether there are dates to which the order matters."""
        return bool(self.day_first or self.month_first or self.either)

    @property
    def is_open(self) -> bool:
        """Tell whether there are dates that read both ways, and none that decides."""
        return bool(self.either) and not (self.day_first or self.month_first)


def moment(value: Any, *, zone: tzinfo, now: datetime, day_first: bool = False) -> datetime:
    """Return when that is, in UTC.

    Reads ISO 8601, epochs in seconds to nanoseconds, fourteen-digit stamps, days of spreadsheets,
    mail dates, and written dates with names of months in a dozen languages.

    Args:
        value: text, a number or a datetime.
        zone: of dates that name none.
        now: later ones (a day's skew allowed) are refused.
        day_first: 03/04/2026 is 3 April; dates with dots always are so.
    Raises:
        BadValueError: ``bad_timestamp``, ``implausible_timestamp`` or ``future_timestamp``.
    """
    parsed = parse(value, day_first, now.year)
    if parsed is None:
        raise BadValueError("bad_timestamp", f"{text(value)[:40]!r} is not a date that can be read")
    try:
        utc = (parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        edge = datetime.min if parsed.year < EARLIEST.year else datetime.max
        utc = edge.replace(tzinfo=UTC)

    if utc < EARLIEST:
        raise BadValueError("implausible_timestamp", f"{text(value)[:40]!r} is before 1990")
    if utc > now + CLOCK_SKEW:
        raise BadValueError(
            "future_timestamp", f"{text(value)[:40]!r} is after the import at {now:%F}"
        )
    return utc


def parse(value: Any, day_first: bool, this_year: int) -> datetime | None:
    """Return a moment as it is written, with its zone if it names one; None: it is none."""
    if isinstance(value, datetime):
        return value
    plain = text(value).strip()
    if plain[:1].isdigit() and (counted := _counted(plain)):
        return counted
    try:
        return datetime.fromisoformat(plain)
    except ValueError:
        return _written(plain, day_first, this_year)


def _counted(plain: str) -> datetime | None:
    """Return the moment that a bare number stands for."""
    if stamp := _STAMP.fullmatch(plain):
        return _of_stamp(stamp[1], stamp[2])
    if _EPOCH.fullmatch(plain):
        seconds = float(plain)
        unit = next(unit for floor, unit in _EPOCH_UNITS if seconds >= floor)
        return datetime.fromtimestamp(seconds / unit, tz=UTC)
    if _SHEET_DAYS.fullmatch(plain):
        days = _SHEET_EPOCH + timedelta(days=float(plain))
        return (days + timedelta(milliseconds=500)).replace(microsecond=0)
    return None


def _of_stamp(day: str, time: str) -> datetime | None:
    try:
        return datetime.strptime(day + time.ljust(6, "0"), "%Y%m%d%H%M%S")
    except ValueError:
        return None


def _written(plain: str, day_first: bool, this_year: int) -> datetime | None:
    """Parse a date written in words, if it is whole; its words may be those of other languages."""
    plain = _CJK_DATE.sub(r"\1-\2-\3 ", plain[:80])
    if not (_HAS_YEAR.search(plain) or _SHORT_YEAR.match(plain)):
        return None
    numeric = _NUMERIC_DATE.match(plain)
    day_first = day_first or (numeric is not None and numeric[2] == ".")
    parsed = _in_english(plain, day_first, this_year)
    return parsed or _in_english(_translated(plain), day_first, this_year)


def _in_english(plain: str, day_first: bool, this_year: int) -> datetime | None:
    """Parse with dateutil; it fills gaps from its default, so two defaults have to agree."""
    parser = dateparser.parser(_years(this_year))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UnknownTimezoneWarning)
        try:
            one, other = (
                parser.parse(
                    plain, default=datetime(part, part, part), tzinfos=_ZONES, dayfirst=day_first
                )
                for part in (1, 2)
            )
        except (ValueError, TypeError, OverflowError, UnknownTimezoneWarning):
            return None
    return one if one == other else None


class _Years(dateparser.parserinfo):
    """Two digits are a year of this century, unless that lies in the future."""

    def __init__(self, this_year: int) -> None:
        super().__init__()
        self._this_year = this_year

    def convertyear(self, year: int, century_specified: bool = False) -> int:
        if year >= 100 or century_specified:
            return year
        return year + (2000 if 2000 + year <= self._this_year + 1 else 1900)


@cache
def _years(this_year: int) -> _Years:
    return _Years(this_year)


def _translated(plain: str) -> str:
    """Return a date with its month in English, and without weekdays and articles."""
    plain = _HOUR.sub(":", _HALF_DAY.sub(r"\1m", _ORDINAL.sub("", plain)))
    months = [word.start() for word in _WORD.finditer(plain) if _folded(word[0]) in _months()]

    def in_english(word: re.Match[str]) -> str:
        if [word.start()] == months[-1:]:  # the last: "mar." may be a Tuesday before
            return f" {_ENGLISH[_months()[_folded(word[0])]]} "
        is_spare = _folded(word[0]) in _SPARE or word.start() in months
        return " " if is_spare else word[0]

    return _DOT_OF_DAY.sub(" ", _WORD.sub(in_english, plain))


def _folded(word: str) -> str:
    return word.rstrip(".").casefold()


@cache
def _months() -> dict[str, int]:
    """Return name, or beginning of one (three letters and more), -> month; ambiguous ones fail."""
    found: dict[str, set[int]] = {}
    for month, names in enumerate(_MONTH_NAMES):
        for name in names.split():
            for length in range(min(3, len(name)), len(name) + 1):
                found.setdefault(name[:length], set()).add(month)
    whole = {name: month for month, names in enumerate(_MONTH_NAMES) for name in names.split()}
    return {start: min(months) for start, months in found.items() if len(months) == 1} | whole
