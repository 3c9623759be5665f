"""Passages as an encoder reads them: in plain letters, knowing where their sentences are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from feedbackminer.text.legible import legible
from feedbackminer.text.sentences import split


@dataclass(frozen=True)
class Passage:
    """A text in plain letters, and where each of its sentences begins and ends in it."""

    text: str
    spans: tuple[tuple[int, int], ...]


def read_passages(texts: Sequence[str]) -> Iterator[Passage]:
    """Yield each text as it is read; its sentences are those of the text as it was."""
    for text, sentences in zip(texts, split(texts), strict=True):
        yield _passage(text, sentences)


def _passage(text: str, sentences: Sequence[str]) -> Passage:
    pieces: list[str] = []
    spans: list[tuple[int, int]] = []
    length = at = 0
    for sentence in sentences:
        start = text.index(sentence, at)
        before, plain = legible(text[at:start]), legible(sentence)
        pieces += [before, plain]
        spans.append((length + len(before), length + len(before) + len(plain)))
        length = spans[-1][1]
        at = start + len(sentence)
    return Passage("".join([*pieces, legible(text[at:])]), tuple(spans))
