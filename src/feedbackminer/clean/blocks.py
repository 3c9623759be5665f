"""Blocks between an opening and a closing mark: where they are, and a text without them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

Span = tuple[int, int]


def nested(text: str, tags: re.Pattern[str]) -> list[Span]:
    """Return the outermost blocks; group 1 of ``tags`` is filled where a tag closes."""
    opened: list[int] = []
    blocks: list[Span] = []
    for tag in tags.finditer(text):
        if not tag[1]:
            opened.append(tag.start())
        elif opened:
            start = opened.pop()
            while blocks and blocks[-1][0] > start:
                blocks.pop()
            blocks.append((start, tag.end()))
    return blocks


def toggled(text: str, marks: re.Pattern[str]) -> list[Span]:
    """Return blocks that a mark opens and the next one of the same name (group 1) closes."""
    opened: re.Match[str] | None = None
    blocks: list[Span] = []
    for mark in marks.finditer(text):
        if opened is None:
            opened = mark
        elif mark[1].lower() == opened[1].lower():
            blocks.append((opened.start(), mark.end()))
            opened = None
    return blocks


def without(text: str, blocks: Iterable[Span], kept: Callable[[str], str] | None = None) -> str:
    """Return the text without ``blocks``, or with what ``kept`` makes of each."""
    parts, end = [], 0
    for start, stop in blocks:
        rest = kept(text[start:stop]) if kept else ""
        parts += [text[end:start], rest] if rest else [text[end:start]]
        end = stop
    return "\n".join([*parts, text[end:]]) if parts else text
