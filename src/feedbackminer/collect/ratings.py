"""Stars from 1 to 5, from what exports write: "4", "4/5", "★★★★☆", "80 %", 7 of 10."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from feedbackminer.collect.fields import number, text

STARS = 5.0
_SCALES = (5.0, 10.0, 100.0)  # of bare numbers
MOST = 0.98  # of a column's numbers lie within its scale; a slip of the keyboard changes none
_FULL, _EMPTY = "★⭐🌟✭✮✯", "☆✩✰⚝"
_SIGNS = re.compile(rf"[{_FULL}{_EMPTY}½\s\ufe0f]+")
_NUMBER = r"(\d{1,3}(?:[.,]\d{1,3})?)"
_OF = re.compile(
    rf"{_NUMBER}\s*(?:/|out of|of|von|sur|de|di|su|van|av|af|z|из)\s*(\d{{1,3}})(?![\d/]).{{0,20}}",
    re.IGNORECASE,
)
_PERCENT = re.compile(rf"{_NUMBER}\s*%")
_NAMED = re.compile(
    rf"[{_FULL}]?\s*{_NUMBER}\s*(?:[{_FULL}]|-?stars?|sterne?|étoiles?|estrellas?|estrelas?"
    r"|stell[ae]|sterren|ster|gwiazdk[ai]|gwiazdek)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Rating:
    """A rating as it is written: an amount, and of how much, where that is told (else 0)."""

    amount: float
    best: float = 0.0


@dataclass
class Scale:
    """What the bare numbers of a column are counted in.

    Attributes:
        within: scale -> how many lie within it and in no smaller one.
        beyond: how many fit none.
    """

    within: dict[float, int] = field(default_factory=lambda: dict.fromkeys(_SCALES, 0))
    beyond: int = 0

    def add(self, amount: float) -> None:
        """Count a bare number."""
        best = next((b for b in _SCALES if 0 <= amount <= b), None)
        if best is None:
            self.beyond += 1
        else:
            self.within[best] += 1

    @property
    def best(self) -> float:
        """The best that the column can give; 0: its numbers are no ratings."""
        total = sum(self.within.values()) + self.beyond
        covered = 0
        for best in _SCALES:
            covered += self.within[best]
            if covered >= MOST * total:
                return best
        return 0.0


def parse(value: Any) -> Rating | None:
    """Return a rating as it is written, or None where there is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        plain = number(value)
        return None if plain is None else Rating(plain)
    written = text(value).strip()
    if not written:
        return None
    return _of_signs(written) or _of_words(written)


def stars(value: Any, best: float = STARS) -> float | None:
    """Return stars from 1 to 5, or None where there are none.

    Five stars are taken as they are; another scale, which begins at 0, is stretched to 1 to 5.

    Args:
        best: of the scale that bare numbers are counted in; 0: they are no ratings.
    """
    rating = parse(value)
    if rating is None:
        return None
    best = rating.best or best
    if best == STARS:
        return rating.amount if 1 <= rating.amount <= STARS else None
    if not 0 <= rating.amount <= best or not best:
        return None
    return round(1 + (STARS - 1) * rating.amount / best, 2)


def _of_signs(written: str) -> Rating | None:
    if not _SIGNS.fullmatch(written):
        return None
    full = sum(map(written.count, _FULL)) + written.count("½") / 2
    return Rating(full, max(STARS, full + sum(map(written.count, _EMPTY))))


def _of_words(written: str) -> Rating | None:
    plain = number(written)
    if plain is not None:
        return Rating(plain)
    if of := _OF.fullmatch(written):
        return Rating(_amount(of[1]), float(of[2]))
    if percent := _PERCENT.fullmatch(written):
        return Rating(_amount(percent[1]), 100.0)
    named = _NAMED.fullmatch(written)
    return Rating(_amount(named[1]), STARS) if named else None


def _amount(written: str) -> float:
    return float(written.replace(",", "."))
