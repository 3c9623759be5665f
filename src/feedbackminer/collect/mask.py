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

_PLACEHOLDER: Final = re.compile(
    r"x{4,}|\*+|\.{3}|your|my_|myapi|change_?me|example|placeholder|redacted|password\d?$|env\b"
    r"|process\.|os\.|self\.|this\.|none$|null$|true$|false$|[$%{/\[]",
    re.IGNORECASE,
)

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


def _email_mark(found: re.Match[str]) -> str:
    mailbox, domain, top = found.groups()
    is_package = re.match(r"v?\d+\.\d", domain) is not None
    if is_package or mailbox in _NOT_A_MAILBOX or _NOT_A_TLD.fullmatch(top):
        return found[0]
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


def _card_mark(found: re.Match[str]) -> str:
    digits = re.sub(r"[ -]", "", found[0])
    return "<card>" if _CARD_ISSUERS.fullmatch(digits) and _luhn(digits) else found[0]


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


def _ipv4_mark(found: re.Match[str]) -> str:
    before = found.string[max(0, found.start() - 30) : found.start()]
    octets = [int(octet) for octet in found[0].split(".")]
    if max(octets) > 255 or _IPV4_KEPT.match(found[0]) or _VERSION_BEFORE.search(before):
        return found[0]
    is_plausible = sum(octet > 30 for octet in octets) >= 2
    return "<ip>" if is_plausible or _ADDRESS_BEFORE.search(before) else found[0]


def _ipv6_mark(found: re.Match[str]) -> str:
    address = found[0][:-1] if re.search(r"[^:]:$", found[0]) else found[0]
    try:
        IPv6Address(address)
    except AddressValueError:
        return found[0]
    return "<ip>" + found[0][len(address) :]


