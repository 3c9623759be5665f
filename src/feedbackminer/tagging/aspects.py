"""Aspects: which component of the product a sentence, or a clause of it, is about."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

import polars as pl

from feedbackminer.tagging import lexicon
from feedbackminer.text.words import content_hash

LONGEST = 5_000  # characters read of a sentence
_SPACE = r"[\s-]{1,3}"  # "dark mode" is written "dark-mode" too
_WORD = re.compile(r"\w[\w'’-]*")
# "Nothing but", "not only ... but also" and "do it however you like" set nothing against anything.
_CONTRAST = re.compile(
    r";|(?<!nothing)(?<!anything)(?<!all)[\s,.]\s{0,3}but\b(?! also\b)|\s(?:although|whereas)\b"
    r"|,\s{0,3}(?:however|yet|though(?=\s\w))\b|\bhowever,|\band yet\b",
    re.IGNORECASE,
)
_CONCESSION = re.compile(r"\s{0,9}(?:although|though|whereas|while)\b", re.IGNORECASE)
_COMMA = re.compile(r",(?=\s)")
_ALIKE = ("ı", "\u0307", "ſ")  # in small letters, what else regular expressions hold for i or s
_EDGES = " \t\r\n,;"
_STUB = 3  # words that are not split any further
_LEAST_WORDS = 2  # of a clause
_SHORT = 8  # words of a clause that a comma alone sets against another


class Components:
    """The parts of a product, found in a sentence by their names and aliases.

    Case does not matter, nor a plural "s"; an alias ends with "*" if any ending will do
    ("sync*"). Where two aliases fit, the longer wins; where two components share one, the first.

    Attributes:
        marks: of each component, what changes with its aliases.
    """

    def __init__(self, aliases: Mapping[str, Sequence[str]]) -> None:
        pairs = [(alias.strip(), name) for name in aliases for alias in (name, *aliases[name])]
        pairs = [pair for pair in pairs if pair[0].strip("*")]
        pairs.sort(key=lambda pair: (_letter(pair[0]), -len(pair[0])))
        self._names = [name for _, name in pairs]
        self._begun_by = {alias.split()[0].removesuffix("*").lower() for alias, _ in pairs}
        by_letter = groupby((alias for alias, _ in pairs), key=_letter)
        choice = "|".join(_choice(letter, group) for letter, group in by_letter) or "(?!)"
        self._regex = re.compile(rf"(?<!\w)(?:{choice})(?!\w)", re.IGNORECASE)
        self.marks = {name: content_hash(None, "\n".join(aliases[name])) for name in aliases}

    def mentioned(self, sentence: str) -> list[str]:
        """Return the components that a sentence names, in order of first mention."""
        matches = self._regex.finditer(sentence[:LONGEST])
        return list(dict.fromkeys(self._names[(match.lastindex or 1) - 1] for match in matches))

    def candidates(self, sentences: Sequence[str]) -> list[int]:
        """Return the rows of all sentences that may name a component: a quick look at very many."""
        if not all(word.isascii() for word in self._begun_by):  # case is no matter of pairs there
            return list(range(len(sentences)))
        lower = pl.Series(sentences, dtype=pl.String).str.to_lowercase()
        return lower.str.contains_any([*self._begun_by, *_ALIKE]).arg_true().to_list()


def clauses(sentence: str) -> list[str]:
    """Split a sentence where it turns: each clause word by word, without the "but" between.

    It turns at a contrast ("but", ";"), and at a comma between two short clauses of which one
    sounds positive and the other negative.
    """
    text = sentence[:LONGEST]
    pieces = _apart(text, _turns(text))
    return [clause for piece in pieces for clause in _apart(piece, _opposed(piece))] or [sentence]


def _letter(alias: str) -> str:
    return alias[0].lower()[:1]  # "İ" is two characters when lowered


def _choice(letter: str, aliases: Iterable[str]) -> str:
    """Return a choice that one look at the letter rules out: that is five times as fast."""
    return rf"(?={re.escape(letter)})(?:{'|'.join(f'({_pattern(alias)})' for alias in aliases)})"


def _pattern(alias: str) -> str:
    words = [re.escape(word) for word in alias.removesuffix("*").split()]
    return _SPACE.join(words) + (r"\w*" if alias.endswith("*") else "s?")


def _turns(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the words begin and end that set what follows against what came before."""
    if _CONCESSION.match(text) and (comma := text.find(",")) > 0:
        yield comma, comma + 1
    yield from (match.span() for match in _CONTRAST.finditer(text))


def _opposed(text: str) -> Iterator[tuple[int, int]]:
    """Yield the commas at which the feeling of short clauses turns over."""
    if "," not in text:  # most: nothing to read twice
        return
    felt, begin = 0.0, 0
    for end in [*(match.start() for match in _COMMA.finditer(text)), len(text)]:
        part = text[begin:end]
        score = lexicon.score(part) if 1 < len(_WORD.findall(part)) <= _SHORT else 0.0
        if felt * score < 0:
            yield begin - 1, begin
        felt, begin = score or felt, end + 1


def _apart(text: str, turns: Iterable[tuple[int, int]]) -> list[str]:
    """Split a text at its turns, unless a side keeps a single word or there is little to split."""
    if not (turns := sorted(turns)):
        return [text.strip(_EDGES)] if _WORD.search(text) else []
    words = [match.start() for match in _WORD.finditer(text)]
    parts, begin, first = [], 0, 0
    for start, end in turns:
        before, after = bisect_left(words, start), bisect_left(words, end)
        left, right = before - first, len(words) - after
        if min(left, right) >= _LEAST_WORDS and len(words) - first > _STUB:
            parts.append(text[begin:start].strip(_EDGES))
            begin, first = end, after
    return [*parts, text[begin:].strip(_EDGES)] if words else []
