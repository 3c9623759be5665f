"""Parts of a sentence that can head a point: what is the matter, without where and with what.

“Can't log in on Ubuntu 14.04” is what few say; “Can't log in” is what many do, in the words of one.
So is “I cannot import it” of “I took a series of pictures but I cannot import it”.
"""

from __future__ import annotations

import re

from feedbackminer.text.headline import LONGEST, SHORTEST

MOST = 2  # of a sentence, the longest; and of what it turns to
# A clause ends before one of these. What makes another statement of it is not among them: if, when,
# but, although, unless, until, without; nor what a verb or a noun often wants: of, to, as, by.
_END = re.compile(
    r"[,;]?\s+(?=(?:on|in|with|from|for|after|since|using|at|due|under|via|inside|within|during)\b)"
    r"|\s*[,;:(]\s+|\s+[-–]\s+|\s+\(",
    re.IGNORECASE,
)
# A sentence turns here to what is the matter: "I installed it twice, but the editor stays blank".
_TURN = re.compile(
    r"[,;.]?\s+(?:but|however,?|yet|unfortunately,?)\s+(?:now\s+|then\s+|still\s+)?"
    r"(?=(?:I|we|my|our|the|there|no)\b)",
    re.IGNORECASE,
)
# What needs its end: a condition that comes first, what holds of the rest alone, two-word verbs.
_OPEN = re.compile(
    r"^\W*(?:and |but |so )?(?:if|when|whenever|while|after|before|since|once|as|although|though)\b"
    r"|\b(?:only|just|except)\b|\bno (?:problem|issue|trouble)s?\b"
    r"|n['’]t$"
    r"|\b(?:log|logged|logging|sign|signed|plug|plugged|turn|turned|switch|switched|click|built)$",
    re.IGNORECASE,
)


def clauses(sentence: str) -> list[str]:
    """Return parts of a sentence that may stand for it: beginnings, and what it turns to.

    Of beginnings the longest, the longest first; of what it turns to all of it, and the shortest.
    """
    found = _beginnings(sentence)[-MOST:][::-1]
    turns = [] if _OPEN.match(sentence) else [*_TURN.finditer(sentence)]
    if turns:
        rest = sentence[turns[-1].end() :]
        found += [rest] if SHORTEST <= len(rest.split()) <= LONGEST else []
        found += _beginnings(rest)[:MOST]
    return found


def _beginnings(sentence: str) -> list[str]:
    """Return where a sentence may end earlier, the shortest first."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    found = []
    for end in _END.finditer(sentence):
        part = sentence[: end.start()]
        words = part.split()
        is_whole = words and words[-1].lower().strip(".,:;") not in ENGLISH_STOP_WORDS
        if is_whole and SHORTEST <= len(words) <= LONGEST and not _OPEN.search(part):
            found.append(part)
    return found
