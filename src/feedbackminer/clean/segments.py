"""Long posts in parts: sentences, grouped, so that each part is about one thing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import dataframely as dy
import polars as pl

from feedbackminer.tables import Segments, check, column_types
from feedbackminer.text.nlp import splitter
from feedbackminer.text.words import content_hash, count_words

ENOUGH, ENOUGH_LINES = 80, 40  # words that make a part, at the end of a sentence or of a line
_LINE_END = re.compile(r"\n+")


def find_segments(texts: pl.DataFrame, *, long_words: int) -> dy.DataFrame[Segments]:
    """Return the parts of those ``texts`` that have at least ``long_words``, in order."""
    long = texts.filter(pl.col("n_words") >= long_words).select("post_id", "text")
    rows = []
    for post_id, text in long.iter_rows():
        parts = split(text)
        if len(parts) > 1:
            rows += [(post_id, n, part, content_hash("", part)) for n, part in enumerate(parts, 1)]
    frame = pl.DataFrame(rows, schema=column_types(Segments), orient="row")
    return check(frame, Segments, where="clean")


def split(text: str) -> list[str]:
    """Return parts of whole sentences, each an exact substring; a short rest joins the last."""
    breaks = [0]
    for end in _ends(text):
        enough = ENOUGH_LINES if text[end - 1] == "\n" else ENOUGH
        if count_words(text[breaks[-1] : end]) >= enough:
            breaks.append(end)
    if len(breaks) > 1 and count_words(text[breaks[-1] :]) < ENOUGH_LINES:
        breaks.pop()
    parts = [text[a:b].strip() for a, b in zip(breaks, [*breaks[1:], len(text)], strict=True)]
    return [part for part in parts if part]


def _ends(text: str) -> Iterator[int]:
    """Yield where sentences and lines end."""
    sentences = {sentence.end_char for sentence in splitter()(text).sents}
    lines = {line.end() for line in _LINE_END.finditer(text)}
    yield from sorted((sentences | lines) - {0})
