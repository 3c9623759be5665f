"""Texts as models can read them: emoji by name, letters and apostrophes in their plain form."""

from __future__ import annotations

import re
import unicodedata

# Letters of other alphabets that are drawn like Latin ones, as hurried or sly hands mix them in.
_LOOKALIKES = str.maketrans("аеорсухіјѕԁԛԝАВЕКМНОРСТХІЈЅοΟαΑ", "aeopcyxijsdqwABEKMHOPCTXIJSoOaA")
_MIXED = re.compile(
    r"[^\W\d_]*(?:[A-Za-z][\u0370-\u04ff\u0500-\u052f]|[\u0370-\u052f][A-Za-z])[^\W\d_]*"
)
_WIDE = re.compile("[\uff01-\uff5e\U0001d400-\U0001d7ff]+")
_EMOJI = re.compile("[\u2600-\u27bf\u2b50\u2b55\U0001f300-\U0001faff]")
_JOINERS = re.compile("[\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")  # and shades of skin
_APOSTROPHES = str.maketrans("’‘´", "'''")


def legible(text: str) -> str:
    """Return a text in plain letters, each emoji spelt out: "😭" is "loudly crying face".

    Encoders and lexicons know words; of most emoji, wide letters and look-alikes they know nothing.
    """
    if text.isascii():
        return text
    plain = _WIDE.sub(_narrow, text.translate(_APOSTROPHES))
    plain = _MIXED.sub(lambda word: word[0].translate(_LOOKALIKES), plain)
    return _EMOJI.sub(_name, _JOINERS.sub("", plain))


def _narrow(letters: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", letters[0])


def _name(emoji: re.Match[str]) -> str:
    return f" {unicodedata.name(emoji[0], '').lower()} "
