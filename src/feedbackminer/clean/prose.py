"""Telling sentences from what is pasted: logs, code, tables of numbers, cards of persons."""

from __future__ import annotations

import re

from feedbackminer.text.words import PSEUDONYM_PATTERN, WORD

_SENTENCE_END = re.compile(r"[^\W\d_]{2}[)\"'’”]?[ ]?[.!?…:]{1,4}[)\"'’”]?(?=\s|$)")
_WORDS_OF_A_SENTENCE = (2, 40)  # on average
_LONG_LINE = 10  # words of a line that is prose without a full stop
_CODE_SIGNS = re.compile(r"[{}();=<>\[\]|\\/_*#&$%^~+]|::|->|\d[\d.,:-]*")  # a number is one
_ANY_SIGN = re.compile(r"[{}();=<>\[\]|\\/_*#&$%^~+\d]")
# What is written in sentences too: emoticons, masked data, (a) and 1) of lists, check boxes.
_SIGNS_OF_PROSE = re.compile(
    r"[:;=8][-']?[()DPp/\\|]+(?!\w)|<3\b|\^_?\^|<(?:email|phone|address|ip|iban|card|name|id)>"
    rf"|\b{PSEUDONYM_PATTERN}\b|(?<!\w)\(?\w\)(?=\s)|\[[ xX]?\]| & |\b[A-Z]&[A-Z]\b"
)
_OF_A_STATEMENT = re.compile(r"[=<>{}|]")
_DECORATION = " #*=~_+-"  # of a heading
_AMOUNT = re.compile(  # $9.99/month, 3/5, 10 %: one number each
    r"[$€£]?\d[\d.,:]*(?:[ ]?[%€$£])?(?:[ ]?/[ ]?\d[\d.,]*|/[^\W\d_]{1,8}\b)?(?![\w({\[=])"
)
_CODE_ENDS = (";", "{", "}", "*/")
_CODE_STARTS = ("#include", "//", "$ ", "/*", "<?")
_TRACE = re.compile(
    r'at [\w$<>/]+\.[\w$.<>/]+\(|File "|#\d+ +0x|Traceback \(|Caused by: [\w$]+\.[\w$]'
)
_CLOCK = re.compile(r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?")
_BEFORE_CLOCK = 40  # characters
_BRACKETED = re.compile(r"\[[^\[\]]{0,40}\]")
_STAMP_WORD = re.compile(
    r"[A-Z]+|debug|info|warn(?:ing)?|error|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}"
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
)
_GOES_ON = re.compile(  # after a time: a sentence, not a record
    r"[\s,\])]{0,4}(?:was|were|is|are|and|or|but|when|then|it|i|we|you|he|she|they|my|our|the|this|that"
    r"|there|on|in|at|to|until|till|for|from|after|before|seems|shows|war|ist|und|als|ich|wir|am|um)"
    r"\b",
    re.IGNORECASE,
)


def is_prose(block: str) -> bool:
    """Tell whether most of a block of lines are sentences."""
    lines = [line.strip() for line in block.split("\n") if line.strip()]
    words = sum(len(WORD.findall(line)) for line in lines)
    if not words or sum(map(is_code, lines)) * 2 >= len(lines):
        return False
    ends = sum(len(_SENTENCE_END.findall(line)) for line in lines)
    shortest, longest = _WORDS_OF_A_SENTENCE
    return words >= _LONG_LINE * len(lines) or shortest * ends <= words <= longest * ends


def is_code(line: str) -> bool:
    """Tell whether a line is of a log, or has twice as many signs and numbers as words."""
    if len(line) < 8:
        return False
    if _TRACE.match(line):
        return True
    if not _ANY_SIGN.search(line):
        return False
    signs = len(_CODE_SIGNS.findall(line))
    words = len(WORD.findall(line))
    if not words or _is_record(line):
        return True
    looks_like_code = line.endswith(_CODE_ENDS) or line.startswith(_CODE_STARTS)
    if not _is_much(signs, words, looks_like_code):
        return False
    if line.startswith(_CODE_STARTS):
        return True
    plain = _AMOUNT.sub(" 1 ", _SIGNS_OF_PROSE.sub(" ", line.strip(_DECORATION)))
    if not _OF_A_STATEMENT.search(plain):
        plain = plain.replace("; ", " ")
    return _is_much(len(_CODE_SIGNS.findall(plain)), words, looks_like_code)


def _is_much(signs: int, words: int, looks_like_code: bool) -> bool:
    return signs >= max(2 * words, 1) or (looks_like_code and signs > words / 2)


def _is_record(line: str) -> bool:
    """Tell whether a line begins with a time and is no sentence."""
    clock = _CLOCK.search(line, 0, _BEFORE_CLOCK + 8) if ":" in line else None
    if not clock:
        return False
    before = _BRACKETED.sub(" ", line[: clock.start()])
    is_stamp = all(_STAMP_WORD.fullmatch(word) for word in WORD.findall(before))
    return is_stamp and not _GOES_ON.match(line, clock.end())
