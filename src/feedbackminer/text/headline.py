"""A sentence as a headline."""

from __future__ import annotations

import re

SHORTEST = 4  # words of a headline
# What leads over to a headline from the sentence before, and is left out of it.
_LEAD = re.compile(
    r"\W*(?:(?:however|but|and|so|also|anyway|well|ok|okay|btw|ps|hi|hello|hey)\b[\s,]+)*"
    r"(?:(?:(?:my|the|a|another|one|first|quick|main|only|other)\s)*(?:problem|question|issue)"
    r"(?: i'?m having| i have)?(?:\s*[:-]\s+|\s+(?:is|was)(?::| that)\s+))?",
    re.IGNORECASE,
)


def headline(sentence: str) -> str:
    """Return a sentence from where it says what it says: an exact part of it.

    "However, the problem is that it does not start" is "it does not start".
    """
    lead = _LEAD.match(sentence)
    rest = sentence[lead.end() :] if lead else sentence
    whole = rest if len(rest.split()) >= SHORTEST else sentence
    return whole.removesuffix(".") if not whole.endswith("..") else whole