# --- phones -----------------------------------------------------------------------------------
_DIGIT_RUN: Final = re.compile(
    r"[+(0-9](?<![\w.#$€£+/-].)(?<!<phone>.)(?<![0-9],.)(?:(?<=\+)\(?[0-9]|(?<=\()[0-9]|(?<=[0-9]))"
    r"(?:[ .\-/()\u00a0\u2011]{0,2}+[0-9])*+"
)
_WA_LINK: Final = re.compile(r"(?<=wa\.me/)\+?[0-9]{8,15}(?![0-9])")
_INTERNATIONAL: Final = re.compile(r"\+(?=[1-9])(?![0-9]{1,3}\.[0-9]{3,}(?:$| |-[0-9]+\.))")
_PHONE_SHAPES: Final = re.compile(
    r"(?:1[-. ])?\([2-9][0-9]{2}\) ?[2-9][0-9]{2}[-. ][0-9]{4}"  # North America
    r"|(?:1([-.]))?(?![2-7]00)[2-9][0-8][0-9]([-.])[2-9][0-9]{2}\2[0-9]{4}"
    r"|0[1-9](?:([ .-])[0-9]{2})(?:\3[0-9]{2}){3}"  # France
    r"|0[0-9]{4} [0-9]{3} ?[0-9]{3}|0[0-9]{3} [0-9]{3} [0-9]{4}|0[0-9]{2} [0-9]{4} [0-9]{4}"  # UK
    r"|07[0-9]{9}|\(0[0-9]{2,4}\) ?[0-9]{3,4} ?[0-9]{3,4}"
    r"|04[0-9]{2} [0-9]{3} [0-9]{3}|\(0[0-9]\) ?[0-9]{4} ?[0-9]{4}"  # Australia
    r"|01[567][0-9][ /-]?[0-9]{7,8}|0[1-9][0-9]{1,3}/ ?[0-9]{5,8}"  # Germany, Austria
    r"|06[ -][0-9]{8}|\([0-9]{2}\) ?9?[0-9]{4}-[0-9]{4}"  # Netherlands, Brazil
    r"|0[0-9](?:0)?-[0-9]{4}-[0-9]{4}"  # Japan
    r"|00[1-9][0-9]{1,2}(?=[ /-])(?!(?:[ /-][0-9]{4})+$)(?:[ /-][0-9]{1,8}){2,6}"  # 00 = plus
)
_LINK: Final = r"(?:number|no|nr|is|at|on|to|me|us|my|him|her|under|unter|an|mich|au|al|op)\b"
_PHONE_BEFORE: Final = re.compile(
    r"(?<!<)(?:\b(?:tel(?:e(?:phone|fon[oe]?|foon|fonnummer)|[ée]phone|[ée]fono)?|whatsapp|zap|fax"
    r"|m[oó]vil|celular|(?:handy|ruf|mobil)nummer|sms|phone number)|電話)"
    rf"(?:{_LINK}|[\s:=(.])*$"
    r"|(?<!<)\b(?:phone|mobile?|cell|handy|call|ring|text|reach|contact|dial|chiamami|appelez-moi"
    rf"|ll[aá]mame|bel|ruf|erreichbar)(?: (?:phone|it|number))?\s*(?:{_LINK}|[:=])"
    rf"(?:{_LINK}|[\s:=(.])*$",
    re.IGNORECASE,
)
_REFERENCE_BEFORE: Final = re.compile(
    r"(?<![a-z])(?:order|ticket|case|rma|invoice|tracking|serial|[sp]/n|sn|pn|part|sku|ref|isbn|id"
    r"|imei|error|code|model|rev|build|version|ver|bug|issue|bestell\w*|auftrag\w*|artikel\w*)"
    r"(?: (?:no|nr|number))?[\s:#.=]*$",
    re.IGNORECASE,
)
_UNIT_AFTER: Final = re.compile(
    r"\s?(?:%|[kMG]?Hz|[mk]?[VAW]h?\b|[mk]?Ah|ohms?|bytes|[KMG]i?B\b|rows|counts?|ms\b|px|€|EUR|USD)"
)
_HEX_BEFORE: Final = re.compile(r"\b[0-9a-f]{2} {1,2}$", re.IGNORECASE)
_HEX_AFTER: Final = re.compile(r" {1,2}[0-9a-f]{2}\b", re.IGNORECASE)
_DATE: Final = re.compile(r"(?:[0-9]{4}[-./][0-9]{1,2}|[0-9]{1,2}[-./][0-9]{1,2}[-./](?:19|20)?)\b")


def phones(text: str) -> str:
    """Replace phone numbers: by +, by a national shape, or by a word such as "call me on".

    A maximal run of digit groups is judged as a whole, so a row of readings is never half a phone.
    """
    text = _WA_LINK.sub("<phone>", text) if "wa.me/" in text else text
    return _DIGIT_RUN.sub(_phone_mark, text)


def _phone_mark(found: re.Match[str]) -> str:
    run = found[0]
    if not 7 <= len(run) <= 28 or not 7 <= sum(map(str.isdigit, run)) <= 15:
        return run
    return "<phone>" if _is_phone(run, found) else run


def _is_phone(run: str, found: re.Match[str]) -> bool:
    before = found.string[max(0, found.start() - 40) : found.start()]
    after = found.string[found.end() : found.end() + 8]
    if re.match(r"(?!x[0-9])\w|[.,:][0-9]", after) or _UNIT_AFTER.match(after):
        return False
    if run.startswith("+"):
        return sum(map(str.isdigit, run)) > 7 and bool(_INTERNATIONAL.match(run))
    if _PHONE_SHAPES.fullmatch(run):
        in_hex_dump = _HEX_BEFORE.search(before) or _HEX_AFTER.match(after)
        return not in_hex_dump and not _REFERENCE_BEFORE.search(before)
    return "." not in run and not _DATE.match(run) and bool(_PHONE_BEFORE.search(before))


