"""What is counted and hashed of a text."""

from __future__ import annotations

import hashlib
import re

WORD = re.compile(r"[^\W\d_]{2,}")
PSEUDONYM_PATTERN = r"m_[a-z2-7]{10}"  # what stands for a member in texts
# Signs, for use inside [ ]: Chinese and Japanese, whose words nothing parts; and Korean too.
UNSPACED_SIGNS = r"\u3040-\u30ff\u3400-\u9fff"
EAST_ASIAN_SIGNS = rf"{UNSPACED_SIGNS}\uac00-\ud7af"
EAST_ASIAN = re.compile(f"[{EAST_ASIAN_SIGNS}]")


def count_words(text: str) -> int:
    """Count words of two letters and more; East Asian scripts count two characters a word."""
    signs = 0 if text.isascii() else len(EAST_ASIAN.findall(text))
    return (signs + 1) // 2 if signs > len(text) / 4 else len(WORD.findall(text))


def plain(text: str) -> str:
    """Return text as words are compared: whatever case and spaces they are written with."""
    return on_one_line(text).casefold()


def on_one_line(text: str) -> str:
    """Return text with one space wherever there are spaces or line breaks."""
    return " ".join(text.split())


def singular(word: str) -> str:
    """Fold a plural in small letters into its singular, well enough to see two names as one.

    The lemmatizer of a pipeline is slow, and often left out.
    """
    word = re.sub(r"ies$", "y", word)
    return re.sub(r"(?<=ch|sh|ss)es$|(?<=x)es$|(?<=[^s])s$", "", word)


def content_hash(title: str | None, text: str) -> str:
    """Hash what is read of a post, so that equal ones share a vector."""
    return hashlib.sha256(f"{title or ''}\x1f{text}".encode()).hexdigest()[:32]
