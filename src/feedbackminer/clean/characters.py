"""Characters that are no words: entities, marks that nobody sees, emoji codes, spare space."""

from __future__ import annotations

import html
import re

ESCAPED_AT_MOST = 3  # an export that escapes an escaped text, and one more that does it again
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[A-Za-z][A-Za-z\d]{1,31});")
# Zero-width marks, soft hyphens and marks of the writing direction; joiners stay, because Persian,
# Hindi and emoji are spelt with them.
_INVISIBLE = re.compile("[\u200b\u200e\u200f\u061c\u2060\ufeff\u00ad\u202a-\u202e\u2066-\u2069]")
_EMOJI_CODE = re.compile(r"(?<![\w:])(?::[a-z+-][a-z0-9_+-]{0,40}:)+(?![\w:])")
_SPACES = re.compile(r"[ \t\u00a0]+")
_BLANK_LINES = re.compile(r"\n\s*\n\s*")


def entities(text: str) -> str:
    """Resolve HTML entities, also where they were escaped twice."""
    for _ in range(ESCAPED_AT_MOST):
        if "&" not in text:
            break
        text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    return text


def invisible(text: str) -> str:
    """Remove characters that nobody sees, and carriage returns."""
    return _INVISIBLE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def emoji_codes(text: str) -> str:
    """Remove emoji written as ``:smiley:``; their names are no words of the author."""
    return _EMOJI_CODE.sub(" ", text) if ":" in text else text


def spare_space(text: str) -> str:
    """Collapse runs of blanks and of empty lines."""
    text = _BLANK_LINES.sub("\n\n", _SPACES.sub(" ", text))
    return "\n".join(line.strip() for line in text.split("\n")).strip()
