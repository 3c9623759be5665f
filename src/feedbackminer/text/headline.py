"""A sentence as a headline."""

from __future__ import annotations

import re

SHORTEST, LONGEST = 4, 25  # words of a headline
# What leads over to a headline from the sentence before, and is left out of it. Some of these
# words also belong to what is said ("so far", "well documented", "the OK button"): these go before
# a comma alone, or in a row ("and so the").
_LEAD = re.compile(
    r"(?:(?:(?:however|but|and|anyway|btw|ps)\b[\s,]+|(?:so|also|well|ok|okay|hi|hello|hey),\s+)+"
    r"(?:(?:so|also)\s+(?!far|many|much))?)?"
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
    return whole if whole.endswith("..") else whole.rstrip(" .")
