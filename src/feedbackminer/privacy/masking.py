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
from feedbackminer.privacy.emails import emails
from feedbackminer.privacy.payments import cards, ibans
from feedbackminer.privacy.phones import phones

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
