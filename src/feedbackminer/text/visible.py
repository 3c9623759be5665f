"""Text as it looks: without what a terminal, a page or a model would obey unseen."""

from __future__ import annotations

import re

# Controls, soft hyphens, zero-width marks but joiners (Persian, Hindi and emoji are spelt with
# them), marks and overrides of the direction of writing, and invisible letters ("tags").
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]+"
)


def visible(text: str) -> str:
    """Return a text on one line, each run of blanks and of what nobody sees as one blank."""
    return " ".join(_UNSEEN.sub(" ", text).split())
