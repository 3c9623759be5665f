"""Phone numbers become ``<phone>``; dates, readings, part and order numbers stay."""

import re
from typing import Final

# Also where no space stands before the number: "call(555-…", "tel.0171…".
_GLUED: Final = "|".join(
    rf"(?<=\b(?i:{word}).)"
    for word in r"tel tel\. fax fax\. mob\. nr\. no\. call cell text ring dial phone mobil mobile"
    r" handy whatsapp".split()
)
_GAP: Final = r"[ .\-/()\u00a0\u2007\u2009\u202f\u2010-\u2014]"
_DIGIT_RUN: Final = re.compile(
    rf"[+(0-9](?:(?<![\w.#$€£+/-].)|(?<=[A-Za-z.][+0-9])(?:{_GLUED}))(?<!<phone>.)(?<![0-9],.)"
    r"(?:(?<=\+)\(?[0-9]|(?<=\()[0-9]|(?<=[0-9]))"
    rf"(?:(?: [-\u2013/] (?=[0-9]{{3}})|{_GAP}{{0,2}}+)[0-9])*+"
)
_PLAIN: Final = str.maketrans(
    {ord(space): " " for space in "\u00a0\u2007\u2009\u202f"}
    | {ord(dash): "-" for dash in "\u2010\u2011\u2012\u2013\u2014"}
)
_WA_LINK: Final = re.compile(r"(?<=wa\.me/)\+?[0-9]{8,15}(?![0-9])")
_INTERNATIONAL: Final = re.compile(r"\+(?=[1-9])(?![0-9]{1,3}\.[0-9]{3,}(?:$| |-[0-9]+\.))")
_PHONE_SHAPES: Final = re.compile(
    r"(?:1[-. ])?\([2-9][0-9]{2}\) ?[2-9][0-9]{2}[-. ][0-9]{4}"  # North America
    r"|(?:1([-.]))?(?![2-7]00)[2-9][0-8][0-9]([-.])[2-9][0-9]{2}\2[0-9]{4}"
    r"|0[1-9](?:([ .-])[0-9]{2})(?:\3[0-9]{2}){3}"  # France
    r"|0[0-9]{4} [0-9]{3} ?[0-9]{3}|0[0-9]{3} [0-9]{3} [0-9]{4}|0[0-9]{2} [0-9]{4} [0-9]{4}"  # UK
    r"|07[0-9]{9}|07[0-9]{3}-[0-9]{3}-[0-9]{3}|\(0[0-9]{2,4}\) ?[0-9]{3,4} ?[0-9]{3,4}"
    r"|04[0-9]{2} [0-9]{3} [0-9]{3}|\(0[0-9]\) ?[0-9]{4} ?[0-9]{4}"  # Australia
    r"|01[567][0-9][ /-]?[0-9]{7,8}|0[1-9][0-9]{1,3}/ ?[0-9]{5,8}"  # Germany, Austria
    r"|01[567][0-9]([ /-])[0-9]{2,5}(?:[ -][0-9]{2,5}){1,3}"
    r"|0[1-9][0-9]{1,3}(?:/| [-/] )[0-9]{3,4}(?:[ -][0-9]{2,4}){1,2}"
    r"|06[ -][0-9]{8}|\([0-9]{2}\) ?9?[0-9]{4}-[0-9]{4}"  # Netherlands, Brazil
    r"|0[0-9](?:0)?-[0-9]{4}-[0-9]{4}"  # Japan
    r"|00[1-9][0-9]{1,2}(?=[ /-])(?!(?:[ /-][0-9]{4})+$)(?:[ /-][0-9]{1,8}){2,6}"  # 00 = plus
)
_LINK: Final = (
    r"(?:number|no|nr|is|at|on|to|me|us|my|him|her|under|unter|an|mich|au|al|op|ist|lautet)\b"
)
_PHONE_BEFORE: Final = re.compile(
    r"(?<!<)(?:\b(?:tel(?:e(?:phone|fon[oe]?|foon|fonnummer)|[ée]phone|[ée]fono)?|whatsapp|zap|fax"
    r"|m[oó]vil|celular|(?:handy|ruf|mobil|telefon)nummer|sms|phone number|тел(?:ефон)?|mob)"
    r"|電話|电话|手机|携帯|전화)"
    rf"(?:{_LINK}|[\s:：=(.])*$"
    r"|(?<!<)\b(?:phone|mobile?|cell|handy|call|ring|text|reach|contact|dial|chiamami|appelez-moi"
    rf"|ll[aá]mame|bel|ruf|erreichbar)(?: (?:phone|it|number))?\s*(?:{_LINK}|[:=])"
    rf"(?:{_LINK}|[\s:=(.])*$",
    re.IGNORECASE,
)
# Words that tell of a phone less surely: what follows has to be long enough for one.
_MAYBE_BEFORE: Final = re.compile(
    r"(?<!<)\b(?:phone|mobile?|cell|handy|call|ring|text|contact|dial|bel|ruf|appel(?:le|er|ez)"
    r"|chiama|llam[ae]|ligue|dzwo[nń]|zadzwo[nń]|звони(?:те)?|(?:new|neue) (?:number|nummer)"
    r"|(?:my|his|her|our|their|your|meine?|deine|unsere|mon|mi|meu|il mio|mijn|m[oó]j|мой)"
    r" (?:(?:new|old|other|private|work|home|neue|alte|andere|nieuwe|nouveau|nuevo|novo|nowy) )?"
    r"(?:number|nummer|num[eé]ro|n[uú]mero|numer|номер))"
    r"(?: is| ist| est| es| lautet)?[\s:=(.]*$",
    re.IGNORECASE,
)
_MAYBE_SHAPES: Final = re.compile(
    r"(?=(?:[^0-9]*[0-9]){9,13}[^0-9]*$)(?:0|\(0|[0-9(]+[^0-9]+[0-9])[0-9 ()/.-]*|[0-9]{10}"
)
_LOCAL_BEFORE: Final = re.compile(r"\b(?:call|ring|dial)[\s:(]*$", re.IGNORECASE)
_LOCAL: Final = re.compile(r"[2-9][0-9]{2}-[0-9]{4}")
_PHONE_AFTER: Final = re.compile(
    r"\)? (?:\((?:mobile?|cell|home|work|office|handy|privat|whatsapp|signal)\)"
    r"|is my (?:\w{2,8} )?number|ist meine (?:\w{2,8} )?(?:handy|telefon)?nummer)",
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
_BYTES: Final = re.compile(r"[0-9]{2}(?: {1,2}[0-9]{2})+")
_HEX_BEFORE: Final = re.compile(r"\b[0-9a-f]{2} {1,2}$", re.IGNORECASE)
_HEX_AFTER: Final = re.compile(r" {1,2}[0-9a-f]{2}\b", re.IGNORECASE)
_DATE: Final = re.compile(r"(?:[0-9]{4}[-./][0-9]{1,2}|[0-9]{1,2}[-./][0-9]{1,2}[-./](?:19|20)?)\b")


def phones(text: str) -> str:
    """Replace phone numbers: by +, by a national shape, or by a word such as "call me on".

    A maximal run of digit groups is judged as a whole, so a row of readings is never half a phone.
    """
    text = _WA_LINK.sub("<phone>", text) if "wa.me/" in text else text
    return _DIGIT_RUN.sub(_phone_mark, text)


def _phone_mark(match: re.Match[str]) -> str:
    run = match[0]
    if not 7 <= len(run) <= 28 or not 7 <= sum(map(str.isdigit, run)) <= 15:
        return run
    return "<phone>" if _is_phone(run.translate(_PLAIN), match) else run


def _is_phone(run: str, match: re.Match[str]) -> bool:
    before = match.string[max(0, match.start() - 40) : match.start()]
    after = match.string[match.end() : match.end() + 32]
    if re.match(r"(?!x[0-9])\w|[.,:][0-9]", after) or _UNIT_AFTER.match(after):
        return False
    if run.startswith("+"):
        return sum(map(str.isdigit, run)) > 7 and bool(_INTERNATIONAL.match(run))
    if _PHONE_SHAPES.fullmatch(run):
        has_hex = _HEX_BEFORE.search(before) or _HEX_AFTER.match(after)
        in_hex_dump = has_hex and _BYTES.fullmatch(run)
        return not in_hex_dump and not _REFERENCE_BEFORE.search(before)
    return not _DATE.match(run) and _is_told(run, before, after)


def _is_told(run: str, before: str, after: str) -> bool:
    """Tell whether the words around a number say that it is a phone's."""
    if "." not in run and _PHONE_BEFORE.search(before):
        return True
    if _LOCAL.fullmatch(run):
        return _LOCAL_BEFORE.search(before) is not None
    is_told = _MAYBE_BEFORE.search(before) or _PHONE_AFTER.match(after)
    return bool(is_told and _MAYBE_SHAPES.fullmatch(run))
