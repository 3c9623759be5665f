"""Text as it looks: without what a terminal, a page or a model would obey unseen."""

from __future__ import annotations

import re

# Controls, and what Unicode has renderers ignore: soft hyphens, zero-width marks, marks of the
# direction of writing, fillers, invisible letters ("tags") and selectors of variants, of which a
# row can spell a text. Joiners stay, and what tells emoji from text and Mongolian letters apart.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ud800-\udfff]+"
)


def visible(text: str) -> str:
    """Return a text on one line, each run of blanks and of what nobody sees as one blank."""
    return " ".join(_UNSEEN.sub(" ", text).split())
