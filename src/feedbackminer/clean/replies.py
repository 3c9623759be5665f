"""Replies: quoted lines, the mail that is answered, and what introduces them."""

from __future__ import annotations

import re

from feedbackminer.text.words import PSEUDONYM_PATTERN, WORD

_EMOTICON_OR_AMOUNT = re.compile(r">(?:[!=]|[:;_.][\s()<>_DP/\\|.'-]|[€$£+-]?\d)")
_MORE_THAN = re.compile(r">[€$£+-]?\d")
_ADDRESS = r"<?[^\s<>@]{1,64}@[^\s<>@]{1,190}|<email>|mailto:"
_WROTE = re.compile(
    r"\b(?:wrote|writes|said|says|schrieb|schreibt|a écrit|écrivait|escribió|ha scritto|scrisse"
    r"|escreveu|schreef|het volgende geschreven|skrev|napisał(?:\(?a\)?)?|kirjoitti|napsal"
    r"(?:\(a\))?|пишет|написал(?:\(?а\)?)?)\b|写道",
    re.IGNORECASE,
)
_DATED = re.compile(
    r"\b(?:19|20)\d\d\b|\b\d{1,2}[:.h]\d{2}\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b", re.IGNORECASE
)
_CLOCK_OR_ADDRESS = re.compile(rf"\b\d{{1,2}}[:.h]\d{{2}}\b|{_ADDRESS}", re.IGNORECASE)
_OPENS_ATTRIBUTION = re.compile(
    r"[\s*_>]{0,4}(?:on|am|le|el|il|em|op|den|dne|dnia|w dniu|at|a)\b", re.IGNORECASE
)
_NAMED = re.compile(rf"{_ADDRESS}|\b{PSEUDONYM_PATTERN}\b|\d", re.IGNORECASE)
_UNSPOKEN = re.compile(rf"\d{{4}}-\d\d-\d\d.{{0,120}}(?:{_ADDRESS})[^\w\s]{{0,3}}:$")
_LONGEST_ATTRIBUTION = 300
_LINES_OF_ATTRIBUTION = 3
_EMPTY_LINES = 3  # between an attribution and what it introduces

_HEADER_NAMES = {
    "from": "from von de da van od fra från",
    "date": "sent date gesendet datum envoyé date enviado enviada fecha data inviato verzonden"
    " wysłano sendt dato skickat",
    "to": "to an à a para aan do til till",
    "cc": "cc bcc kopie copie cópia kopia reply-to",
    "subject": "subject betreff objet asunto assunto oggetto onderwerp temat emne ämne",
}
_KINDS = {word: kind for kind, words in _HEADER_NAMES.items() for word in words.split()}
_HEADER = re.compile(r"[\s*_>]{0,6}([^\W\d_][\w-]{0,12})(?: el)?[*_]{0,2}[ \u00a0]?:")
_HEADER_LINES = 12
_HAS_ADDRESS = re.compile(_ADDRESS)
_CONTINUES = re.compile(r"\s+\S|.{0,500}(?:@|<email>|;\s{0,3}$)")
_PARTS = re.compile(r"[\s_=*-]{5,}$")
_ORIGINAL_WORDS = (
    r"original message|original e?-?mail|urspr(?:ü|ue)ngliche (?:nachricht|e?-?mail)"
    r"|original-?\s?nachricht|message d['’]origine|message original|mensaje original"
    r"|messaggio originale|mensagem original|oorspronkelijk bericht|origine?el bericht"
    r"|oprindelig meddelelse|ursprungligt meddelande|oryginalna wiadomość|wiadomość oryginalna"
)
_FORWARDED_WORDS = (
    r"forwarded message|forwarded by.{0,60}|weitergeleitete (?:nachricht|e?-?mail)"
    r"|message (?:transféré|réexpédié)|mensaje reenviado|messaggio inoltrato"
    r"|mensagem (?:encaminhada|reencaminhada)|doorgestuurd bericht"
)
_DASHED_MARK = re.compile(
    rf"^[ \t]?[-_]{{2,60}}[ \t]?(?:{_ORIGINAL_WORDS}|{_FORWARDED_WORDS})\b[-_=*: \t]{{0,60}}$",
    re.IGNORECASE | re.MULTILINE,
)
_SPELT_MARK = re.compile(
    rf"\s{{0,4}}(?:begin forwarded message|anfang der weitergeleiteten (?:nachricht|e-?mail)"
    r"|début du message (?:réexpédié|transféré)|inicio del mensaje reenviado"
    r"|inizio (?:del )?messaggio inoltrato|início da mensagem (?:re)?encaminhada"
    rf"|begin doorgestuurd bericht|{_ORIGINAL_WORDS}|{_FORWARDED_WORDS})\s?:?\s{{0,4}}",
    re.IGNORECASE,
)


