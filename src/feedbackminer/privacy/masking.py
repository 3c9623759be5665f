r"""Mask personal data in community posts, before anything is stored.

Each public function takes a text and returns it with one kind of personal data replaced by a
mark such as ``<email>``; :func:`mask` composes them. What helps support stays readable: versions,
dates, part and order numbers, readings, hashes, private network addresses (192.168.x.x, fe80::,
loopback), public resolvers such as 8.8.8.8, and system accounts such as ``/home/pi``.

Every pattern is bounded or possessive, so hostile input costs linear time. Patterns for numbers
start with a plain character class and look behind it afterwards: ``re`` skips to such a class fast.
"""

import re
from collections.abc import Callable
from ipaddress import AddressValueError, IPv6Address
from typing import Final

from feedbackminer.privacy.credentials import api_keys, path_users, url_secrets
from feedbackminer.privacy.phones import phones

# --- e-mail -----------------------------------------------------------------------------------
_EMAIL: Final = re.compile(
    r"(?<![\w.+-])@?(\w[\w.+'-]{0,63})(?:@|%40)"
    r"((?:[A-Za-z0-9-]{1,63}\.){1,6}([A-Za-z]{2,24}))(?![\w(])"
)
_EMAIL_BRACKETS: Final = re.compile(
    r"(?<![\w.+-])\w[\w.+-]{0,63} ?[\[(] ?at ?[\])] ?[\w-]{1,63}"
    r"(?:(?: ?[\[(] ?dot ?[\])] ?|\.)[\w-]{2,63}){1,3}",
    re.IGNORECASE,
)
_EMAIL_WORDS: Final = re.compile(
    r"\b\w{1,40}(?: dot \w{1,40}){0,3} at [\w-]{1,63}(?: dot [\w-]{1,63}){0,2}"
    r" dot (?:com|org|net|edu|info|io|co|eu|de|uk|fr|nl|it|es|pl|ch|at|be|br|in|ca|au)\b",
    re.IGNORECASE,
)
# What looks like a top-level domain but ends a file, a systemd unit or a name of the local net.
_NOT_A_TLD: Final = re.compile(
    r"png|jpe?g|gif|svg|webp|ico|js|css|html|py|json|ya?ml|service|socket|timer|target|mount"
    r"|device|slice|path|scope|local|lan|internal|home|localdomain",
    re.IGNORECASE,
)
_NOT_A_MAILBOX: Final = frozenset({"git", "this", "super", "return"})


def emails(text: str) -> str:
    """Replace e-mail addresses, also ``jane (at) example (dot) org``, by ``<email>``."""
    if "@" in text or "%40" in text:
        text = _EMAIL.sub(_email_mark, text)
    lowered = text.lower()
    if any(bracketed in lowered for bracketed in ("at)", "at]", "at )", "at ]")):
        text = _EMAIL_BRACKETS.sub("<email>", text)
    return _EMAIL_WORDS.sub("<email>", text) if " dot " in lowered else text


def _email_mark(match: re.Match[str]) -> str:
    mailbox, domain, top = match.groups()
    is_package = re.match(r"v?\d+\.\d", domain) is not None
    if is_package or mailbox in _NOT_A_MAILBOX or _NOT_A_TLD.fullmatch(top):
        return match[0]
    return "<email>"


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
    r"[0-9](?<=[A-Za-z]{2}[0-9])(?<!\w[A-Za-z]{2}[0-9])[0-9](?= ?[A-Za-z0-9]{4})"
)
_IBAN_TAILS: Final = {
    length: re.compile(rf"(?: ?[A-Za-z0-9]){{{length - 4}}}(?![A-Za-z0-9])")
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
        if tail and _mod_97(text[start : tail.end()]) == 1:
            pieces += [text[done:start], "<iban>"]
            done = tail.end()
    return "".join(pieces) + text[done:]


def _mod_97(iban: str) -> int:
    compact = iban.replace(" ", "")
    return int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97


# --- payment cards ----------------------------------------------------------------------------
_CARD: Final = re.compile(
    r"[2-6](?<![\w.#/-].)(?<![0-9][ -].)"
    r"(?:[0-9]{3}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}(?:\1[0-9]{3}\b)?"
    r"|[0-9]{3}([ -])[0-9]{6}\2[0-9]{4,5}|[0-9]{12,18}+)(?!\w|[.-][0-9]| [0-9]{4}\b)"
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
    digits = re.sub(r"[ -]", "", match[0])
    return "<card>" if _CARD_ISSUERS.fullmatch(digits) and _luhn(digits) else match[0]


def _luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(d), 10)) for d in digits[-2::-2])
    return (sum(doubled) + sum(int(d) for d in digits[-1::-2])) % 10 == 0