# --- secrets ----------------------------------------------------------------------------------
_KNOWN_SECRET: Final = re.compile(
    r"\b(?:A[KS]IA[A-Z0-9]{16}\b|gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_\w{22,255}"
    r"|glpat-[\w-]{20,100}|(?<!-)sk-(?=[\w-]{0,199}[0-9])(?=[\w-]{0,199}[A-Z])[\w-]{20,200}"
    r"|xox[baprs]-[\w-]{10,200}|AIza[\w-]{30,40}|[srp]k_(?:live|test)_[A-Za-z0-9]{10,200}"
    r"|whsec_\w{20,100}|npm_[A-Za-z0-9]{30,50}|hf_[A-Za-z0-9]{30,50}"
    r"|SG\.[\w-]{16,60}\.[\w-]{16,80}|[0-9]{8,10}:AA[\w-]{30,40}"
    r"|eyJ[\w-]{8,2000}+\.eyJ[\w-]{4,4000}+\.[\w-]{8,2000}+)"
    r"""|(?<=key: ")[A-Za-z0-9+/]{43}="""
)
_SECRET_PREFIXES: Final = re.findall(
    r"\S+",
    "AKIA ASIA ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- sk- xox AIza k_live_ k_test_ whsec_ npm_"
    ' hf_ SG. :AA eyJ ="',
)
_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:[^-]|-(?!----))*+-----END [A-Z ]{0,30}-----"
)
_AUTH_HEADER: Final = re.compile(
    r"(Authorization[\"']?\s?[:=]\s?[\"']?(?:Bearer|Basic|Token|Digest)\s{1,2})([\w.~+/=-]{8,4000}+)",
    re.IGNORECASE,
)
_KEY_ASSIGNED: Final = re.compile(
    r"((?<![A-Za-z])(?:api[_\s-]?key|(?:access|auth|refresh|bot|api)?[_-]?token|secret"
    r"|(?:client|app|api)[_-]?secret|secret[_-]?(?:access[_-]?)?key"
    r"|(?:private|access|network|encryption)[_-]?key)"
    r"[\"']?(?:\s{0,3}(?:=>|:=|[:=])|\s{1,3}is\s)\s{0,3}[\"'`]?)([\w+/=-]{12,200}+)(?!\.?[\w(\[])",
    re.IGNORECASE,
)
_HEX_KEY: Final = re.compile(r"(api[ _-]?key\W{1,3}(?:is\W{1,2})?)([0-9a-f]{32})\b", re.IGNORECASE)
_PASSWORD: Final = re.compile(
    r"((?<![A-Za-z])(?:password|passwort|passwd|passphrase|pwd|psk|contraseña|mot de passe)"
    r"[\"']?(?:\s{0,3}(?:=>|[:=])|\s{1,3}(is|ist|es)\s)\s{0,3}([\"'`]?))"
    r"((?:[^\s\"'`,;<>&]|&(?!\w{1,30}=)){4,100}+)",
    re.IGNORECASE,
)
_IDENTIFIER: Final = re.compile(r"[A-Za-z_-]+[0-9]{0,2}")


def api_keys(text: str) -> str:
    """Replace keys, tokens and passwords, known by their prefix or by the word before them.

    Bare hex such as a commit, a UUID or a checksum stays: nothing says that it is secret.
    """
    text = _PRIVATE_KEY.sub("<secret>", text) if "PRIVATE KEY-----" in text else text
    if any(prefix in text for prefix in _SECRET_PREFIXES):
        text = _KNOWN_SECRET.sub("<secret>", text)
    lowered = text.lower()
    if "authorization" in lowered:
        text = _AUTH_HEADER.sub(r"\1<secret>", text)
    if "key" in lowered or "token" in lowered or "secret" in lowered:
        text = _HEX_KEY.sub(_key_mark, _KEY_ASSIGNED.sub(_key_mark, text))
    if "pass" in lowered or "pwd" in lowered or "psk" in lowered or "contrase" in lowered:
        text = _PASSWORD.sub(_password_mark, text)
    return text


def _key_mark(found: re.Match[str]) -> str:
    return found[1] + "<secret>" if _looks_random(found[2]) else found[0]


