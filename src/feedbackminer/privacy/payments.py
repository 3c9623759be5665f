"""Account numbers become ``<iban>``, cards ``<card>``; their check digits have to be right."""

from __future__ import annotations

import re
from typing import Final

# What parts groups, for use inside [ ]: spaces, also those that do not break; dots and dashes.
_GAP: Final = r" \u00a0\u2007\u2009\u202f.\u2010-\u2014-"

# --- IBAN -------------------------------------------------------------------------------------
_IBAN_LENGTHS: Final = {
    country: int(length)
    for country, length in re.findall(
        r"([A-Z]{2})([0-9]{2})",
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28"
        " EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IS26 IT27"
        " JO30 KW30 KZ20 LB28 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24"
        " PL28 PS29 PT25 QA29 RO24 RS22 SA24 SE24 SI19 SK24 SM27 TN24 TR26 UA29 VA22 XK20",
    )
}
_IBAN_CHECK_DIGITS: Final = re.compile(
    r"[0-9](?<=[A-Za-z]{2}[0-9])(?<!\w[A-Za-z]{2}[0-9])[0-9]"
    rf"(?=[{_GAP}]?[A-Za-z0-9]{{4}})"
)
_IBAN_TAILS: Final = {
    length: re.compile(rf"(?:[{_GAP}]?[A-Za-z0-9]){{{length - 4}}}(?![A-Za-z0-9])")
    for length in set(_IBAN_LENGTHS.values())
}


def ibans(text: str) -> str:
    """Replace account numbers with a known country length and a right mod-97 check."""
    pieces, done = [], 0
    for check in _IBAN_CHECK_DIGITS.finditer(text):
        start = check.start() - 2
        length = _IBAN_LENGTHS.get(text[start : start + 2].upper())
        if length is None or start < done:
            continue
        tail = _IBAN_TAILS[length].match(text, check.end())
        if tail and not _is_inside_id(text, start, tail) and _mod_97(text[start : tail.end()]) == 1:
            pieces += [text[done:start], "<iban>"]
            done = tail.end()
    return "".join(pieces) + text[done:]


def _is_inside_id(text: str, start: int, tail: re.Match[str]) -> bool:
    """Tell whether dashes go on before it, as in a UUID."""
    return text[max(start - 1, 0) : start] == "-" and "-" in tail[0]


def _mod_97(iban: str) -> int:
    compact = "".join(filter(str.isalnum, iban))
    return int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97


# --- payment cards ----------------------------------------------------------------------------
_CARD: Final = re.compile(
    rf"[2-6](?<![\w.#/-].)(?<![0-9][{_GAP}].)"
    rf"(?:[0-9]{{3}}(?:[{_GAP}/][0-9]{{4}}){{3}}(?:[{_GAP}/][0-9]{{3}}\b)?"
    rf"|[0-9]{{3}}[{_GAP}/][0-9]{{6}}[{_GAP}/][0-9]{{4,5}}|[0-9]{{12,18}}+)"
    rf"(?!\w|[.-][0-9]|[{_GAP}/][0-9]{{4}}\b)"
)
_CARD_ISSUERS: Final = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})"
    r"|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"
    r"|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|35(?:2[89]|[3-8][0-9])[0-9]{12}"
    r"|(?:6011|64[4-9][0-9]|65[0-9]{2}|62[0-9]{2})[0-9]{12,15}"
)


def cards(text: str) -> str:
    """Replace payment card numbers: an issuer's prefix and length, and a right Luhn digit."""
    return _CARD.sub(_card_mark, text)


def _card_mark(match: re.Match[str]) -> str:
    digits = "".join(filter(str.isdigit, match[0]))
    return "<card>" if _CARD_ISSUERS.fullmatch(digits) and _luhn(digits) else match[0]


def _luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(d), 10)) for d in digits[-2::-2])
    return (sum(doubled) + sum(int(d) for d in digits[-1::-2])) % 10 == 0
