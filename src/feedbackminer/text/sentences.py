"""Sentences: where they are in a text, and which can be quoted alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from feedbackminer.text.nlp import splitter
from feedbackminer.text.words import PSEUDONYM_PATTERN, UNSPACED_SIGNS, WORD

if TYPE_CHECKING:
    from spacy.tokens import Doc

_NOT_QUOTABLE = re.compile(
    rf"<\w+>|https?:|www\.|[{{}}<>\\|=]|{PSEUDONYM_PATTERN}|\[|\]|\w_\w|\w\(\)|\w/\w+/|\.\w+:\d"
    "|[\\u202a-\\u202e\\u2066-\\u2069]"  # marks that turn the direction of what follows
)
_QUOTE_WORDS = (6, 45)
_LINE = re.compile(r"\S(?:[^\n]*\S)?")  # without the space around it
_UNSPACED = re.compile(f"[{UNSPACED_SIGNS}]")


def split(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yield the sentences of each text, exact substrings; one over several lines is several."""
    texts = list(texts)
    for text, spans in zip(texts, find_spans(texts), strict=True):
        yield [text[start:end] for start, end in spans]


def find_spans(texts: Iterable[str]) -> Iterator[list[tuple[int, int]]]:
    """Yield where the sentences of each text begin and end."""
    for doc in splitter().pipe(map(typewritten, texts), batch_size=256):
        yield list(lines(doc))


def quotable(sentence: str) -> bool:
    """Tell whether a sentence can stand alone: prose, neither a stub nor a wall, nothing masked."""
    if _NOT_QUOTABLE.search(sentence) or (
        not sentence[:1].isalnum() and sentence[:1] not in "\"'“‘+"
    ):
        return False
    if len(_UNSPACED.findall(sentence)) > 8:
        return len(sentence) <= 200
    if sentence.count('"') % 2 or sentence.count("“") != sentence.count("”"):
        return False  # half of somebody else's words
    words = WORD.findall(sentence)
    letters = sum(map(len, words))
    return _QUOTE_WORDS[0] <= len(words) <= _QUOTE_WORDS[1] and letters > 0.6 * len(sentence)


def lines(doc: Doc) -> Iterator[tuple[int, int]]:
    """Yield where each sentence begins and ends; one that runs over several lines is several."""
    text = doc.text
    for span in doc.sents:
        for line in _LINE.finditer(text, span.start_char, span.end_char):
            yield line.span()


def typewritten(text: str) -> str:
    """Return "doesn’t" as "doesn't", the only spelling that rules and lexicon know."""
    return text.replace("’", "'")
