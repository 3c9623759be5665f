"""The things to know as lines for a chat, in which community text is neither markup nor a call."""

from __future__ import annotations

import re

from feedbackminer.digest import wording
from feedbackminer.digest.views import Digest, EditionView

SHOWN = 5
LONGEST = 300  # letters of a line
# Chats differ in what they escape, and how; a letter that looks the same means nothing to any.
_LOOKALIKES = str.maketrans(
    {
        "@": "＠", "<": "‹", ">": "›", "*": "∗", "_": "＿", "`": "ˋ", "~": "∼", "|": "ǀ",
        "[": "［", "]": "］", "#": "＃", "\\": "＼", "&": "＆", "!": "ǃ",
    }
)  # fmt: skip
_INVISIBLE = re.compile(
    "[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+"
)
_NO_BREAK = "\u2060"  # joins words: nobody sees it, and no chat makes a link or a picture of them
_ISOLATE, _END = "\u2068", "\u2069"  # text from right to left turns nothing after it


def title(digest: Digest, view: EditionView | None) -> str:
    """Write what a message is of, as plain text: ``Inkwren for support: the month from …``."""
    of = f"{digest.title} for {view.edition.title.lower()}" if view else digest.title
    return one_line(f"{of}: {wording.period(digest)}")


def lines(digest: Digest, view: EditionView | None) -> list[str]:
    """Write how many wrote, and the things to know with their numbers, a line each."""
    front = (view or digest).front[:SHOWN]
    statements = [
        " · ".join(filter(None, (f"{number}. {harmless(claim.headline)}", wording.brief(claim))))
        for number, claim in enumerate(front, start=1)
    ]
    return [
        f"{wording.written(digest)}.",
        *(harmless(line) for line in digest.standing.lines()),
        *(statements or ["No statement holds yet: too few have written the like."]),
    ]


def one_line(text: str) -> str:
    """Return a text without breaks, and without what nobody sees."""
    return " ".join(_INVISIBLE.sub(" ", text).split())


def shortened(text: str, longest: int) -> str:
    """Return a text of so many letters at most."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def harmless(text: str) -> str:
    """Return community text for a chat: one line, not too long, that looks as it did.

    It calls nobody, formats nothing, leads nowhere and keeps its direction to itself.
    """
    plain = shortened(one_line(text), LONGEST).translate(_LOOKALIKES)
    # No address, with or without https://, and no :emoji:
    plain = re.sub(r"(?<=\w)\.(?=\w)", f".{_NO_BREAK}", plain)
    plain = re.sub(r":(?=[\w/+-])", f":{_NO_BREAK}", plain)
    return f"{_ISOLATE}{plain}{_END}"
