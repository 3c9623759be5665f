"""Lines that a mail program broke at some width, joined again: their sentences are whole then.

At a width every line is broken where the next word does not fit. Where no width explains most
breaks of a text, its author made them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

WIDTHS = range(50, 101)
LEAST_BREAKS = 2  # that a width explains
LEAST_SHARE = 0.5  # of the breaks that it could explain
_SET_APART = re.compile(r"\s{4}|\t|\s*(?:[-*•+>|#]|\d+[.)])\s")  # code, a table, an item of a list


def unwrapped(text: str) -> str:
    """Return a text with a space for each break that its width explains."""
    lines = text.split("\n")
    if len(lines) <= LEAST_BREAKS or not (width := _width(lines)):
        return text
    pieces = [lines[0]]
    for before, line in pairwise(lines):
        pieces += [" " if _is_full(before, line, width) else "\n", line]
    return "".join(pieces)


def _width(lines: Sequence[str]) -> int:
    """Return the width that explains most breaks of a text; 0: none explains enough of them."""
    explained = Counter(width for fits in _breaks(lines) for width in fits if width in WIDTHS)
    if not explained:
        return 0
    width, n = max(explained.items(), key=lambda item: (item[1], item[0]))
    n_breaks = sum(fits.stop > WIDTHS.start for fits in _breaks(lines))
    return width if n >= max(LEAST_BREAKS, LEAST_SHARE * n_breaks) else 0


def _breaks(lines: Sequence[str]) -> Iterator[range]:
    """Yield for each break within a paragraph the widths that explain it."""
    for before, line in pairwise(lines):
        if before.strip() and line.strip() and not _SET_APART.match(line):
            yield _explains(before, line)


def _is_full(before: str, line: str, width: int) -> bool:
    is_within = before.strip() and line.strip() and not _SET_APART.match(line)
    return bool(is_within) and width in _explains(before, line)


def _explains(before: str, line: str) -> range:
    """Return the widths at which the next word no longer fits behind a line."""
    length = len(before.rstrip())
    return range(length, length + 1 + len(line.split(maxsplit=1)[0]))
