"""What is counted and hashed of a text."""

from __future__ import annotations

import hashlib
import re

_WORD = re.compile(r"[^\W\d_]{2,}")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def count_words(text: str) -> int:
    """Count words of two letters and more; East Asian scripts count two characters a word."""
    cjk = 0 if text.isascii() else len(_CJK.findall(text))
    return (cjk + 1) // 2 if cjk > len(text) / 4 else len(_WORD.findall(text))


def content_hash(title: str | None, text: str) -> str:
    """Hash what is read of a post, so that equal ones share a vector."""
    return hashlib.sha256(f"{title or ''}\x1f{text}".encode()).hexdigest()[:32]
