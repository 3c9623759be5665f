"""Take out of a post what its author did not newly say in prose: ``str -> str`` functions.

They work on whole lines or runs, so a sentence that stays is a substring of the post.
"""

from __future__ import annotations

import re

_ZERO_WIDTH = re.compile("[\u200b\u200c\u200d\u2060\ufeff\u00ad]")
_BBCODE_QUOTE = re.compile(r"\[quote[^\]]{0,200}\].*?\[/quote\]", re.IGNORECASE | re.DOTALL)
_BBCODE = re.compile(r"\[/?(b|i|u|s|url|img|size|color|code|list|\*)(=[^\]]{0,200})?\]", re.IGNORECASE)
_FENCE = re.compile(r"^[ \t]*(```|~~~).*?(^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_INLINE_FENCE = re.compile(r"```.*?```", re.DOTALL)
_CODE_TAG = re.compile(r"\[code\].*?\[/code\]", re.IGNORECASE | re.DOTALL)
_ATTRIBUTION = re.compile(
    r"^.{0,120}\b(wrote|writes|said|schrieb|a écrit)\s*:\s*$|^-{2,}\s*original message.*$",
    re.IGNORECASE,
)
_SIGNATURE_MARK = re.compile(r"^-- ?$", re.MULTILINE)
_SIGNATURE_LINES = 12  # more than this below the mark is no signature
_SENT_FROM = re.compile(r"^(sent from my|sent via|get outlook for)\b.*$", re.IGNORECASE | re.MULTILINE)
_MARKDOWN_LINK = re.compile(r"!?\[([^\]\n]{0,300})\]\([^)\s]{1,2000}\)")
_URL = re.compile(r"(?:https?://|www\.)\S{1,2000}", re.IGNORECASE)
_IMAGE = re.compile(r"\[(image|img|attachment|video)[^\]]{0,100}\]", re.IGNORECASE)
_CODE_SIGNS = re.compile(r"[{}();=<>\[\]|\\/_*#&$%^~+]|::|->|\d")
_WORD = re.compile(r"[^\W\d_]{2,}")
_STACK_FRAME = re.compile(r"^\s*(at [\w$.<>]+\(|File \"|#\d+ +0x|Traceback |Caused by:|\d{2}:\d{2}:\d{2}\b)")
_SPACES = re.compile(r"[ \t\u00a0]+")
_BLANK_LINES = re.compile(r"\n\s*\n\s*")


def invisible(text: str) -> str:
    """Remove zero-width characters and soft hyphens."""
    return _ZERO_WIDTH.sub("", text)


def quoted_replies(text: str) -> str:
    """Remove ``> `` lines, ``[quote]`` blocks and the "X wrote:" line above them."""
    text = _BBCODE_QUOTE.sub("\n", text)
    lines = text.split("\n")
    kept = [
        line
        for line in lines
        if not line.lstrip().startswith((">", "&gt;")) and not _ATTRIBUTION.match(line.strip())
    ]
    return "\n".join(kept)


def code(text: str) -> str:
    """Remove fenced code, ``[code]`` blocks, stack frames and lines that are mostly code."""
    text = _CODE_TAG.sub("\n", _INLINE_FENCE.sub("\n", _FENCE.sub("\n", text)))
    return "\n".join(line for line in text.split("\n") if not _is_code(line))


def signatures(text: str) -> str:
    """Remove what follows a ``-- `` line, and the adverts of mail programs."""
    marks = list(_SIGNATURE_MARK.finditer(text))
    if marks and text.count("\n", marks[-1].end()) <= _SIGNATURE_LINES:
        text = text[: marks[-1].start()]
    return _SENT_FROM.sub("", text)


def links(text: str) -> str:
    """Remove URLs and images; a link's own words stay."""
    return _IMAGE.sub(" ", _URL.sub(" ", _BBCODE.sub(" ", _MARKDOWN_LINK.sub(r"\1", text))))


def spare_space(text: str) -> str:
    """Collapse runs of blanks and of empty lines."""
    text = _BLANK_LINES.sub("\n\n", _SPACES.sub(" ", text))
    return "\n".join(line.strip() for line in text.split("\n")).strip()


def _is_code(line: str) -> bool:
    """A line with more signs and digits than words is code, a log or a table of numbers."""
    line = line.strip()
    if len(line) < 8:
        return False
    if _STACK_FRAME.match(line):
        return True
    words, signs = len(_WORD.findall(line)), len(_CODE_SIGNS.findall(line))
    ends_like_code = line.endswith((";", "{", "}", "});", "*/")) or line.startswith(("#include", "//", "$ ", "/*", "<?"))
    return signs > 2 * words or (ends_like_code and signs > words / 2)
