"""Lines that a mail program broke at some width, joined again: their sentences are whole then.

At a width every line is broken where the next word does not fit. Where no width explains most
breaks of a text, its author made them; so too where lines begin with capitals, as those of lists
do. Scripts without small letters are left as they are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

WIDTHS = range(50, 101)
LEAST_BREAKS = 2  # that a width explains
LEAST_SHARE = 0.5  # of the breaks that some width could explain
LEAST_SMALL = 0.5  # of the lines behind them that begin with a small letter
_ITEM = re.compile(r"(?:[-*•+>|#]|\d+[.)])\s")
_NONE = range(0)


def unwrapped(text: str) -> str:
    """Return a text with a space for each break that its width explains."""
    lines = text.split("\n")
    breaks = [_explained_by(before, line) for before, line in pairwise(lines)]
    width = _width(lines, breaks)
    if not width:
        return text
    pieces = [lines[0]]
    for widths, line in zip(breaks, lines[1:], strict=True):
        pieces += [" " if width in widths else "\n", line]
    return "".join(pieces)


def _explained_by(before: str, line: str) -> range:
    """Return the widths at which the next word no longer fits behind a line."""
    if not before.strip() or not line.strip() or _ITEM.match(line):
        return _NONE
    length = len(before.rstrip())
    return range(length, length + 1 + len(line.split(maxsplit=1)[0]))


def _width(lines: Sequence[str], breaks: Sequence[range]) -> int:
    """Return the width that explains most breaks of a text; 0: none explains enough of them."""
    explained = Counter(
        width
        for widths in breaks
        for width in range(max(widths.start, WIDTHS.start), min(widths.stop, WIDTHS.stop))
    )
    if not explained:
        return 0
    width, n = max(explained.items(), key=lambda item: (item[1], item[0]))
    n_breaks = sum(widths.stop > WIDTHS.start for widths in breaks)
    n_small = sum(
        width in widths and line.lstrip()[0].islower()
        for widths, line in zip(breaks, lines[1:], strict=True)
    )
    is_wrapped = n >= max(LEAST_BREAKS, LEAST_SHARE * n_breaks) and n_small >= LEAST_SMALL * n
    return width if is_wrapped else 0