def quotations(text: str) -> str:
    """Remove ``> `` lines and the lines above that say who wrote them."""
    lines = text.split("\n")
    kept: list[str] = []
    for n, line in enumerate(lines):
        if not _is_quoted(lines, n):
            kept.append(line)
        elif n and not _is_quoted(lines, n - 1):
            _drop_attribution(kept)
    return "\n".join(kept)


def answered(text: str) -> str:
    """Remove the mail that is answered or forwarded, from its header or mark on."""
    mark = _DASHED_MARK.search(text) if "--" in text or "__" in text else None
    lines = text[: mark.start() if mark else None].split("\n")
    return "\n".join(_before_attribution(_before_header(lines)))


def _is_quoted(lines: list[str], n: int) -> bool:
    line = lines[n].lstrip()
    if not line.startswith(">"):
        return False
    if not _EMOTICON_OR_AMOUNT.match(line):
        return True
    beside = [other.lstrip() for other in lines[max(n - 1, 0) : n + 2]]
    is_among_quotes = any(o.startswith(">") and not _EMOTICON_OR_AMOUNT.match(o) for o in beside)
    return bool(_MORE_THAN.match(line)) and is_among_quotes


def _drop_attribution(kept: list[str]) -> None:
    """Remove the line or lines at the end of ``kept`` that introduce a quotation."""
    last = len(kept)
    while last and len(kept) - last <= _EMPTY_LINES and not kept[last - 1].strip():
        last -= 1
    length = _length_of_attribution(kept, last)
    if length:
        del kept[last - length :]


def _length_of_attribution(lines: list[str], end: int) -> int:
    """Return how many lines before ``end`` say who wrote when, 0 for none."""
    if not end or not lines[end - 1].rstrip(" *_").endswith((":", "：")):
        return 0
    for n in range(min(_LINES_OF_ATTRIBUTION, end), 0, -1):
        joined = " ".join(line.strip(" \t*_") for line in lines[end - n : end])
        if len(joined) <= _LONGEST_ATTRIBUTION and _is_attribution(joined, n):
            return n
    return 0


def _is_attribution(line: str, n_lines: int) -> bool:
    if _UNSPOKEN.match(line):
        return True
    verb = _WROTE.search(line)
    if not verb:
        return False
    if n_lines > 1:
        return bool(_OPENS_ATTRIBUTION.match(line) and _DATED.search(line))
    return len(WORD.findall(line[: verb.start()])) <= 3 or bool(_NAMED.search(line))


def _before_attribution(lines: list[str]) -> list[str]:
    """Cut at the line with which a mail program introduces all that follows."""
    for end in range(1, len(lines) + 1):
        if not lines[end - 1].rstrip(" *_").endswith(":"):
            continue
        length = _length_of_attribution(lines, end)
        joined = " ".join(lines[end - length : end])
        if not length or not _is_dated_by_program(joined):
            continue
        return _cut(lines, end - length, end)
    return lines


def _is_dated_by_program(line: str) -> bool:
    return bool(
        _OPENS_ATTRIBUTION.match(line)
        and _DATED.search(line)
        and _CLOCK_OR_ADDRESS.search(line)
        and WORD.search(line)
    )


def _before_header(lines: list[str]) -> list[str]:
    for n, line in enumerate(lines):
        if _kind(line) == "from":
            start, end = _header_around(lines, n)
            if end:
                return _cut(lines, _mark_above(lines, start), end)
    return lines


def _cut(lines: list[str], start: int, end: int) -> list[str]:
    """Keep what stands above; where nothing does, the mail itself is the post."""
    above = lines[:start]
    return above if WORD.search("\n".join(above)) else [*above, *lines[end:]]


def _kind(line: str) -> str | None:
    header = _HEADER.match(line) if ":" in line else None
    return _KINDS.get(header[1].casefold()) if header else None


def _header_around(lines: list[str], n: int) -> tuple[int, int]:
    """Return the first line and the end of the header that line ``n`` is in; (0, 0): none."""
    start, end = n, n + 1
    while start and n - start < _HEADER_LINES and _kind(lines[start - 1]):
        start -= 1
    kinds = [_kind(line) for line in lines[start:end]]
    for at in range(end, min(n + _HEADER_LINES, len(lines))):
        kind = _kind(lines[at])
        if kind:
            kinds.append(kind)
            end = at + 1
        elif at > end or (lines[at].strip() and not _CONTINUES.match(lines[at])):
            break
    if {"from", "subject"} <= {*kinds} and len({*kinds}) > 2:
        return start, end
    is_addressed = _HAS_ADDRESS.search(lines[n]) and {"subject", "date"} & {*kinds}
    return (start, end) if is_addressed else (0, 0)


def _mark_above(lines: list[str], start: int) -> int:
    """Return where the rule or the words above a header begin."""
    first = start
    for at in range(start - 1, max(start - 5, -1), -1):
        if _SPELT_MARK.fullmatch(lines[at]) or _PARTS.fullmatch(lines[at]):
            first = at
        elif lines[at].strip():
            break
    return first
