"""Signatures by hand: the same last lines in many posts of one member."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence

from feedbackminer.clean.templates import is_courtesy, line_key

FEWEST_POSTS, SHARE = 5, 1 / 3  # posts that a member ends alike, in number and of theirs
LINES = 6  # of a signature

Closings = Mapping[str, frozenset[str]]


def find_closings(texts: Sequence[str], members: Sequence[str | None]) -> Closings:
    """Return, by member, the lines with which they end many posts of more than one line."""
    endings: dict[str, list[list[str]]] = defaultdict(list)
    for text, member in zip(texts, members, strict=True):
        lines = [line for line in text.split("\n") if line]
        if member and len(lines) > 1:
            endings[member].append([line_key(line) for line in lines[1:][-LINES:]])
    found = {member: _constant(posts) for member, posts in endings.items()}
    return {member: lines for member, lines in found.items() if lines}


def without_closing(text: str, closing: Collection[str]) -> str:
    """Return a text without its last lines that are a member's ``closing``."""
    lines = text.split("\n")
    while closing and len(lines) > 1 and (not lines[-1] or line_key(lines[-1]) in closing):
        lines.pop()
    return "\n".join(lines)


def _constant(posts: list[list[str]]) -> frozenset[str]:
    least = max(FEWEST_POSTS, len(posts) * SHARE)
    if len(posts) < least:
        return frozenset()
    found: set[str] = set()
    for _ in range(LINES):
        last = Counter(lines[-1] for lines in posts if lines)
        constant = {key for key, n in last.items() if n >= least and key and not is_courtesy(key)}
        if not constant:
            break
        found |= constant
        for lines in posts:
            if lines and lines[-1] in constant:
                lines.pop()
    return frozenset(found)
