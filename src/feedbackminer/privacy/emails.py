"""E-mail addresses become ``<email>``, also those that are hidden from robots."""

from __future__ import annotations

import re
from typing import Final

from feedbackminer.text.words import EAST_ASIAN_SIGNS, UNSPACED_SIGNS

_AT: Final = "[@\uff20\ufe6b]"  # also in its wide and its small form
_LABEL: Final = r"(?:[^\W_]|-){1,63}"
_TOP: Final = rf"(?:[A-Za-z]{{2,24}}|[^\W\d_A-Za-z][^\W\d_]{{1,23}})(?![^\W{EAST_ASIAN_SIGNS}])"
# Where no space parts words, a Latin mailbox ends where they begin.
_MAILBOX: Final = (
    rf"(?<![^\W{UNSPACED_SIGNS}])(?<![.+-])[^\W{UNSPACED_SIGNS}](?:[.+'-]|[^\W{UNSPACED_SIGNS}]){{0,63}}"
    rf"|[{UNSPACED_SIGNS}]{{1,20}}"
)
_EMAIL: Final = re.compile(rf"@?({_MAILBOX})(?:{_AT}|%40)((?:{_LABEL}\.){{1,6}}({_TOP}))(\(?)")
_EMAIL_SPACED: Final = re.compile(
    rf"\b(\w[\w.+'-]{{0,63}})(?: {{1,2}}{_AT} {{0,2}}|{_AT} {{1,2}})((?:{_LABEL}\.){{1,6}}{_TOP})"
)

_HIDDEN_AT: Final = rf" ?[\[({{<] ?(?:at|ät|arroba|{_AT}) ?[\])}}>] ?| [*_-]at[*_-] "
_HIDDEN_DOT: Final = r"(?: ?[\[({<] ?(?:dot|punkt|punto|ponto|point|\.) ?[\])}>] ?| [*_-]dot[*_-] )"
_MAY_BE_HIDDEN: Final = re.compile(  # in lower case, to find soon that nothing is
    rf"[\[({{<*_-] ?(?:at|ät|arroba|{_AT}|dot|punkt|punto|ponto|point|\.) ?[\])}}>*_-]"
)
_EMAIL_HIDDEN: Final = re.compile(
    rf"(?<![\w.+-])\w[\w+-]{{0,63}}(?:(?:\.|{_HIDDEN_DOT})[\w+-]{{1,63}}){{0,3}}"
    rf"(?:(?:{_HIDDEN_AT})[\w-]{{1,63}}(?:(?:{_HIDDEN_DOT}|\.| dot )[\w-]{{2,63}}){{1,3}}"
    rf"|(?:{_AT}| at )[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{0,2}}"
    rf"(?:{_HIDDEN_DOT}[\w-]{{2,63}}){{1,3}})",
    re.IGNORECASE,
)
_SPELT_TOP: Final = (
    r"(?:com|org|net|edu|info|io|co|me|eu|de|uk|us|ca|au|nz|ie|fr|nl|it|es|pt|pl|cz|ch|at|be|se|dk"
    r"|fi|gr|hu|ro|ru|ua|br|ar|mx|cl|in|jp|cn|kr|za|dev|app|example)\b"
)
_EMAIL_SPELT: Final = re.compile(
    r"\b\w{1,40}(?: dot \w{1,40}){0,3} (?:at|ät) (?!(?:the|this|that|an?|my|your|our)\b)[\w-]{1,63}"
    rf"(?: (?:dot|punkt) [\w-]{{1,63}}){{0,2}} (?:dot|punkt) {_SPELT_TOP}"
    r"|\b\w{1,40}(?: (?:punto|ponto|point) \w{1,40}){0,3} (?:arroba|arobase|chiocciola) [\w-]{1,63}"
    rf"(?: (?:punto|ponto|point) [\w-]{{1,63}}){{0,2}} (?:punto|ponto|point) {_SPELT_TOP}",
    re.IGNORECASE,
)

# What looks like a top-level domain but ends a file, a systemd unit or a name of the local net.
_NOT_A_TOP: Final = re.compile(
    r"png|jpe?g|gif|svg|webp|ico|js|css|html|json|ya?ml|service|socket|timer|target|mount"
    r"|device|slice|path|scope|local|lan|internal|home|localdomain",
    re.IGNORECASE,
)
_NOT_A_MAILBOX: Final = frozenset({"git", "this", "super", "return"})
# Before a bracket any other word is a call: x@w.transpose(0). Methods are called "to" and "at" too.
_TOP_BEFORE_BRACKET: Final = re.compile(
    r"(?!to|at)[a-z]{2}|com|org|net|edu|gov|mil|info|biz|name|dev|app|online|example|test|[^a-z]+",
    re.IGNORECASE,
)
_MAIL_BEFORE: Final = re.compile(
    r"(?:mail|contact|reach|write|address|schreib|adresse|kontakt|correo|courriel|escr[ií]b"
    r"|contat|[ée]cri[srv]|почт|пиши|邮箱|邮件|メール|메일)[^@\n]{0,40}$",
    re.IGNORECASE,
)
_PROVIDER: Final = re.compile(
    r"(?:g(?:oogle)?mail|hotmail|outlook|live|yahoo|gmx|icloud|proton(?:mail)?|aol|yandex|qq|163)"
    r"\.[a-z.]{2,6}|web\.de|t-online\.de|mail\.ru",
    re.IGNORECASE,
)
_NO_NAME_BEFORE_AT: Final = re.compile(
    r"me|us|him|her|them|you|it|out|here|there|is|was|are|were|be|and|or|but|also|only|posted|found"
    r"|available|more|look|see|seen|sold|work|works|working|\d+",
    re.IGNORECASE,
)


def emails(text: str) -> str:
    """Replace e-mail addresses, also ``jane (at) example (dot) org``, by ``<email>``."""
    if any(sign in text for sign in ("@", "%40", "\uff20", "\ufe6b")):
        text = _EMAIL_SPACED.sub(_spaced_mark, _EMAIL.sub(_email_mark, text))
    lowered = text.lower()
    if _MAY_BE_HIDDEN.search(lowered):
        text = _EMAIL_HIDDEN.sub("<email>", text)
    is_spelt = any(word in lowered for word in (" dot ", " punkt ", " arroba ", " arobase "))
    return _EMAIL_SPELT.sub("<email>", text) if is_spelt else text


def _email_mark(match: re.Match[str]) -> str:
    mailbox, domain, top, bracket = match.groups()
    is_package = re.match(r"v?\d+\.\d", domain) is not None
    is_call = bracket and not _TOP_BEFORE_BRACKET.fullmatch(top)
    if is_package or is_call or mailbox in _NOT_A_MAILBOX or _NOT_A_TOP.fullmatch(top):
        return match[0]
    if top.lower() == "py" and domain.count(".") == 1 and not _is_told(match):
        return match[0]  # a script; two labels, as in .com.py, are of Paraguay
    return "<email>" + bracket


def _spaced_mark(match: re.Match[str]) -> str:
    mailbox, domain = match.groups()
    if _NO_NAME_BEFORE_AT.fullmatch(mailbox):
        return match[0]
    return "<email>" if _PROVIDER.fullmatch(domain) or _is_told(match) else match[0]


def _is_told(match: re.Match[str]) -> bool:
    """Tell whether the words before speak of mail."""
    before = match.string[max(0, match.start() - 60) : match.start()]
    return _MAIL_BEFORE.search(before) is not None