def _looks_random(value: str) -> bool:
    has_both = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    is_name = _IDENTIFIER.fullmatch(value) or _PLACEHOLDER.match(value)
    return has_both and not is_name


def _password_mark(found: re.Match[str]) -> str:
    value = found[4].rstrip(".,:?)")
    is_code = any(c in value for c in "([{") or _PLACEHOLDER.match(value)
    signs = "0123456789" if found[2] else "0123456789!@#$%^*"
    is_secret = len(value) >= 4 and (found[3] or any(c in value for c in signs))
    return found[1] + "<secret>" + found[4][len(value) :] if is_secret and not is_code else found[0]


_URL_LOGIN: Final = re.compile(r"://[^\s/:@<>]{1,128}:[^\s/@<>]{1,256}+(?=@)")
_URL_PARAMETER: Final = re.compile(
    r"([?&#;](?:((?:access|auth|id|refresh)?_?token|api_?key|(?:client_)?secret|passw(?:or)?d|pwd"
    r"|x-amz-(?:signature|security-token))|key|pass|auth|sig|signature|code|session(?:id)?|sid)=)"
    r"([^&\s#\"'<>)\]]{6,2000}+)",
    re.IGNORECASE,
)
_WEBHOOK: Final = re.compile(
    r"(hooks\.slack\.com/services/|discord(?:app)?\.com/api/webhooks/)[\w/-]{20,200}"
)


def url_secrets(text: str) -> str:
    """Replace logins, tokens and keys inside URLs; host, path and other parameters stay."""
    if "://" in text:
        text = _URL_LOGIN.sub("://<secret>", text)
        text = _WEBHOOK.sub(r"\1<secret>", text) if "hooks" in text else text
    return _URL_PARAMETER.sub(_parameter_mark, text) if "=" in text else text


def _parameter_mark(found: re.Match[str]) -> str:
    value = found[3].rstrip(".,;:!?")
    is_surely_secret = found[2] and not _PLACEHOLDER.match(value)
    if is_surely_secret or (len(value) >= 12 and _looks_random(value)):
        return found[1] + "<secret>" + found[3][len(value) :]
    return found[0]


# --- user names in paths ----------------------------------------------------------------------
_UNIX_HOME: Final = re.compile(
    r"(?<![\w.~<-])(?<!<user>)((?:/mnt/[a-z])?/(?:home|Users)/)([^\W\d][\w-]*+(?:\.[\w-]++)*)"
)
_WINDOWS_HOME: Final = re.compile(
    r"([A-Za-z]:(\\{1,2}|/)(?i:users|documents and settings)\2)"
    r"([^\\/:*?\"<>|\r\n%$]{1,40}(?=[\\/])|\w[\w.-]{0,40})"
)
_SYSTEM_USERS: Final = re.compile(
    r"pi|ubuntu|debian|root|admin|(?:container)?administrator|user(?:name)?|name|you|me|node|app|git"
    r"|jovyan|vagrant|docker|www-data|runner(?:admin)?|circleci|travis|ec2-user|homeassistant|openhab"
    r"|emonhub|emoncms|linuxbrew|shared|public|default|default user|all users|defaultuser0|guest"
    r"|dashboard|index|about|settings|login|.*\.(?:html?|php|jsx?|tsx?|vue|css|md|png|py|sh|log|txt)",
    re.IGNORECASE,
)


def path_users(text: str) -> str:
    """Replace account names in home folders, other than system accounts, by ``<user>``."""
    if "/home/" in text or "/Users/" in text:
        text = _UNIX_HOME.sub(_user_mark, text)
    is_windows = "sers" in text or " Settings" in text
    return _WINDOWS_HOME.sub(_user_mark, text) if is_windows else text


def _user_mark(found: re.Match[str]) -> str:
    name = found[found.re.groups]
    return found[0] if _SYSTEM_USERS.fullmatch(name) else found[1] + "<user>"


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
