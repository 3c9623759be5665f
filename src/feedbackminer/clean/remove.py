"""Take out of a post what its author did not newly say in prose: ``str -> str`` functions.

They work on whole lines or runs, so a sentence that stays is a substring of the post. Every
pattern is bounded: hostile input costs linear time.
"""

from __future__ import annotations

import re

from feedbackminer.text.words import WORD

# Zero-width marks, soft hyphens and overrides of the writing direction; joiners stay, because
# Persian, Hindi and emoji are spelt with them.
_INVISIBLE = re.compile("[\u200b\u2060\ufeff\u00ad\u202a-\u202e\u2066-\u2069]")
_QUOTE_TAG = re.compile(r"\[(/?)quote[^\[\]]{0,200}\]", re.IGNORECASE)
_CODE_TAG = re.compile(r"\[(/?)code[^\[\]]{0,200}\]", re.IGNORECASE)
_BBCODE = re.compile(
    r"\[/?(b|i|u|s|url|img|size|color|code|list|quote|center|spoiler|\*)(=[^\]]{0,200})?\]",
    re.IGNORECASE,
)
_FENCE = re.compile(
    r"^[ \t]*(```|~~~)[^`\n]*$.*?(^[ \t]*\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)
_INLINE_FENCE = re.compile(r"```.*?```", re.DOTALL)
_ATTRIBUTION = re.compile(r".{0,120}\b(wrote|writes|said|schrieb|a écrit)\s?:", re.IGNORECASE)
_ORIGINAL_MESSAGE = re.compile(r"^-{2,9}[ \t]?original message\b", re.IGNORECASE | re.MULTILINE)
_SIGNATURE_MARK = re.compile(r"^-- ?$", re.MULTILINE)
_SIGNATURE_LINES = 12  # more than this below the mark is no signature
_SENT_FROM = re.compile(
    r"^(sent from my|sent via|get outlook for)\b.*$", re.IGNORECASE | re.MULTILINE
)
_MARKDOWN_LINK = re.compile(r"(!?)\[([^\]\n]{0,300})\]\([^)\s]{1,2000}+(?: \"[^\"\n]{0,200}\")?\)")
_URL = re.compile(
    r"<?(?:https?://|www\.)[^\s<>]{0,2000}(?<![\s.,;:!?)\]}'\"])(?:\.{3})?>?", re.IGNORECASE
)
_IMAGE = re.compile(r"\[(image|img|attachment|video)[^\]]{0,100}\]", re.IGNORECASE)
_EMOJI_CODE = re.compile(r"(?<![\w:])(?::[a-z+-][a-z0-9_+-]{0,40}:)+(?![\w:])")
_CODE_SIGNS = re.compile(r"[{}();=<>\[\]|\\/_*#&$%^~+]|::|->|\d[\d.,:-]*")  # a number is one
_LOG_LINE = re.compile(
    r"at [\w$.<>]+\(|File \"|#\d+ +0x|Traceback |Caused by:"
    r"|(?=[\[(\d]|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b)"
    r".{0,40}?\b\d\d:\d\d:\d\d\b"
)
_CODE_ENDS = (";", "{", "}", "*/")
_CODE_STARTS = ("#include", "//", "$ ", "/*", "<?")
_SPACES = re.compile(r"[ \t\u00a0]+")
_BLANK_LINES = re.compile(r"\n\s*\n\s*")


def invisible(text: str) -> str:
    """Remove characters that nobody sees, and carriage returns."""
    return _INVISIBLE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def quoted_replies(text: str) -> str:
    """Remove ``> `` lines, ``[quote]`` blocks, forwarded mails and the "X wrote:" line above."""
    original = _ORIGINAL_MESSAGE.search(text)
    text = _without_blocks(text[: original.start()] if original else text, _QUOTE_TAG)
    kept: list[str] = []
    for line in text.split("\n"):
        if not line.lstrip().startswith((">", "&gt;")):
            kept.append(line)
        elif kept and _ATTRIBUTION.fullmatch(kept[-1].strip()):
            kept.pop()
    return "\n".join(kept)


def code(text: str) -> str:
    """Remove fenced code, ``[code]`` blocks, log lines and lines that are mostly code."""
    text = _INLINE_FENCE.sub("\n", _FENCE.sub("\n", _without_blocks(text, _CODE_TAG)))
    return "\n".join(line for line in text.split("\n") if not _is_code(line.strip()))


def signatures(text: str) -> str:
    """Remove what follows a ``-- `` line, and the adverts of mail programs."""
    marks = list(_SIGNATURE_MARK.finditer(text))
    if marks and text.count("\n", marks[-1].end()) <= _SIGNATURE_LINES:
        text = text[: marks[-1].start()]
    return _SENT_FROM.sub("", text)


def links(text: str) -> str:
    """Remove URLs and images; a link's own words stay."""
    text = _MARKDOWN_LINK.sub(lambda link: " " if link[1] else link[2], text)
    return _IMAGE.sub(" ", _URL.sub(" ", _BBCODE.sub(" ", text)))


def emoji_codes(text: str) -> str:
    """Remove emoji written as ``:smiley:``; their names are no words of the author."""
    return _EMOJI_CODE.sub(" ", text)


def spare_space(text: str) -> str:
    """Collapse runs of blanks and of empty lines."""
    text = _BLANK_LINES.sub("\n\n", _SPACES.sub(" ", text))
    return "\n".join(line.strip() for line in text.split("\n")).strip()


def _without_blocks(text: str, tags: re.Pattern[str]) -> str:
    """Remove what stands between a tag and its closing tag, blocks inside blocks included."""
    opened: list[int] = []
    blocks: list[tuple[int, int]] = []
    for tag in tags.finditer(text):
        if not tag[1]:
            opened.append(tag.start())
        elif opened:
            start = opened.pop()
            while blocks and blocks[-1][0] > start:
                blocks.pop()
            blocks.append((start, tag.end()))
    ends = [0, *(end for _, end in blocks)]
    starts = [*(start for start, _ in blocks), len(text)]
    return "\n".join(text[end:start] for end, start in zip(ends, starts, strict=True))


def _is_code(line: str) -> bool:
    """A line with twice as many signs and numbers as words is code, a log or a table of numbers."""
    if len(line) < 8:
        return False
    if _LOG_LINE.match(line):
        return True
    words, signs = len(WORD.findall(line)), len(_CODE_SIGNS.findall(line))
    looks_like_code = line.endswith(_CODE_ENDS) or line.startswith(_CODE_STARTS)
    return signs >= max(2 * words, 1) or (looks_like_code and signs > words / 2)