# --- IP addresses -----------------------------------------------------------------------------
_IPV4: Final = re.compile(
    r"[0-9](?<![\w.-].)(?<!\w/.)(?<!==.)[0-9]{0,2}(?:\.[0-9]{1,3}){3}(?!\w|\.\w|-[A-Za-z0-9])"
)
_IPV6: Final = re.compile(r"[23](?<![\w:.].)[0-9a-fA-F]{3}:[0-9a-fA-F:]{2,34}+(?![\w.])")
_IPV4_KEPT: Final = re.compile(
    r"(?:0|10|127|22[4-9]|2[3-5][0-9])\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2[0-9]|3[01])\."
    r"|(?:8\.8\.8\.8|8\.8\.4\.4|1\.1\.1\.1|1\.0\.0\.1|9\.9\.9\.9|208\.67\.22[02]\.22[02])$"
)
_VERSION_BEFORE: Final = re.compile(
    r"(?<![a-z])(?:version|ver|firmware|fw|release|build|rev|bios|driver|software|sw|update|upgrade|app"
    r"|section|chapter|step|clause|oid)[a-z]{0,4}\.?[\s:=#(]{0,3}$",
    re.IGNORECASE,
)
_ADDRESS_BEFORE: Final = re.compile(
    r"(?<!<)\b(?:ip|ipv4|addr|address|host|server|ping|from|ssh|traceroute|via|client|remote)"
    r"(?: address)?(?: is| was)?[\s:=(]{1,3}$|[/@]$",
    re.IGNORECASE,
)


def ip_addresses(text: str) -> str:
    """Replace public IPv4 and IPv6 addresses; private and loopback ranges stay readable.

    Without a word such as "ip" or "from" before it, four numbers count as an address only when
    two of them exceed 30: versions such as 4.0.1.12 rarely do, addresses nearly always.
    """
    if text.count(".") >= 3:
        text = _IPV4.sub(_ipv4_mark, text)
    return _IPV6.sub(_ipv6_mark, text) if text.count(":") >= 2 else text


def _ipv4_mark(match: re.Match[str]) -> str:
    before = match.string[max(0, match.start() - 30) : match.start()]
    octets = [int(octet) for octet in match[0].split(".")]
    if max(octets) > 255 or _IPV4_KEPT.match(match[0]) or _VERSION_BEFORE.search(before):
        return match[0]
    is_plausible = sum(octet > 30 for octet in octets) >= 2
    return "<ip>" if is_plausible or _ADDRESS_BEFORE.search(before) else match[0]


def _ipv6_mark(match: re.Match[str]) -> str:
    address = match[0][:-1] if re.search(r"[^:]:$", match[0]) else match[0]
    try:
        IPv6Address(address)
    except AddressValueError:
        return match[0]
    return "<ip>" + match[0][len(address) :]


# --- all together -----------------------------------------------------------------------------
# Secrets go first: their text may hold what looks like an address. Phones go last of the numbers:
# their shapes are the loosest.
_MASKS: Final[tuple[Callable[[str], str], ...]] = (
    url_secrets,
    api_keys,
    emails,
    ibans,
    cards,
    ip_addresses,
    phones,
    path_users,
)
_MOST_ROUNDS: Final = 8  # a bound, so that no text made for it costs quadratic time


def mask(text: str) -> str:
    """Replace every kind of personal data; masking a masked text again changes nothing.

    A mark can turn its neighbour into a clear case (a number glued to an address), so a changed
    text is masked again until it stays the same. Two rounds do for all but hostile text.
    """
    for _ in range(_MOST_ROUNDS):
        masked = _mask_once(text)
        if masked == text:
            break
        text = masked
    return text


def _mask_once(text: str) -> str:
    for masks_one_kind in _MASKS:
        text = masks_one_kind(text)
    return text
